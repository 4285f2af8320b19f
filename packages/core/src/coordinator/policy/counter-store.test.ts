import { expect, test } from 'vitest';
import { createVirtualClock } from '../../testing/virtual-clock.ts';
import { createInMemoryTallies } from './counter-store.ts';

test('a count is forgotten when its life is over, counted from its first addition', async () => {
  const clock = createVirtualClock(0);
  const { add } = createInMemoryTallies(clock);
  expect(await add('urls', 2, 1000)).toBe(2);
  clock.advance(999);
  expect(await add('urls', 3, 1000)).toBe(5);
  clock.advance(1);
  expect(await add('urls', 0, 1000)).toBe(0);
});

test('of more than 100,000 counts the oldest are forgotten, and reading forgets none', async () => {
  const { add } = createInMemoryTallies(createVirtualClock(0));
  for (let n = 0; n < 100_000; n++) await add(`upload ${n}`, 1, 1000);
  expect(await add('unknown', 0, 1000)).toBe(0);
  expect(await add('upload 0', 0, 1000)).toBe(1);
  await add('one more', 1, 1000);
  expect(await add('upload 0', 0, 1000)).toBe(0);
  expect(await add('upload 1', 0, 1000)).toBe(1);
  expect(await add('one more', 0, 1000)).toBe(1);
});

test('a member of a group counts once, until it leaves or its life is over', async () => {
  const clock = createVirtualClock(0);
  const { join, leave } = createInMemoryTallies(clock);
  expect(await join('wei', 'a', 1000)).toBe(1);
  expect(await join('wei', 'a', 1000)).toBe(1);
  expect(await join('wei', 'b', 2000)).toBe(2);
  await leave('wei', 'b');
  expect(await join('wei', 'c', 2000)).toBe(2);
  clock.advance(1000);
  expect(await join('wei', 'c', 2000)).toBe(1);
});
