import { type Upload, UploadError, type UploadedObject } from '@partway/core';
import { EXIT } from './exit-code.ts';

export type StopSignal = 'SIGINT' | 'SIGTERM';

export interface StopOptions {
  /** Whether another process can resume the upload. Otherwise it is removed. */
  readonly isResumable: boolean;
  /** Ends the progress before a message is printed. */
  readonly endProgress: () => void;
}

/**
 * Pauses the upload on the first Ctrl-C or SIGTERM, or aborts it if it cannot be resumed. A second signal
 * ends the process at once. Resolves with the object when the upload is complete, or with the signal when the
 * upload is paused or aborted. Rejects when the upload fails.
 */
export async function waitForResultOrSignal(
  upload: Upload,
  { isResumable, endProgress }: StopOptions,
): Promise<UploadedObject | StopSignal> {
  let stoppedBy: StopSignal | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stoppedBy !== undefined) process.exit(EXIT[signal]);
      stoppedBy = signal;
      endProgress();
      console.error(
        `partway: ${isResumable ? 'pausing' : 'removing the sent parts'}; a second signal exits at once`,
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
