import { expect, test } from 'vitest';
import { createInMemoryTallies } from './tallies.ts';

function counting() {
  let now = 0;
  const tallies = createInMemoryTallies({ now: () => now });
  function pass(ms: number): void {
    now += ms;
  }
  return { tallies, pass };
}

test('a count lives as long as was said when it was first added to', async () => {
  const { tallies, pass } = counting();
  expect(await tallies.add('a', 2, 100)).toBe(2);
  pass(99);
  expect(await tallies.add('a', 3, 100)).toBe(5);
  expect(await tallies.add('a', 0, 100)).toBe(5);
  pass(1);
  expect(await tallies.add('a', 0, 100)).toBe(0);
});

test('a group counts its members once, until they leave or their time is over', async () => {
  const { tallies, pass } = counting();
  expect(await tallies.join('g', 'x', 100)).toBe(1);
  expect(await tallies.join('g', 'x', 100)).toBe(1);
  pass(50);
  expect(await tallies.join('g', 'y', 100)).toBe(2);
  pass(50);
  expect(await tallies.join('g', 'z', 100)).toBe(2);
  await tallies.leave('g', 'y');
  await tallies.leave('h', 'y');
  expect(await tallies.join('g', 'z', 100)).toBe(1);
});

test('what nobody asks for any more does not pile up', async () => {
  const { tallies } = counting();
  for (let number = 0; number < 100_001; number++) await tallies.add(String(number), 1, 1000);
  expect(await tallies.add('0', 0, 1000)).toBe(0);
  expect(await tallies.add('1', 0, 1000)).toBe(1);
});
