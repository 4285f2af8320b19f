import { expect, test } from 'vitest';
import { createVirtualClock } from '../../testing/virtual-clock.ts';
import { createInMemoryCounterStore } from './counter-store.ts';

test('a counter expires after its lifetime, measured from the first increment', async () => {
  const clock = createVirtualClock(0);
  const { increment } = createInMemoryCounterStore(clock);
  expect(await increment('urls', 2, 1000)).toBe(2);
  clock.advance(999);
  expect(await increment('urls', 3, 1000)).toBe(5);
  clock.advance(1);
  expect(await increment('urls', 0, 1000)).toBe(0);
});

test('above 100,000 counters an increment removes the oldest one, a read removes none', async () => {
  const { increment } = createInMemoryCounterStore(createVirtualClock(0));
  for (let n = 0; n < 100_000; n++) await increment(`upload ${n}`, 1, 1000);
  expect(await increment('unknown', 0, 1000)).toBe(0);
  expect(await increment('upload 0', 0, 1000)).toBe(1);
  await increment('one more', 1, 1000);
  expect(await increment('upload 0', 0, 1000)).toBe(0);
  expect(await increment('upload 1', 0, 1000)).toBe(1);
  expect(await increment('one more', 0, 1000)).toBe(1);
});

test('a member counts once in its group, until it is removed or expires', async () => {
  const clock = createVirtualClock(0);
  const { addMember, removeMember } = createInMemoryCounterStore(clock);
  expect(await addMember('wei', 'a', 1000)).toBe(1);
  expect(await addMember('wei', 'a', 1000)).toBe(1);
  expect(await addMember('wei', 'b', 2000)).toBe(2);
  await removeMember('wei', 'b');
  expect(await addMember('wei', 'c', 2000)).toBe(2);
  clock.advance(1000);
  expect(await addMember('wei', 'c', 2000)).toBe(1);
});
