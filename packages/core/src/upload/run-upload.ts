import { UploadError, type UploadErrorCode } from '../errors.ts';
import { type Part, planParts } from '../part-plan.ts';
import type { InitiatedUpload, Receipt, Source, UploadedObject } from '../ports.ts';
import { expectedObject, proveObject } from '../proof.ts';
import { checkpointId } from './checkpoint.ts';
import { PAUSED, UNINTERRUPTED } from './interruption.ts';
import { listHeldParts, openUpload, saveCheckpoint } from './open-upload.ts';
import { retrying } from './retrying.ts';
import { sendParts } from './send-parts.ts';
import type { UploadRun } from './upload-run.ts';
import { COMPLETE_MS_MAX, VERB_MS_MAX, withDeadline } from './with-deadline.ts';

/** The whole upload: open, plan, send the parts, complete, prove. Nobody else works on it meanwhile. */
export async function runUpload(run: UploadRun): Promise<UploadedObject> {
  const source = await run.ports.openSource();
  try {
    const id = checkpointId(source, run.options.key);
    const lease = await run.checkpoints.lock(id);
    try {
      return await walk(run, source, id);
    } finally {
      await lease.release();
    }
  } finally {
    await source.close();
  }
}

/** What fails on the way is kept where a resume can go on with it, and else removed from OSS. */
async function walk(run: UploadRun, source: Source, id: string): Promise<UploadedObject> {
  const upload = await openUpload(run, source, id);
  try {
    // Before anything may stop the walk: an upload that nobody remembers could be neither resumed nor
    // removed.
    if (!upload.isResumed) await saveCheckpoint(run, source, id, upload);
    run.signal.throwIfAborted();
    const plan = planUpload(run, source, upload);
    const { held, completed } = await listHeldParts(run, source, upload);
    const object =
      completed ?? (await completeUpload(run, upload, await sendParts(run, source, upload, plan, held)));
    await run.checkpoints.remove(id);
    return object;
  } catch (reason) {
    if (isKept(run, reason)) throw reason;
    if (isStored(reason)) {
      await run.checkpoints.remove(id);
      throw reason;
    }
    await abandonUpload(run, upload, id);
    if (upload.isResumed && isDead(reason)) {
      // Also where it could not be aborted: else it would be resumed for ever.
      await run.checkpoints.remove(id);
      return walk(run, source, id);
    }
    throw reason;
  }
}

function planUpload(run: UploadRun, { size }: Source, upload: InitiatedUpload): readonly Part[] {
  const { bucket, key, uploadId, partSize } = upload;
  const plan = planParts(size, partSize);
  run.emit({ type: 'opened', bucket, key, uploadId, size, partSize, partCount: plan.length });
  return plan;
}

/**
 * Once Complete is on its way its outcome is found out, whatever the caller wants meanwhile: OSS carries it
 * out whether or not anybody listens, and an upload must not be called aborted whose object is there.
 */
async function completeUpload(
  run: UploadRun,
  { uploadToken, key }: InitiatedUpload,
  receipts: readonly Receipt[],
): Promise<UploadedObject> {
  run.signal.throwIfAborted();
  run.emit({ type: 'completing' });
  const object = await retrying(run, UNINTERRUPTED, { operation: 'complete', key }, () =>
    withDeadline(run, COMPLETE_MS_MAX, UNINTERRUPTED, (signal) =>
      run.ports.controlPlane.complete({ uploadToken, receipts, signal }),
    ),
  );
  proveObject(expectedObject(receipts), object);
  return object;
}

/** Leaves nothing behind that would be billed. Runs to its end even when the caller has aborted. */
async function abandonUpload(
  run: UploadRun,
  { uploadToken, key }: InitiatedUpload,
  id: string,
): Promise<void> {
  try {
    await retrying(run, UNINTERRUPTED, { operation: 'abort', key }, () =>
      withDeadline(run, VERB_MS_MAX, UNINTERRUPTED, (signal) =>
        run.ports.controlPlane.abort({ uploadToken, signal }),
      ),
    );
    await run.checkpoints.remove(id);
  } catch (reason) {
    // The failure that led here is the one to throw; this one is told beside it.
    run.emit({ type: 'cleanup-failed', error: UploadError.from(reason) });
  }
}

/** A paused upload waits for its resume, a failed one too where its checkpoint outlives this upload. */
function isKept({ ports }: UploadRun, reason: unknown): boolean {
  return reason === PAUSED || (ports.checkpoints !== undefined && PASSING.has(UploadError.from(reason).code));
}

/** Failures of the way, not of the upload: tomorrow, or with other rights, it may go on. */
const PASSING: ReadonlySet<UploadErrorCode> = new Set([
  'network',
  'stalled',
  'throttled',
  'server_error',
  'url_expired',
  'credentials_expired',
  'clock_skewed',
  'signature_mismatch',
  'access_denied',
  'malformed_answer',
  'source_unreadable',
  'internal',
]);

/** The object is in OSS, and it is not for us to take it away. */
function isStored(reason: unknown): boolean {
  const { code } = UploadError.from(reason);
  return code === 'unproven' || code === 'callback_failed';
}

/** The upload a checkpoint names is no more, or not ours any more: begin a new one. */
function isDead(reason: unknown): boolean {
  const { code } = UploadError.from(reason);
  return code === 'upload_not_found' || code === 'token_refused';
}
