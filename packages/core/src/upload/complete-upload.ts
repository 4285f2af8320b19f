import { createUnabortedSignal } from '../abort.ts';
import { provenCallbackError } from '../callback.ts';
import { ignoreError, UploadError } from '../errors.ts';
import type { Part } from '../parts/part-plan.ts';
import { expectedObject, proveObject } from '../parts/proof.ts';
import type { InitiatedUpload, Receipt, Source, UploadedObject } from '../ports.ts';
import type { OpenedUpload } from './open-upload.ts';
import type { CallbackOutcome } from './part-response.ts';
import { COMPLETE_MS_MAX, callControlPlane } from './resilience/retry.ts';
import type { UploadRun } from './run-context.ts';

/** The results of sending the parts, once all of them are confirmed. */
export interface SentParts {
  /** One for each part, ascending. */
  readonly receipts: readonly Receipt[];
  /** Of a single PutObject; the callback of a multipart upload is part of Complete's response. */
  readonly callback: CallbackOutcome;
}

/**
 * Completes the upload, and resolves with the proven object and the reply to its callback. Rejects with
 * `callback_failed` when the object is proven and its callback has failed.
 */
export async function completeUpload(
  run: UploadRun,
  upload: InitiatedUpload,
  { receipts, callback }: SentParts,
): Promise<UploadedObject> {
  const completing = completeAndProve(run, upload, receipts);
  if (callback instanceof UploadError) throw await callbackError(callback, completing);
  const object = await completing;
  return callback === undefined ? object : { ...object, callback };
}

/**
 * An abort does not interrupt Complete once it is sent: OSS carries it out in any case, and an upload must
 * not end as aborted while its object exists.
 */
async function completeAndProve(
  run: UploadRun,
  { uploadToken, key }: InitiatedUpload,
  receipts: readonly Receipt[],
): Promise<UploadedObject> {
  await run.permit.complete(run.signal);
  run.signal.throwIfAborted();
  run.emit({ type: 'completing' });
  const object = await callControlPlane(
    run,
    // canary: aborted-complete
    createUnabortedSignal(),
    { operation: 'complete', key },
    (signal) => run.ports.controlPlane.complete({ uploadToken, receipts, signal }),
    COMPLETE_MS_MAX,
  );
  proveObject(expectedObject(receipts), object);
  return object;
}

/** The failed callback, unless the object itself turns out to be missing or damaged. */
async function callbackError(failure: UploadError, completing: Promise<UploadedObject>): Promise<unknown> {
  return completing.then(
    () => provenCallbackError(failure),
    // No response about the object is no reason to remove it.
    (reason: unknown) => (UploadError.from(reason).disposition === 'exhausted' ? failure : reason),
  );
}

/**
 * The object of an upload that OSS does not know any more, where an earlier run or another process has
 * completed it; `undefined` where there is none of this upload. Reads the whole source: the coordinator
 * recognizes the object by its receipts.
 */
export async function findCompleted(
  run: UploadRun,
  source: Source,
  upload: OpenedUpload,
  plan: readonly Part[],
): Promise<UploadedObject | undefined> {
  const receipts: Receipt[] = [];
  for (const { partNumber, offset, size } of plan) {
    const crc64 = await source.part(offset, size).crc64(run.signal);
    receipts.push({ partNumber, size, crc64 });
  }
  return completeUpload(run, upload, { receipts, callback: undefined }).catch(
    ignoreError('upload_not_found'),
  );
}
