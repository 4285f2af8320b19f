import type { Clock, Random } from '../ports.ts';

/** A clock whose time moves only when told to. */
export interface VirtualClock extends Clock {
  /** Jumps to the next sleeper's instant and wakes it. False when nobody sleeps. */
  wakeNext(): boolean;
  /** Moves on without waking anybody whose instant has not come. */
  advance(ms: number): void;
  /** Jumps as a machine does that was asleep: whoever should have woken meanwhile does afterwards. */
  oversleep(ms: number): void;
  readonly sleeperCount: number;
}

/**
 * Starts at `startAt` ms since the epoch. Sleepers of one instant wake in the order in which they fell
 * asleep.
 */
export function createVirtualClock(startAt: number): VirtualClock {
  let now = startAt;
  const sleepers = new Set<Sleeper>();

  function wake(sleeper: Sleeper): void {
    now = Math.max(now, sleeper.wakeAt);
    sleepers.delete(sleeper);
    sleeper.wake();
  }

  function next(): Sleeper | undefined {
    return [...sleepers].reduce<Sleeper | undefined>(
      (first, sleeper) => (first === undefined || sleeper.wakeAt < first.wakeAt ? sleeper : first),
      undefined,
    );
  }

  return {
    now: () => now,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const onAbort = (): void => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        };
        const sleeper: Sleeper = {
          wakeAt: now + ms,
          wake() {
            signal.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        signal.addEventListener('abort', onAbort, { once: true });
        sleepers.add(sleeper);
      });
    },
    wakeNext() {
      const sleeper = next();
      if (sleeper !== undefined) wake(sleeper);
      return sleeper !== undefined;
    },
    advance(ms) {
      const until = now + ms;
      for (let sleeper = next(); sleeper !== undefined && sleeper.wakeAt <= until; sleeper = next())
        wake(sleeper);
      now = until;
    },
    oversleep(ms) {
      now += ms;
    },
    get sleeperCount() {
      return sleepers.size;
    },
  };
}

interface Sleeper {
  readonly wakeAt: number;
  wake(): void;
}

/** Chance that repeats itself: the same seed gives the same numbers (mulberry32). */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}
