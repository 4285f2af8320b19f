import { type CallbackReply, provenCallbackError } from '../callback.ts';
import { UploadError, type UploadErrorCode } from '../errors.ts';
import type { ObjectStore } from '../object-store-port.ts';
import { type Part, planParts, planStream } from '../parts/part-plan.ts';
import { assertReceipts, expectedObject, proveObject, proveParts } from '../parts/proof.ts';
import type { Clock, ListedPart, Receipt, UploadedObject } from '../ports.ts';
import { abortUntilGone } from './cleanup/abort-until-gone.ts';
import { deleteOwnObject, headOwnObject } from './own-object.ts';
import { objectDespiteCallback } from './upload-callback.ts';
import type { UploadGrant } from './upload-token.ts';

/**
 * Proves the parts, completes, proves the object. Asked twice, it answers twice the same. What the caller
 * claims never takes an object away: only one that OSS itself made wrong of proven parts, in this very call,
 * is deleted.
 */
export async function completeUpload(upload: UploadToComplete): Promise<UploadedObject> {
  const { store, grant, receipts, signal } = upload;
  const { bucket, key } = grant;
  const plan = planOf(grant, receipts);
  assertReceipts(plan, receipts);
  const stored = await storedObject(upload, plan);
  // Of 10,000 parts that takes a while: not in the turn that has checked them.
  const { size, crc64 } = expectedObject(receipts);
  const isNew = grant.uploadId !== undefined && !stored.recovered;
  const checked = stored.crc64 === undefined ? await withChecksum(store, grant, stored, signal) : stored;
  try {
    // canary: unproven-object
    proveObject({ size, crc64 }, checked);
  } catch (reason) {
    throw isNew ? await withoutObject(store, grant, reason, signal) : reason;
  }
  if (stored.callbackFailure !== undefined) throw provenCallbackError(stored.callbackFailure);
  const { etag, versionId, requestId, recovered, callback } = stored;
  return {
    bucket,
    key,
    size,
    crc64,
    etag,
    requestId,
    ...(versionId === undefined ? {} : { versionId }),
    ...(recovered ? { recovered } : {}),
    ...(callback === undefined ? {} : { callback }),
  };
}

