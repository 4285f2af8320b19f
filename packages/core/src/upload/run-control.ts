import { isAborted, PAUSED } from '../abort.ts';
import { UploadError } from '../errors.ts';
import type { UploadedObject } from '../ports.ts';
import { abortOrphanedUploads } from './checkpoints/discard-upload.ts';
import { type Budget, NO_PERMIT } from './concurrency/budget.ts';
import type { UploadRun, UploadRunner } from './run-context.ts';

/** How a caller pauses, resumes and aborts an upload. */
export interface RunControl {
  /** The signal of the run that starts now. */
  signal(): AbortSignal;
  pause(): void;
  resume(): void;
  /** For good. After a pause one more run starts, and stops as soon as it has found what is to be removed. */
  abort(error: Error): void;
  /** Resolves when the pause ends, by a resume or by an abort. */
  resumed(): Promise<void>;
}

export function createRunControl(): RunControl {
  let controller = new AbortController();
  let aborted: Error | undefined;
  let endPause: (() => void) | undefined;

  function isPaused(): boolean {
    return controller.signal.reason === PAUSED;
  }

  function resume(): void {
    if (isPaused()) controller = new AbortController();
    endPause?.();
    endPause = undefined;
  }

  return {
    signal() {
      if (aborted !== undefined) controller.abort(aborted);
      return controller.signal;
    },
    pause() {
      if (!controller.signal.aborted) controller.abort(PAUSED);
    },
    resume,
    abort(error) {
      aborted ??= error;
      if (isPaused()) resume();
      else controller.abort(error);
    },
    resumed() {
      if (!isPaused()) return Promise.resolve();
      return new Promise((resolve) => {
        endPause = resolve;
      });
    },
  };
}

/** The part of a run that all runs of an upload share. */
export type SharedRun = Omit<UploadRun, 'signal' | 'permit'>;

/**
 * Runs the upload, and after each pause again, until it has an object or an error. Emits which of them.
 * `isCompleting`: Complete was sent, and OSS carries it out even after an abort.
 */
export async function runUntilSettled(
  shared: SharedRun,
  runner: UploadRunner,
  control: RunControl,
  isCompleting: () => boolean,
): Promise<UploadedObject> {
  try {
    const object = await runAfterEachPause(shared, runner, control, isCompleting);
    shared.emit({ type: 'completed', object });
    return object;
  } catch (reason) {
    const error = UploadError.from(reason);
    shared.emit({ type: 'failed', error });
    throw error;
  }
}

/** A run after a pause resumes the upload that an earlier run has started, also with `resume: false`. */
async function runAfterEachPause(
  shared: SharedRun,
  runner: UploadRunner,
  control: RunControl,
  isCompleting: () => boolean,
): Promise<UploadedObject> {
  for (let { options } = shared; ; options = { ...options, resume: true }) {
    const signal = control.signal();
    const wasAborted = isAborted(signal);
    const run = { ...shared, options, signal, permit: NO_PERMIT };
    try {
      return await runner(run);
    } catch (reason) {
      if (reason !== PAUSED) {
        const isSent = isCompleting();
        // canary: orphaned-upload
        const isRemoved = (await abortOrphanedUploads(run, isSent)) && isAborted(signal) && !isSent;
        // An abort is the error that the caller expects, not a failure on the way to it.
        throw wasAborted || isRemoved ? signal.reason : reason;
      }
      shared.emit({ type: 'paused' });
      await control.resumed();
      shared.emit({ type: 'resumed' });
    }
  }
}

/** Each run waits for a permit of the budget. A paused upload holds none. */
export function withPermits(runner: UploadRunner, budget: Budget): UploadRunner {
  return async (run) => {
    const permit = await budget.acquire(run.signal).catch((reason: unknown) => {
      // Abort does not wait for a permit: parts of an earlier run are removed at once.
      if (reason === PAUSED || run.checkpoints.known().length === 0) throw reason;
      return NO_PERMIT;
    });
    try {
      return await runner({ ...run, permit });
    } finally {
      permit.release();
    }
  };
}
