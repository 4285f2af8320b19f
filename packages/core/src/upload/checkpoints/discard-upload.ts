import { createUnabortedSignal, isAborted } from '../../abort.ts';
import { UploadError } from '../../errors.ts';
import type { InitiatedUpload } from '../../ports.ts';
import { callControlPlane, type RetryContext } from '../resilience/retry.ts';
import type { RunPorts, UploadRun } from '../run-context.ts';
import { decodeCheckpoint } from './checkpoint.ts';

/**
 * Aborts an upload, so that no parts remain that OSS bills, and then removes its checkpoint. Runs to its end
 * even after the caller has aborted. Emits a failure and does not throw it: the caller throws the error that
 * led here.
 */
export async function discardUpload(run: UploadRun, upload: InitiatedUpload, id: string): Promise<void> {
  const isRemoved = await removeFromOss(run, upload);
  // With a checkpoint store the checkpoint stays, so that the upload can be removed later.
  if (isRemoved || !run.checkpoints.isDurable) await run.checkpoints.remove(id);
}

/** Aborts an upload. Emits a failure as `cleanup-failed` and returns false then. */
export async function removeFromOss(run: UploadRun, upload: InitiatedUpload): Promise<boolean> {
  try {
    await requestAbort(run, upload, createUnabortedSignal());
    return true;
  } catch (reason) {
    run.emit({ type: 'cleanup-failed', error: UploadError.from(reason) });
    return false;
  }
}

/** The argument of an abort: of a run, or of any other caller. */
type AbortContext = RetryContext & { readonly ports: Pick<RunPorts, 'controlPlane'> };

/** Aborts an upload, with retries. Rejects when that fails. */
export function requestAbort(
  run: AbortContext,
  { uploadToken, key }: InitiatedUpload,
  signal: AbortSignal,
): Promise<void> {
  return callControlPlane(run, signal, { operation: 'abort', key }, (stop) =>
    run.ports.controlPlane.abort({ uploadToken, signal: stop }),
  );
}

/**
 * Aborts the uploads that a pause has kept and that the failed run did not reach: those that no checkpoint
 * store remembers and, after an abort by the caller, all of them, unless Complete was sent. Returns whether
 * there were any.
 */
export async function abortOrphanedUploads(run: UploadRun, isCompleting: boolean): Promise<boolean> {
  const isAll = isAborted(run.signal) && !isCompleting;
  const checkpoints = isAll ? run.checkpoints.known() : run.checkpoints.volatile();
  for (const [id, text] of checkpoints) {
    const upload = decodeCheckpoint(text)?.upload;
    if (upload !== undefined) await abortIfUnlocked(run, upload, id);
  }
  return checkpoints.length > 0;
}

/** A process that holds the lock has resumed the upload, and keeps it. */
async function abortIfUnlocked(run: UploadRun, upload: InitiatedUpload, id: string): Promise<void> {
  const lease = await run.checkpoints.lock(id).catch(() => undefined);
  if (lease === undefined) return;
  try {
    await discardUpload(run, upload, id);
  } finally {
    await lease.release();
  }
}
