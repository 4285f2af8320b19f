import type { OssClock } from './types.ts';

/** A clock that can be moved forward and back. */
export interface AdjustableClock extends OssClock {
  /** Moves the clock by `ms`; a negative number moves it back. */
  advance(ms: number): void;
  /** Calls `callback` once, after `ms` of real time or of moved time. Returns a function that cancels it. */
  schedule(ms: number, callback: () => void): () => void;
}

export function createAdjustableClock(base: OssClock): AdjustableClock {
  const timers = new Set<() => void>();
  let offset = 0;
  const now = (): number => base.now() + offset;
  return {
    now,
    advance(ms) {
      offset += ms;
      for (const fireIfDue of [...timers]) fireIfDue();
    },
    schedule(ms, callback) {
      const dueAt = now() + ms;
      const cancel = (): void => {
        clearTimeout(timer);
        timers.delete(fireIfDue);
      };
      const fire = (): void => {
        cancel();
        callback();
      };
      const fireIfDue = (): void => {
        if (now() >= dueAt) fire();
      };
      const timer = setTimeout(fire, ms);
      timer.unref();
      timers.add(fireIfDue);
      return cancel;
    },
  };
}
