import { PAUSED } from '../abort.ts';
import { ignoreError, UploadError, uploadNotFoundError } from '../errors.ts';
import { sourceChangedError } from '../parts/part-body.ts';
import { type Part, planParts } from '../parts/part-plan.ts';
import type { Receipt, Source, UploadedObject } from '../ports.ts';
import { checkpointId } from './checkpoints/checkpoint.ts';
import { discardUpload } from './checkpoints/discard-upload.ts';
import { completeUpload, findCompleted, type SentParts } from './complete-upload.ts';
import { onFailure } from './on-failure.ts';
import { type OpenedUpload, openUpload, saveCheckpoint, type UploadOfSource } from './open-upload.ts';
import { callControlPlane } from './resilience/retry.ts';
import type { UploadPorts, UploadRun, UploadRunner } from './run-context.ts';
import { type StoredParts, sendParts, sortReceipts, sourceFeed } from './send-parts.ts';

/** Runs the upload of a source, which is opened for each run. */
export function createSourceRunner({ openSource }: Pick<UploadPorts, 'openSource'>): UploadRunner {
  return async (run) => {
    const source = await openSource();
    try {
      return await uploadSource(run, source);
    } finally {
      // canary: source-not-closed
      await source.close();
    }
  };
}

/** The whole upload: open, plan, send the parts, complete, prove. A lock keeps other processes away. */
export async function uploadSource(run: UploadRun, source: Source): Promise<UploadedObject> {
  const id = checkpointId(source, run.options.key);
  // canary: no-lock
  const lease = await run.checkpoints.lock(id);
  try {
    return await runUntilStored(run, source, id);
  } finally {
    // canary: lock-not-released
    await lease.release();
  }
}

/** Repeats the run, at most `RUNS_MAX` times, when the upload has disappeared from OSS or has to restart. */
async function runUntilStored(run: UploadRun, source: Source, id: string): Promise<UploadedObject> {
  for (let runs = 1, { options } = run; ; runs++, options = { ...options, resume: true }) {
    const object = await runOnce({ ...run, options }, source, id, runs === RUNS_MAX);
    if (object !== undefined) return object;
    if (runs === RUNS_MAX) throw uploadDisappearedError();
  }
}

/** Three external aborts: after each, one run finds the upload missing and the next starts a new one. */
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
    // Saved before the run can stop: without a checkpoint the upload could be neither resumed nor removed.
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
    const { isDurable } = run.checkpoints;
    switch (onFailure({ ...upload, isDurable, error: UploadError.from(reason) })) {
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
        // Removed also after a failed abort: otherwise every run would resume this upload.
        await run.checkpoints.remove(id);
        return undefined;
    }
  }
}

function uploadDisappearedError(): UploadError {
  return uploadNotFoundError('the upload disappeared from OSS repeatedly', {
    hint: 'Another process, or a lifecycle rule, aborts uploads of this key.',
  });
}

function planUpload(run: UploadRun, { size }: Source, upload: OpenedUpload): readonly Part[] {
  const { bucket, key, uploadId, partSize } = upload;
  const plan = planParts(size, partSize);
  run.emit({ type: 'opened', bucket, key, uploadId, size, partSize, partCount: plan.length });
  return plan;
}

/**
 * The parts that OSS has stored of a resumed upload; `undefined` when OSS does not know the upload any more.
 */
async function listStoredParts(
  run: UploadRun,
  { isResumed, key, uploadToken }: OpenedUpload,
): Promise<StoredParts | undefined> {
  if (!isResumed) return new Map();
  return callControlPlane(run, run.signal, { operation: 'listParts', key }, (signal) =>
    run.ports.controlPlane.listParts({ uploadToken, signal }),
  ).then((listed) => new Map(listed.map((part) => [part.partNumber, part])), ignoreError('upload_not_found'));
}

/** Sends parts again that OSS has lost or damaged after their confirmation, at most `REPAIRS_MAX` times. */
async function sendAndComplete(
  run: UploadRun,
  source: Source,
  upload: UploadOfSource,
  plan: readonly Part[],
  stored: StoredParts,
): Promise<UploadedObject> {
  let sent = await sendParts(run, upload, sourceFeed(source, plan, stored));
  for (let repairs = 0; ; repairs++) {
    try {
      await assertUnchanged(source, upload);
      return await completeUpload(run, upload, sent);
    } catch (reason) {
      // canary: no-repair
      if (!isDamagedPart(reason) || repairs === REPAIRS_MAX) throw reason;
      sent = await repairParts(run, source, upload, plan, sent);
    }
  }
}

const REPAIRS_MAX = 3;

/** Whether Complete found a part in OSS that is missing, or differs from the confirmed one. */
function isDamagedPart(reason: unknown): boolean {
  const { code, context } = UploadError.from(reason);
  return code === 'part_missing' || (code === 'checksum_mismatch' && context.partNumber !== undefined);
}

/** Sends the parts again that OSS has not stored as they were confirmed, and no others. */
async function repairParts(
  run: UploadRun,
  source: Source,
  upload: OpenedUpload,
  plan: readonly Part[],
  { receipts }: SentParts,
): Promise<SentParts> {
  const stored = await listStoredParts(run, { ...upload, isResumed: true });
  const isIntact = ({ partNumber, size, crc64 }: Receipt): boolean => {
    const part = stored?.get(partNumber);
    // canary: repair-of-every-part
    return part?.size === size && part.crc64 === crc64;
  };
  const intact = new Map(receipts.filter(isIntact).map((receipt) => [receipt.partNumber, receipt]));
  const damaged = plan.filter(({ partNumber }) => !intact.has(partNumber));
  const sent = await sendParts(run, upload, sourceFeed(source, damaged, new Map()));
  return { ...sent, receipts: sortReceipts([...intact.values(), ...sent.receipts]) };
}

/**
 * Parts that were read one after another belong to one source only if it is unchanged after the last of them.
 * The object of a single PutObject exists already before this check.
 */
async function assertUnchanged(source: Source, { kind, fingerprint }: UploadOfSource): Promise<void> {
  if (kind === 'single' || (await source.fingerprint()) === fingerprint) return;
  throw sourceChangedError('its fingerprint is different');
}
