import type { OssClock } from '../types.ts';

/** A clock that can be set forward, and back. */
export interface JumpingClock extends OssClock {
  advance(ms: number): void;
  /** Acts once so much time has passed, be it by a jump. Returns what calls it off. */
  after(ms: number, act: () => void): () => void;
}

export function jumpingClock(base: OssClock): JumpingClock {
  const waiting = new Set<() => void>();
  let offset = 0;
  const now = (): number => base.now() + offset;
  return {
    now,
    advance(ms) {
      offset += ms;
      for (const look of [...waiting]) look();
    },
    after(ms, act) {
      const dueAt = now() + ms;
      const end = (): void => {
        clearTimeout(timer);
        waiting.delete(look);
      };
      const fire = (): void => {
        end();
        act();
      };
      const look = (): void => {
        if (now() >= dueAt) fire();
      };
      const timer = setTimeout(fire, ms);
      timer.unref();
      waiting.add(look);
      return end;
    },
  };
}
