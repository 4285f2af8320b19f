import { PAUSED } from '../abort.ts';
import { UploadError } from '../errors.ts';
import { sourceChangedError } from '../parts/part-body.ts';
import { type Part, planParts } from '../parts/part-plan.ts';
import type { Receipt, Source, UploadedObject } from '../ports.ts';
import { discardUpload } from './checkpoints/abort-unfinished-upload.ts';
import { checkpointId } from './checkpoints/checkpoint.ts';
import { completeUpload, findCompleted } from './complete-upload.ts';
import { onFailure } from './on-failure.ts';
import { type OpenedUpload, openUpload, saveCheckpoint, type UploadOfSource } from './open-upload.ts';
import { captureCallbackReply } from './part-response.ts';
import { listStoredParts, type StoredParts } from './remote-parts.ts';
import type { UploadRun } from './run-context.ts';
import { sendParts, sourceFeed } from './send-parts.ts';

/** The whole upload: open, plan, send the parts, complete, prove. A lock keeps other processes away. */
export async function runUpload(run: UploadRun): Promise<UploadedObject> {
  const source = await run.ports.openSource();
  try {
    const id = checkpointId(source, run.options.key);
    // canary: no-lock
    const lease = await run.checkpoints.lock(id);
    try {
      return await runUntilStored(run, source, id);
    } finally {
      // canary: lock-not-released
      await lease.release();
    }
  } finally {
    // canary: source-not-closed
    await source.close();
  }
}

/** Runs again while the upload disappears from OSS, or a new upload may succeed. */
async function runUntilStored(run: UploadRun, source: Source, id: string): Promise<UploadedObject> {
  for (let runs = 1, { options } = run; ; runs++, options = { ...options, resume: true }) {
    const object = await runOnce({ ...run, options }, source, id, runs === RUNS_MAX);
    if (object !== undefined) return object;
    if (runs === RUNS_MAX) throw uploadDisappearedError();
  }
}

/** Others may abort the upload three times: one run notices it, and the next one starts a new upload. */
const RUNS_MAX = 7;

/** Returns `undefined` where another run is to follow. */
async function runOnce(
  run: UploadRun,
  source: Source,
  id: string,
  isLast: boolean,
): Promise<UploadedObject | undefined> {
  const upload = await openUpload(run, source, id);
  try {
    // Before anything can stop the run: without a checkpoint the upload could be neither resumed nor removed.
    // canary: no-checkpoint
    await saveCheckpoint(run, source, id, upload);
    run.signal.throwIfAborted();
    const plan = planUpload(run, source, upload);
    const stored = await listStoredParts(run, upload);
    const object =
      stored === undefined
        ? await findCompleted(run, source, upload, plan)
        : await sendAndComplete(run, source, upload, plan, stored);
    // OSS knows neither the upload nor its object: nothing of it remains when the next one starts.
    if (object === undefined) await discardUpload(run, upload, id);
    // canary: stale-checkpoint
    await run.checkpoints.remove(id);
    return object;
  } catch (reason) {
    if (reason === PAUSED) throw reason;
    const { kind, isResumed } = upload;
    const { isDurable } = run.checkpoints;
    switch (onFailure({ error: UploadError.from(reason), kind, isDurable, isResumed })) {
      case 'look-first':
        // canary: no-restart
        return undefined;
      case 'keep':
        throw reason;
      case 'keep-object':
        await run.checkpoints.remove(id);
        throw reason;
      case 'abort':
        // canary: leftover-upload
        await discardUpload(run, upload, id);
        throw reason;
      case 'restart':
        await discardUpload(run, upload, id);
        if (isLast) throw reason;
        // Also after a failed abort: otherwise every run would resume this upload.
        await run.checkpoints.remove(id);
        return undefined;
    }
  }
}

function uploadDisappearedError(): UploadError {
  return new UploadError({
    code: 'upload_not_found',
    message: 'the upload disappeared from OSS repeatedly',
    disposition: 'permanent',
    hint: 'Find out what aborts uploads of this key: another process, or a lifecycle rule.',
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
