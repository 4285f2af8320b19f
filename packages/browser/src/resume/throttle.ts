/** Something that is done now and then, however often it is asked for. */
export interface Throttle {
  /** At once when it was last done `everyMs` ago or more, else when that time has come. */
  ask(): void;
  /** At once. */
  now(): void;
  /** What was asked for and not yet done is not done any more. */
  cancel(): void;
}

export function createThrottle(everyMs: number, act: () => void): Throttle {
  let lastAt = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function cancel(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  function now(): void {
    cancel();
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
    cancel,
  };
}
