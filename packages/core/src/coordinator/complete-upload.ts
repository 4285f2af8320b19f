import { UploadError, type UploadErrorCode } from '../errors.ts';
import { planParts } from '../part-plan.ts';
import type { ObjectStore, Receipt, UploadedObject } from '../ports.ts';
import { expectedObject, proveObject, proveParts } from '../proof.ts';
import { deleteObjectOf, objectOf } from './object-of.ts';
import type { UploadGrant } from './upload-token.ts';

/**
 * Proves the parts, completes, proves the object. Asked twice, it answers twice the same. A wrong object is
 * deleted rather than left under the key.
 */
export async function completeUpload(
  store: ObjectStore,
  grant: UploadGrant,
  receipts: readonly Receipt[],
  signal: AbortSignal,
): Promise<UploadedObject> {
  const { bucket, key, size } = grant;
  const { crc64 } = expectedObject(receipts);
  const stored = await storedObject(store, grant, receipts, signal);
  try {
    proveObject({ size, crc64 }, stored);
  } catch (reason) {
    await deleteObjectOf(store, grant, signal);
    throw reason;
  }
  const { etag, versionId, requestId, recovered } = stored;
  return {
    bucket,
    key,
    size,
    crc64,
    etag,
    requestId,
    ...(versionId === undefined ? {} : { versionId }),
    ...(recovered ? { recovered } : {}),
  };
}

/** The object as OSS describes it, not yet proven. */
interface StoredObject {
  readonly size: number;
  readonly crc64: string | undefined;
  readonly etag: string;
  readonly versionId: string | undefined;
  readonly requestId: string;
  readonly recovered: boolean;
}

async function storedObject(
  store: ObjectStore,
  grant: UploadGrant,
  receipts: readonly Receipt[],
  signal: AbortSignal,
): Promise<StoredObject> {
  if (grant.uploadId === undefined) return putObject(store, grant, signal);
  try {
    return await completeMultipart(store, grant, grant.uploadId, receipts, signal);
  } catch (reason) {
    return recoverObject(store, grant, receipts, reason, signal);
  }
}

/** A single PutObject has no Complete: its object is there already, or was never sent. */
async function putObject(store: ObjectStore, grant: UploadGrant, signal: AbortSignal): Promise<StoredObject> {
  const head = await objectOf(store, grant, signal);
  if (head !== undefined) return { ...head, recovered: false };
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
  store: ObjectStore,
  grant: UploadGrant,
  uploadId: string,
  receipts: readonly Receipt[],
  signal: AbortSignal,
): Promise<StoredObject> {
  const { key, size, partSize, object } = grant;
  const listed = await store.listParts({ key, uploadId, signal });
  proveParts(planParts(size, partSize), receipts, listed);
  const completed = await store.complete({
    key,
    uploadId,
    parts: listed,
    ...(object.acl === undefined ? {} : { acl: object.acl }),
    ...(object.forbidOverwrite === undefined ? {} : { forbidOverwrite: object.forbidOverwrite }),
    signal,
  });
  // The answer has no size: it is that of the parts, which were just listed and add up to the plan's.
  return { ...completed, size, recovered: false };
}

/**
 * Failures after which the object may be there all the same: OSS completes even when nobody hears the answer.
 */
const MAY_HAVE_COMPLETED: ReadonlySet<UploadErrorCode> = new Set([
  'network',
  'server_error',
  'malformed_answer',
  'upload_not_found',
  'object_exists',
]);

/**
 * Looks for the object after such a failure. Where it is not this upload's, or not right, the failure stands.
 */
async function recoverObject(
  store: ObjectStore,
  grant: UploadGrant,
  receipts: readonly Receipt[],
  failure: unknown,
  signal: AbortSignal,
): Promise<StoredObject> {
  if (!(failure instanceof UploadError) || !MAY_HAVE_COMPLETED.has(failure.code)) throw failure;
  const expected = expectedObject(receipts);
  const head = await objectOf(store, grant, signal).catch(() => undefined);
  if (head?.size !== grant.size || head.crc64 !== expected.crc64) throw failure;
  return { ...head, recovered: true };
}
