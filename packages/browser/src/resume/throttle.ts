/** Something that is done now and then, however often it is asked for. */
export interface Throttle {
  /** At once when it was last done `everyMs` ago or more, else when that time has come. */
  ask(): void;
  /** At once. */
  now(): void;
}

export function createThrottle(everyMs: number, act: () => void): Throttle {
  let lastAt = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function now(): void {
    clearTimeout(timer);
    timer = undefined;
    lastAt = performance.now();
    act();
  }

  return {
    ask() {
      if (timer !== undefined) return;
      const waitMs = lastAt + everyMs - performance.now();
      if (waitMs <= 0) now();
      else timer = setTimeout(now, waitMs);
    },
    now,
  };
}
