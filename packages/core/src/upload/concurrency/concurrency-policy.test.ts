import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  afterRound,
  afterWindow,
  CONCURRENCY_START,
  type ConcurrencyState,
  startConcurrency,
} from './concurrency-policy.ts';

const MIB = 1024 ** 2;
const window = (mib: number) => ({ durationMs: 1000, sentBytes: mib * MIB });
const windows = (state: ConcurrencyState, ...mibs: number[]): ConcurrencyState =>
  mibs.map(window).reduce(afterWindow, state);
const calm = { attempts: 32, pushedBack: 0 };
const settled = windows(startConcurrency(32), 4, 4, 4, 4);

test('concurrency starts with 16, or with the maximum if that is lower', () => {
  expect(startConcurrency(32).concurrency).toBe(CONCURRENCY_START);
  expect(startConcurrency(6).concurrency).toBe(6);
});

test('concurrency doubles while connections carry little and the last doubling gained a quarter', () => {
  expect(windows(startConcurrency(64), 4).concurrency).toBe(16);
  expect(windows(startConcurrency(64), 4, 4).concurrency).toBe(32);
  expect(windows(startConcurrency(64), 4, 4, 5.1, 5.1).concurrency).toBe(64);
  expect(windows(startConcurrency(64), 4, 4, 5, 4.9).concurrency).toBe(32);
  expect(windows(startConcurrency(40), 4, 4, 8, 8).concurrency).toBe(40);
});

test('unsteady goodput changes nothing', () => {
  const growing = windows(startConcurrency(64), 0.5, 1.1, 2.5, 5.5, 12);
  expect(growing.concurrency).toBe(16);
  expect(windows(growing, 2, 9, 1, 6).concurrency).toBe(16);
  expect(windows(growing, 11).concurrency).toBe(32);
});

test('connections that carry very much are halved, down to eight', () => {
  expect(windows(startConcurrency(32), 330, 330).concurrency).toBe(8);
  expect(windows(startConcurrency(32), 330, 330, 330, 330).concurrency).toBe(8);
  expect(windows(startConcurrency(4), 330, 330).concurrency).toBe(4);
});

test('connections that carry much are kept, until they carry little', () => {
  const busy = windows(startConcurrency(64), 13, 13, 13, 13);
  expect(busy.concurrency).toBe(16);
  expect(windows(busy, 4, 4).concurrency).toBe(32);
});

test('a doubling without gain is the last one, and is kept', () => {
  expect(windows(settled, 1, 1, 40, 1).concurrency).toBe(32);
  expect(Array.from({ length: 200 }, () => calm).reduce(afterRound, settled).concurrency).toBe(32);
});

test('pushback reduces concurrency by its share, by half at most', () => {
  expect(afterRound(settled, { attempts: 32, pushedBack: 8 }).concurrency).toBe(24);
  expect(afterRound(settled, { attempts: 32, pushedBack: 30 }).concurrency).toBe(16);
  expect(afterRound(startConcurrency(1), { attempts: 8, pushedBack: 8 }).concurrency).toBe(1);
});

test('single failures reduce nothing', () => {
  expect(afterRound(settled, { attempts: 32, pushedBack: 4 }).concurrency).toBe(32);
  expect(afterRound({ ...settled, concurrency: 2 }, { attempts: 8, pushedBack: 1 }).concurrency).toBe(2);
});

test('without pushback concurrency returns one by one to the ceiling, which rises only after many rounds', () => {
  const down = afterRound(settled, { attempts: 32, pushedBack: 16 });
  const rounds = (count: number): number =>
    Array.from({ length: count }, () => calm).reduce(afterRound, down).concurrency;
  expect([rounds(0), rounds(1), rounds(15), rounds(16), rounds(30)]).toEqual([16, 17, 31, 31, 31]);
  expect(rounds(32)).toBe(32);
  expect(rounds(500)).toBe(32);
});

test('after pushback there is no more doubling', () => {
  const down = afterRound(startConcurrency(64), { attempts: 16, pushedBack: 8 });
  expect(windows(down, 1, 1, 1, 1).concurrency).toBe(8);
});

test('concurrency stays between 1 and the maximum', () => {
  const samples = fc.oneof(
    fc.record({ durationMs: fc.integer({ min: 1, max: 60_000 }), sentBytes: fc.nat() }),
    fc
      .integer({ min: 1, max: 64 })
      .chain((attempts) =>
        fc.record({ attempts: fc.constant(attempts), pushedBack: fc.nat({ max: attempts }) }),
      ),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.array(samples, { maxLength: 60 }), (max, list) => {
      let state = startConcurrency(max);
      for (const sample of list) {
        state = 'attempts' in sample ? afterRound(state, sample) : afterWindow(state, sample);
        expect(state.concurrency).toBeGreaterThanOrEqual(1);
        expect(state.concurrency).toBeLessThanOrEqual(max);
        expect(Number.isInteger(state.concurrency)).toBe(true);
      }
    }),
  );
});
