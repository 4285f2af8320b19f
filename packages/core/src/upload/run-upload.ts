import { UploadError } from '../errors.ts';
import { sourceChangedError } from '../parts/part-body.ts';
import { type Part, planParts } from '../parts/part-plan.ts';
import type { Receipt, Source, UploadedObject } from '../ports.ts';
import { checkpointId } from './checkpoints/checkpoint.ts';
import { completeUpload, findCompleted } from './complete-upload.ts';
import { abandonUpload, isCorruptedPut, isKept, isRefused, isStored } from './on-failure.ts';
import { type OpenedUpload, openUpload, saveCheckpoint, type UploadOfSource } from './open-upload.ts';
import { captureCallbackReply } from './part-response.ts';
import { isGone, listStoredParts, type StoredParts } from './remote-parts.ts';
import type { UploadRun } from './run-context.ts';
import { sendParts, sourceFeed } from './send-parts.ts';

/** The whole upload: open, plan, send the parts, complete, prove. Nobody else works on it meanwhile. */
export async function runUpload(run: UploadRun): Promise<UploadedObject> {
  const source = await run.ports.openSource();
  try {
    const id = checkpointId(source, run.options.key);
    // canary: no-lock
    const lease = await run.checkpoints.lock(id);
    try {
      return await walk(run, source, id);
    } finally {
      // canary: lock-not-released
      await lease.release();
    }
  } finally {
    // canary: source-not-closed
    await source.close();
  }
}

/** What fails on the way is kept where a resume can go on with it, and else removed from OSS. */
async function walk(run: UploadRun, source: Source, id: string, restarts = 0): Promise<UploadedObject> {
  const upload = await openUpload(run, source, id);
  try {
    // Before anything may stop the walk: an upload that nobody remembers could be neither resumed nor
    // removed.
    // canary: no-checkpoint
    await saveCheckpoint(run, source, id, upload);
    run.signal.throwIfAborted();
    const plan = planUpload(run, source, upload);
    const held = await listStoredParts(run, upload);
    const object =
      held === undefined
        ? await findCompleted(run, source, upload, plan)
        : await sendAndComplete(run, source, upload, plan, held);
    // Not found: whatever may be left of it goes before the next one is begun.
    if (object === undefined) await abandonUpload(run, upload, id);
    // canary: stale-checkpoint
    await run.checkpoints.remove(id);
    if (object !== undefined) return object;
  } catch (reason) {
    if (isKept(run, upload, reason)) throw reason;
    // Somebody has completed it, or aborted it: the next walk finds out which.
    // canary: no-restart
    if (isGone(reason)) return walkAgain(run, source, id, restarts);
    if (isStored(reason)) await run.checkpoints.remove(id);
    // canary: leftover-upload
    else await abandonUpload(run, upload, id);
    const canRestart = isCorruptedPut(upload, reason)
      ? restarts < RESTARTS_MAX
      : upload.isResumed && isRefused(reason);
    if (!canRestart) throw reason;
    // Also where it could not be aborted: else it would be resumed for ever.
    await run.checkpoints.remove(id);
  }
  return walkAgain(run, source, id, restarts);
}

/** Others may take the upload away three times: one walk finds out, and the next one begins anew. */
const RESTARTS_MAX = 6;

function walkAgain(run: UploadRun, source: Source, id: string, restarts: number): Promise<UploadedObject> {
  if (restarts >= RESTARTS_MAX) throw uploadDisappearedError();
  return walk({ ...run, options: { ...run.options, resume: true } }, source, id, restarts + 1);
}

function uploadDisappearedError(): UploadError {
  return new UploadError({
    code: 'upload_not_found',
    message: 'the upload was gone from OSS again and again, or its checkpoint could not be removed',
    disposition: 'permanent',
    hint: 'Look for whoever aborts uploads of this key: another process, or a lifecycle rule.',
  });
}

function planUpload(run: UploadRun, { size }: Source, upload: OpenedUpload): readonly Part[] {
  const { bucket, key, uploadId, partSize } = upload;
  const plan = planParts(size, partSize);
  run.emit({ type: 'opened', bucket, key, uploadId, size, partSize, partCount: plan.length });
  return plan;
}

/** A part that OSS has lost or spoilt since it was confirmed is sent again, a few times. */
async function sendAndComplete(
  run: UploadRun,
  source: Source,
  upload: UploadOfSource,
  plan: readonly Part[],
  held: StoredParts,
): Promise<UploadedObject> {
  const heard = captureCallbackReply(run, upload);
  let receipts = await sendParts(heard.run, upload, sourceFeed(source, plan, held));
  for (let repairs = 0; ; repairs++) {
    try {
      await assertUnchanged(source, upload);
      return await heard.completed(completeUpload(run, upload, receipts));
    } catch (reason) {
      // canary: no-repair
      if (!isPartAtFault(reason) || repairs === REPAIRS_MAX) throw reason;
      receipts = await repairParts(run, source, upload, plan, receipts);
    }
  }
}

const REPAIRS_MAX = 3;

/** Complete found a part in OSS that is not the one confirmed, or none at all. */
function isPartAtFault(reason: unknown): boolean {
  const { code, context } = UploadError.from(reason);
  return code === 'part_missing' || (code === 'checksum_mismatch' && context.partNumber !== undefined);
}

/** Sends again the parts that OSS does not hold as they were confirmed, and no others. */
async function repairParts(
  run: UploadRun,
  source: Source,
  upload: OpenedUpload,
  plan: readonly Part[],
  receipts: readonly Receipt[],
): Promise<readonly Receipt[]> {
  const held = await listStoredParts(run, { ...upload, isResumed: true });
  const sound = receipts.filter(({ partNumber, size, crc64 }) => {
    const part = held?.get(partNumber);
    // canary: repair-of-every-part
    return part?.size === size && part.crc64 === crc64;
  });
  const soundNumbers = new Set(sound.map(({ partNumber }) => partNumber));
  const wrong = plan.filter(({ partNumber }) => !soundNumbers.has(partNumber));
  const sent = await sendParts(run, upload, sourceFeed(source, wrong, new Map()));
  return [...sound, ...sent].sort((a, b) => a.partNumber - b.partNumber);
}

/**
 * Parts that were read one after the other are of one source only if it is the same behind the last of them.
 * A PutObject has made its object by then.
 */
async function assertUnchanged(source: Source, { kind, fingerprint }: UploadOfSource): Promise<void> {
  if (kind === 'single' || (await source.fingerprint()) === fingerprint) return;
  throw sourceChangedError('its fingerprint is another');
}
