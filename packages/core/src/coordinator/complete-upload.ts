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
 * Proves the parts, completes, and proves the object. A repeated call returns the same result. Receipts of
 * the caller never cause a deletion: only a wrong object that OSS made of proven parts in this call is
 * deleted.
 */
export async function completeGrantedUpload(upload: CompletionRequest): Promise<UploadedObject> {
  const { store, grant, receipts, signal } = upload;
  const { bucket, key } = grant;
  const plan = planOf(grant, receipts);
  assertReceipts(plan, receipts);
  const stored = await storedObject(upload, plan);
  // Combining 10,000 CRC64s takes milliseconds: not in the same turn of the event loop as the checks.
  const { size, crc64 } = expectedObject(receipts);
  const isNew = grant.uploadId !== undefined && !stored.recovered;
  const checked = stored.crc64 === undefined ? await withChecksum(store, grant, stored, signal) : stored;
  try {
    // canary: unproven-object
    proveObject({ size, crc64 }, checked);
  } catch (reason) {
    throw isNew ? await deleteWrongObject(store, grant, reason, signal) : reason;
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

/** The input of {@link completeGrantedUpload}. */
export interface CompletionRequest {
  readonly store: ObjectStore;
  readonly grant: UploadGrant;
  readonly receipts: readonly Receipt[];
  /** For the delays between aborts. */
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
  /** The reply of the application server, where it is known. */
  readonly callback?: CallbackReply | undefined;
  /** The failure of the callback after OSS stored the object. */
  readonly callbackFailure?: UploadError;
}

async function storedObject(upload: CompletionRequest, plan: readonly Part[]): Promise<StoredObject> {
  const { store, grant, signal } = upload;
  const { uploadId } = grant;
  if (uploadId === undefined) return headPutObject(store, grant, signal);
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
 * Requests the CRC64 again by HEAD. Without a CRC64 the object can neither be proven nor disproven.
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
    hint: 'Its parts were proven. A proxy may remove the header x-oss-hash-crc64ecma.',
  });
}

/** Deletes the wrong object, and returns the error to throw. */
async function deleteWrongObject(
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
      hint: 'A wrong object is stored under the key. Delete it, then upload the file again.',
      cause,
    });
  }
}

/** A single PutObject has no Complete: its object exists already, or was never sent. */
async function headPutObject(
  store: ObjectStore,
  grant: UploadGrant,
  signal: AbortSignal,
): Promise<StoredObject> {
  const head = await headOwnObject(store, grant, signal);
  if (head !== undefined) return { recovered: false, ...head };
  const { bucket, key, object } = grant;
  throw new UploadError({
    code: object.forbidOverwrite ? 'object_exists' : 'object_not_found',
    message: 'OSS has no object of this upload',
    disposition: 'permanent',
    context: { operation: 'complete', bucket, key },
    hint: 'It was not sent, or another upload has replaced it. Upload the file again.',
  });
}

async function completeMultipart(
  { store, clock, grant, receipts, signal }: CompletionRequest,
  uploadId: string,
  plan: readonly Part[],
): Promise<StoredObject> {
  const { key, object, callback } = grant;
  const listed = await store.listParts({ key, uploadId, signal });
  if (exceeds(grant, listed)) {
    await abortUntilGone(store, clock, { key, uploadId }, signal);
    throw excessBytesError(grant);
  }
  // canary: unproven-parts
  proveParts(plan, receipts, listed);
  if (plan.length > PARTS_PER_TURN) await clock.sleep(0, signal);
  const completed = await store.complete({
    key,
    uploadId,
    parts: listed,
    ...(object.acl === undefined ? {} : { acl: object.acl }),
    ...(object.forbidOverwrite === undefined ? {} : { forbidOverwrite: object.forbidOverwrite }),
    callback,
    signal,
  });
  // The response has no size: it is the sum of the listed parts, which equals the plan.
  return { ...completed, size: sizeOf(plan), recovered: false };
}

/** Above this, proving and serialising the parts take two turns of the event loop. */
const PARTS_PER_TURN = 1000;

/** For a stream the receipts determine the size; the schedule determines the parts. */
function planOf({ size, partSize }: UploadGrant, receipts: readonly Receipt[]): readonly Part[] {
  if (size !== undefined) return planParts(size, partSize);
  const claimed = sizeOf(receipts);
  return Number.isSafeInteger(claimed) && claimed >= 0 ? planStream(claimed, partSize) : [];
}

/** Whether OSS holds more bytes than the grant allows, which no client that follows the plan sends. */
function exceeds({ size, sizeMax }: UploadGrant, listed: readonly ListedPart[]): boolean {
  return sizeOf(listed) > (size ?? sizeMax ?? Number.POSITIVE_INFINITY);
}

function excessBytesError({ bucket, key }: UploadGrant): UploadError {
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
 * Failures after which the object may exist: OSS completes also when the response is lost.
 */
const MAY_HAVE_COMPLETED: ReadonlySet<UploadErrorCode> = new Set([
  'network',
  'server_error',
  'malformed_response',
  'upload_not_found',
  'object_exists',
]);

/**
 * Looks for the object after such a failure. The failure is thrown when the object is not of this upload.
 * When the HEAD fails, a transient failure is thrown to be retried, and the error of the HEAD replaces a
 * permanent one.
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
