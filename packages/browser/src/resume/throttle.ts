/** Runs an action at most once per interval. */
export interface Throttle {
  /** Runs at once if the last run was at least one interval ago, otherwise when the interval has passed. */
  request(): void;
  /** Runs at once. */
  runNow(): void;
}

export function createThrottle(intervalMs: number, run: () => void): Throttle {
  let lastAt = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function runNow(): void {
    clearTimeout(timer);
    timer = undefined;
    lastAt = performance.now();
    run();
  }

  return {
    request() {
      if (timer !== undefined) return;
      const delayMs = lastAt + intervalMs - performance.now();
      if (delayMs <= 0) runNow();
      else timer = setTimeout(runNow, delayMs);
    },
    runNow,
  };
}
