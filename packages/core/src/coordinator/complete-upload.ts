import { type CallbackReply, provenCallbackError } from '../callback.ts';
import { checksumMismatchError, refusedError, UploadError, type UploadErrorCode } from '../errors.ts';
import type { ObjectStore } from '../object-store-port.ts';
import { type Part, planParts, planStream } from '../parts/part-plan.ts';
import { assertReceipts, expectedObject, proveObject, proveParts } from '../parts/proof.ts';
import type { Clock, ListedPart, Receipt, UploadedObject } from '../ports.ts';
import { abortUntilGone } from './cleanup/abort-upload.ts';
import { deleteOwnObject, headOwnObject } from './own-object.ts';
import { headDespiteCallback } from './upload-callback.ts';
import type { UploadGrant } from './upload-token.ts';

/**
 * Proves the parts, completes the upload, and proves the object. A repeated call has the same result. The
 * receipts of a client never delete an object. Only an object that OSS assembled in this call from proven
 * parts is deleted, if its CRC64 is still different.
 */
export async function completeGrantedUpload(upload: CompletionRequest): Promise<UploadedObject> {
  const { store, grant, receipts, signal } = upload;
  const { bucket, key } = grant;
  const plan = planForReceipts(grant, receipts);
  assertReceipts(plan, receipts);
  const stored = await storeObject(upload, plan);
  // Combining 10,000 CRC64s takes a while: not in the same event loop turn as the checks above.
  const { size, crc64 } = expectedObject(receipts);
  const isNew = grant.uploadId !== undefined && !stored.recovered;
  const checked = stored.crc64 === undefined ? await withChecksum(store, grant, stored, signal) : stored;
  try {
    // canary: unproven-object
    proveObject({ size, crc64 }, checked);
  } catch (reason) {
    throw isNew ? await deleteMismatch(store, grant, reason, signal) : reason;
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

export interface CompletionRequest {
  readonly store: ObjectStore;
  readonly grant: UploadGrant;
  readonly receipts: readonly Receipt[];
  /** Times the pauses between repeated aborts. */
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
  /** The application server's reply to the callback, where it is known. */
  readonly callback?: CallbackReply | undefined;
  /** OSS stored the object, but its callback to the application server failed. */
  readonly callbackFailure?: UploadError;
}

async function storeObject(upload: CompletionRequest, plan: readonly Part[]): Promise<StoredObject> {
  const { store, grant, signal } = upload;
  const { uploadId } = grant;
  if (uploadId === undefined) return findSingleObject(store, grant, signal);
  try {
    return await completeMultipart(upload, uploadId, plan);
  } catch (reason) {
    if (reason instanceof UploadError && reason.code === 'callback_failed') {
      const head = await headDespiteCallback(store, { ...grant, uploadId }, reason, signal);
      return { ...head, recovered: false, callbackFailure: reason };
    }
    // canary: no-recovery-of-complete
    return recoverObject(store, grant, reason, signal);
  }
}

/** Requests the CRC64 a second time. Without it the object is neither proven nor known to be damaged. */
async function withChecksum(
  store: ObjectStore,
  grant: UploadGrant,
  stored: StoredObject,
  signal: AbortSignal,
): Promise<StoredObject> {
  const head = await headOwnObject(store, grant, signal);
  if (head?.crc64 !== undefined) return { ...stored, size: head.size, crc64: head.crc64 };
  throw unprovenError(grant, stored.requestId);
}

function unprovenError({ bucket, key }: UploadGrant, requestId: string): UploadError {
  return new UploadError({
    code: 'unproven',
    message: 'the object is stored, but OSS returned no CRC64 for it',
    disposition: 'permanent',
    context: { operation: 'complete', bucket, key, requestId },
    hint: 'All parts were proven. A proxy may remove the response header x-oss-hash-crc64ecma.',
  });
}

/** Deletes the damaged object. The mismatch remains the error even if the deletion fails. */
async function deleteMismatch(
  store: ObjectStore,
  grant: UploadGrant,
  mismatch: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  try {
    await deleteOwnObject(store, grant, signal);
    return mismatch;
  } catch (cause) {
    return undeletedMismatchError(grant, mismatch, cause);
  }
}

function undeletedMismatchError(
  { bucket, key }: UploadGrant,
  mismatch: unknown,
  cause: unknown,
): UploadError {
  const { message, context } = UploadError.from(mismatch);
  return checksumMismatchError(`${message}, and it could not be deleted`, {
    context: { ...context, bucket, key },
    hint: 'A damaged object is stored under the key. Delete it, and upload the file again.',
    cause,
  });
}

/** A single PutObject needs no Complete: its object is stored already, or was never sent. */
async function findSingleObject(
  store: ObjectStore,
  grant: UploadGrant,
  signal: AbortSignal,
): Promise<StoredObject> {
  const head = await headOwnObject(store, grant, signal);
  if (head === undefined) throw singleObjectMissingError(grant);
  return { recovered: false, ...head };
}

function singleObjectMissingError({ bucket, key, object }: UploadGrant): UploadError {
  return new UploadError({
    code: object.forbidOverwrite ? 'object_exists' : 'object_not_found',
    message: 'OSS has no object of this upload',
    disposition: 'permanent',
    context: { operation: 'complete', bucket, key },
    hint: 'The file was not sent, or another upload has replaced it. Upload the file again.',
  });
}

async function completeMultipart(
  { store, clock, grant, receipts, signal }: CompletionRequest,
  uploadId: string,
  plan: readonly Part[],
): Promise<StoredObject> {
  const { key, object, callback } = grant;
  const listed = await store.listParts({ key, uploadId, signal });
  if (isTooLarge(grant, listed)) {
    await abortUntilGone(store, clock, { key, uploadId }, signal);
    throw tooLargeError(grant);
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
  // The response contains no size. The listed parts add up to the size of the plan.
  return { ...completed, size: totalSize(plan), recovered: false };
}

/** The proof of more parts than this and the body of Complete are built in separate event loop turns. */
const PARTS_PER_TURN = 1000;

/** The receipts of a stream show where it ends. Its earlier parts have the sizes of the stream's plan. */
function planForReceipts({ size, partSize }: UploadGrant, receipts: readonly Receipt[]): readonly Part[] {
  if (size !== undefined) return planParts(size, partSize);
  const claimed = totalSize(receipts);
  return Number.isSafeInteger(claimed) && claimed >= 0 ? planStream(claimed, partSize) : [];
}

/** Whether OSS has more bytes than the grant allows. A client that keeps to the plan never sends more. */
function isTooLarge({ size, sizeMax }: UploadGrant, listed: readonly ListedPart[]): boolean {
  return totalSize(listed) > (size ?? sizeMax ?? Number.POSITIVE_INFINITY);
}

function tooLargeError({ bucket, key }: UploadGrant): UploadError {
  return refusedError('the upload was aborted: OSS received more bytes than were declared or allowed', {
    context: { operation: 'complete', bucket, key },
    hint: 'Upload the file again, and declare its size.',
  });
}

function totalSize(parts: readonly { readonly size: number }[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

/** Failures after which the object may exist: OSS also completes when its response is lost. */
const MAY_HAVE_COMPLETED: ReadonlySet<UploadErrorCode> = new Set([
  'network',
  'server_error',
  'malformed_response',
  'upload_not_found',
  'object_exists',
]);

/**
 * Looks for the object after such a failure. If the object is not of this upload, the failure is thrown. If
 * HEAD fails too, a transient failure is thrown, to be retried; instead of a permanent one, which may be
 * wrong, the error of HEAD is thrown.
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
