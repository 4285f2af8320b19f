import { createUnabortedSignal } from '../../abort.ts';
import { ignoreError } from '../../errors.ts';
import type { RetryOptions } from '../../options.ts';
import type { CheckpointStore } from '../../ports.ts';
import { resolveRetry } from '../../resolve-options.ts';
import type { RunPorts } from '../run-context.ts';
import { requestAbort } from './discard-upload.ts';
import { loadCheckpoint } from './unfinished-uploads.ts';

/** The ports of {@link abortUnfinishedUpload}. */
export interface AbortPorts extends Pick<RunPorts, 'controlPlane' | 'clock' | 'random'> {
  /** The store that has the checkpoint. */
  readonly checkpoints: CheckpointStore;
}

/** Options of {@link abortUnfinishedUpload}. */
export interface AbortUnfinishedUploadOptions {
  /** How often a transient failure of the abort is retried. Default: the defaults of its fields. */
  readonly retry?: RetryOptions | undefined;
  /** Ends the retries: the promise rejects with the signal's reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Aborts the upload of a checkpoint until OSS does not know it any more, and then removes the checkpoint. If
 * the coordinator no longer accepts its upload token, or the checkpoint cannot be read, only the checkpoint
 * is removed. Resolves also when there is no such checkpoint. Rejects with code `upload_locked` while another
 * process works on the upload, and with the error of a failed abort, after which the checkpoint is still
 * there.
 */
export async function abortUnfinishedUpload(
  { checkpoints, ...ports }: AbortPorts,
  id: string,
  { retry, signal = createUnabortedSignal() }: AbortUnfinishedUploadOptions = {},
): Promise<void> {
  if ((await checkpoints.load(id)) === undefined) return;
  const lease = await checkpoints.lock(id);
  try {
    // Loaded under the lock: another process may have completed the upload meanwhile.
    const checkpoint = await loadCheckpoint(checkpoints, id);
    const run = { ports, options: { retry: resolveRetry(retry) }, emit: () => undefined };
    if (checkpoint !== undefined)
      await requestAbort(run, checkpoint.upload, signal).catch(ignoreError('token_refused'));
    await checkpoints.remove(id);
  } finally {
    await lease.release();
  }
}