export interface UploadToComplete {
  readonly store: ObjectStore;
  readonly grant: UploadGrant;
  readonly receipts: readonly Receipt[];
  /** Between the rounds of an abort. */
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The object as OSS describes it, not yet proven. */
interface StoredObject {
  readonly size: number;
  readonly crc64: string | undefined;
  readonly etag: string;
  readonly versionId: string | undefined;
  readonly requestId: string;
  readonly recovered: boolean;
  /** What the application server answered, where that is known. */
  readonly callback?: CallbackReply | undefined;
  /** OSS made the object, and could not tell the application server. */
  readonly callbackFailure?: UploadError;
}

async function storedObject(upload: UploadToComplete, plan: readonly Part[]): Promise<StoredObject> {
  const { store, grant, signal } = upload;
  const { uploadId } = grant;
  if (uploadId === undefined) return putObject(store, grant, signal);
  try {
    return await completeMultipart(upload, uploadId, plan);
  } catch (reason) {
    if (reason instanceof UploadError && reason.code === 'callback_failed') {
      const head = await objectDespiteCallback(store, { ...grant, uploadId }, reason, signal);
      return { ...head, recovered: false, callbackFailure: reason };
    }
    // canary: no-recovery-of-complete
    return recoverObject(store, grant, reason, signal);
  }
}

/**
 * Asks a second time for the CRC64. Without one there is nothing wrong that could be proven, and nothing
 * right.
 */
async function withChecksum(
  store: ObjectStore,
  grant: UploadGrant,
  stored: StoredObject,
  signal: AbortSignal,
): Promise<StoredObject> {
  const head = await headOwnObject(store, grant, signal);
  if (head?.crc64 !== undefined) return { ...stored, size: head.size, crc64: head.crc64 };
  const { bucket, key } = grant;
  throw new UploadError({
    code: 'unproven',
    message: 'the object is stored, but OSS gave no CRC64 of it',
    disposition: 'permanent',
    context: { operation: 'complete', bucket, key, requestId: stored.requestId },
    hint: 'Its parts were proven. Something in between may remove the header x-oss-hash-crc64ecma.',
  });
}

/** Deletes the wrong object. The mismatch stays the error, whatever becomes of that. */
async function withoutObject(
  store: ObjectStore,
  grant: UploadGrant,
  mismatch: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  try {
    await deleteOwnObject(store, grant, signal);
    return mismatch;
  } catch (cause) {
    const { message, context } = UploadError.from(mismatch);
    return new UploadError({
      code: 'checksum_mismatch',
      message: `${message}, and it could not be deleted`,
      disposition: 'permanent',
      context: { ...context, bucket: grant.bucket, key: grant.key },
      hint: 'A wrong object stands under the key. Delete it, and upload the file again.',
      cause,
    });
  }
}

/** A single PutObject has no Complete: its object is there already, or was never sent. */
async function putObject(store: ObjectStore, grant: UploadGrant, signal: AbortSignal): Promise<StoredObject> {
  const head = await headOwnObject(store, grant, signal);
  if (head !== undefined) return { recovered: false, ...head };
  const { bucket, key, object } = grant;
  throw new UploadError({
    code: object.forbidOverwrite ? 'object_exists' : 'object_not_found',
    message: 'no object of this upload is in OSS',
    disposition: 'permanent',
    context: { operation: 'complete', bucket, key },
    hint: 'It was not sent, or another upload has replaced it. Upload the file again.',
  });
}

async function completeMultipart(
  { store, clock, grant, receipts, signal }: UploadToComplete,
  uploadId: string,
  plan: readonly Part[],
): Promise<StoredObject> {
  const { key, object, callback } = grant;
  const listed = await store.listParts({ key, uploadId, signal });
  if (exceeds(grant, listed)) {
    await abortUntilGone(store, clock, { key, uploadId }, signal);
    throw excessError(grant);
  }
  // canary: unproven-parts
  proveParts(plan, receipts, listed);
  if (plan.length > PARTS_A_TURN) await clock.sleep(0, signal);
  const completed = await store.complete({
    key,
    uploadId,
    parts: listed,
    ...(object.acl === undefined ? {} : { acl: object.acl }),
    ...(object.forbidOverwrite === undefined ? {} : { forbidOverwrite: object.forbidOverwrite }),
    callback,
    signal,
  });
  // The answer has no size: it is that of the parts, which were just listed and add up to the plan's.
  return { ...completed, size: sizeOf(plan), recovered: false };
}

/** Proving more than these, and writing them down for Complete, are not for one turn of the event loop. */
const PARTS_A_TURN = 1000;

/** Of a stream the receipts say where it ended; the cuts before that are the schedule's. */
function planOf({ size, partSize }: UploadGrant, receipts: readonly Receipt[]): readonly Part[] {
  if (size !== undefined) return planParts(size, partSize);
  const claimed = sizeOf(receipts);
  return Number.isSafeInteger(claimed) && claimed >= 0 ? planStream(claimed, partSize) : [];
}

/** Whether OSS was sent more than the grant allows: nobody who keeps to the plan does that. */
function exceeds({ size, sizeMax }: UploadGrant, listed: readonly ListedPart[]): boolean {
  return sizeOf(listed) > (size ?? sizeMax ?? Number.POSITIVE_INFINITY);
}

function excessError({ bucket, key }: UploadGrant): UploadError {
  return new UploadError({
    code: 'refused',
    message: 'OSS holds more bytes of this upload than were declared, so it was removed',
    disposition: 'permanent',
    context: { operation: 'complete', bucket, key },
    hint: 'Upload the file again, and declare its size.',
  });
}

function sizeOf(parts: readonly { readonly size: number }[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

/**
 * Failures after which the object may be there all the same: OSS completes even when nobody hears the answer.
 */
const MAY_HAVE_COMPLETED: ReadonlySet<UploadErrorCode> = new Set([
  'network',
  'server_error',
  'malformed_response',
  'upload_not_found',
  'object_exists',
]);

/**
 * Looks for the object after such a failure. Where it is not this upload's, the failure stands. Where nobody
 * can tell, a failure that may pass stands too, to be tried again; a final one does not, since it might be
 * wrong.
 */
async function recoverObject(
  store: ObjectStore,
  grant: UploadGrant,
  failure: unknown,
  signal: AbortSignal,
): Promise<StoredObject> {
  if (!(failure instanceof UploadError) || !MAY_HAVE_COMPLETED.has(failure.code)) throw failure;
  const head = await headOwnObject(store, grant, signal).catch((reason: unknown) => {
    throw failure.retryable ? failure : reason;
  });
  if (head === undefined) throw failure;
  return { ...head, recovered: true };
}
