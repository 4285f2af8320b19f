import { createUnabortedSignal, PAUSED } from '../abort.ts';
import { UploadError, type UploadErrorCode } from '../errors.ts';
import type { InitiatedUpload } from '../ports.ts';
import { type Checkpoint, checkpointId, decodeCheckpoint } from './checkpoints/checkpoint.ts';
import { callControlPlane } from './resilience/retry.ts';
import type { UploadRun } from './run-context.ts';

/** Whether a failed walk leaves everything as it is, for a resume. */
export function isKept(run: UploadRun, { kind }: InitiatedUpload, reason: unknown): boolean {
  if (reason === PAUSED) return true;
  return kind === 'multipart' && isDurable(run) && RESUMABLE_CODES.has(UploadError.from(reason).code);
}

/** Whether anybody will remember the upload when this handle has settled. */
function isDurable({ ports }: UploadRun): boolean {
  return ports.checkpoints !== undefined;
}

/** Failures of the way, not of the upload: tomorrow, or with other rights, it may go on. */
// canary: resumable-upload-removed
const RESUMABLE_CODES: ReadonlySet<UploadErrorCode> = new Set([
  'network',
  'stalled',
  'throttled',
  'server_error',
  'url_expired',
  'credentials_expired',
  'clock_skewed',
  'signature_mismatch',
  'access_denied',
  'unauthenticated',
  'bad_request',
  'malformed_response',
  'source_unreadable',
  'internal',
]);

/** The object is in OSS, and it is not for us to take it away. */
export function isStored(reason: unknown): boolean {
  const { code, context } = UploadError.from(reason);
  // A part has no callback: a 203 to one is from something in between, and makes no object.
  return code === 'unproven' || (code === 'callback_failed' && context.partNumber === undefined);
}

/** Nobody opens the token any more: the upload it stands for cannot be gone on with. */
export function isRefused(reason: unknown): boolean {
  return UploadError.from(reason).code === 'token_refused';
}

/**
 * The bytes of a PutObject were changed on the way, and with forbidOverwrite the object they made stands in
 * the way of the next try. It has been removed since.
 */
export function isCorruptedPut({ kind }: InitiatedUpload, reason: unknown): boolean {
  const { code, context } = UploadError.from(reason);
  return kind === 'single' && code === 'checksum_mismatch' && context.operation === 'complete';
}

/**
 * Leaves nothing behind that would be billed, and then no checkpoint of it. Runs to its end even when the
 * caller has aborted. A failure is told, not thrown: the one that led here is the one to throw.
 */
export async function abandonUpload(
  run: UploadRun,
  { uploadToken, key }: InitiatedUpload,
  id: string,
): Promise<void> {
  try {
    await callControlPlane(run, createUnabortedSignal(), { operation: 'abort', key }, (signal) =>
      run.ports.controlPlane.abort({ uploadToken, signal }),
    );
    await run.checkpoints.remove(id);
  } catch (reason) {
    if (!isDurable(run)) await run.checkpoints.remove(id);
    run.emit({ type: 'cleanup-failed', error: UploadError.from(reason) });
  }
}

/**
 * Removes an upload that a pause had kept, and that the failed walk did not come to: what nobody will
 * remember, and, for a caller who aborts, all of it, unless its Complete was sent. Tells whether there was
 * any.
 */
export async function abortOrphanedUploads(run: UploadRun, isCompleting: boolean): Promise<boolean> {
  const isAll = isAborted(run) && !isCompleting;
  const texts = isAll ? run.checkpoints.known() : await run.checkpoints.passing();
  for (const text of texts) {
    const checkpoint = decodeCheckpoint(text);
    if (checkpoint !== undefined) await abortIfUnlocked(run, checkpoint);
  }
  return texts.length > 0;
}

/** Aborted for good, and not only paused. */
export function isAborted({ signal }: UploadRun): boolean {
  return signal.aborted && signal.reason !== PAUSED;
}

/** Whoever has gone on with the upload meanwhile keeps it. */
async function abortIfUnlocked(run: UploadRun, { upload, ...checkpoint }: Checkpoint): Promise<void> {
  const id = checkpointId(checkpoint, checkpoint.key);
  const lease = await run.checkpoints.lock(id).catch(() => undefined);
  if (lease === undefined) return;
  try {
    await abandonUpload(run, upload, id);
  } finally {
    await lease.release();
  }
}
