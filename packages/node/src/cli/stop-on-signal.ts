import { type Upload, UploadError, type UploadedObject } from '@partway/core';
import { EXIT } from './exit-code.ts';

export type StopSignal = 'SIGINT' | 'SIGTERM';

export interface StopOptions {
  /** Whether another process can resume the upload. Otherwise it is removed. */
  readonly isResumable: boolean;
  /** Clears the progress line before a message is printed. */
  readonly quiet: () => void;
}

/**
 * Lets the first Ctrl-C or SIGTERM pause the upload, or abort it. A second signal ends the process at once.
 * Resolves with the object when the upload is done, or with the signal when all traffic has stopped for it.
 * Rejects when the upload fails by itself.
 */
export async function untilStopped(
  upload: Upload,
  { isResumable, quiet }: StopOptions,
): Promise<UploadedObject | StopSignal> {
  let stoppedBy: StopSignal | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stoppedBy !== undefined) process.exit(EXIT[signal]);
      stoppedBy = signal;
      quiet();
      console.error(
        `partway: ${isResumable ? 'pausing' : 'removing what was sent'}; once more ends it at once`,
      );
      if (isResumable) upload.pause();
      else upload.abort();
    });
  }
  const paused = new Promise<StopSignal>((resolve) => {
    upload.subscribe(({ type }) => {
      if (type === 'paused' && stoppedBy !== undefined) resolve(stoppedBy);
    });
  });
  const ended = upload.result.catch((reason: unknown) => {
    // After Complete was sent the upload is not aborted, and succeeds.
    if (stoppedBy !== undefined && UploadError.from(reason).code === 'aborted') return stoppedBy;
    throw reason;
  });
  return Promise.race([ended, paused]);
}
