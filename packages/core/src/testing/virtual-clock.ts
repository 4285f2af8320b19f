import type { Clock, Random } from '../ports.ts';

/** A clock that moves only by its methods. */
export interface VirtualClock extends Clock {
  /** Jumps to the time of the next sleeper and wakes it. Returns false when there is none. */
  wakeNext(): boolean;
  /** Moves by `ms` and wakes all sleepers up to that time, in order. */
  advance(ms: number): void;
  /**
   * Jumps by `ms` like a machine that slept: sleepers of the skipped time stay asleep until the next wake.
   */
  jump(ms: number): void;
  /** The number of pending `sleep` calls. */
  readonly sleeperCount: number;
}

/**
 * Starts at `startAt` ms since the epoch. Sleepers of the same time wake in the order of their `sleep` calls.
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
    jump(ms) {
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

/** Repeatable random numbers: the same seed gives the same sequence (mulberry32). */
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
