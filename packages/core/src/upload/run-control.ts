import { PAUSED } from '../abort.ts';

/** How a caller stops an upload, and lets it go on. */
export interface Stops {
  /** The signal of the walk that begins now. */
  signal(): AbortSignal;
  pause(): void;
  resume(): void;
  /** For good: the walk begun after a pause is stopped as soon as it has found what there is to remove. */
  abort(error: Error): void;
  /** Resolves when the pause is over, by a resume or by an abort. */
  resumed(): Promise<void>;
}

export function createStops(): Stops {
  let walk = new AbortController();
  let aborted: Error | undefined;
  let wake: (() => void) | undefined;

  function isPaused(): boolean {
    return walk.signal.reason === PAUSED;
  }

  function goOn(): void {
    if (isPaused()) walk = new AbortController();
    wake?.();
    wake = undefined;
  }

  return {
    signal() {
      if (aborted !== undefined) walk.abort(aborted);
      return walk.signal;
    },
    pause() {
      if (!walk.signal.aborted) walk.abort(PAUSED);
    },
    resume: goOn,
    abort(error) {
      aborted ??= error;
      if (isPaused()) goOn();
      else walk.abort(error);
    },
    resumed() {
      if (!isPaused()) return Promise.resolve();
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
  };
}
