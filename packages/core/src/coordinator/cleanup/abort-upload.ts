import { serverError, UploadError } from '../../errors.ts';
import type { ObjectStore } from '../../object-store-port.ts';
import type { Clock } from '../../ports.ts';
import { deleteOwnObject, headOwnObject } from '../own-object.ts';
import type { UploadGrant } from '../upload-token.ts';

/**
 * Removes everything that the upload has stored: its parts, or the object of a single PutObject. The object
 * of a completed multipart upload stays. Resolves with false in that case, and when it is unknown whether
 * there is such an object.
 */
export async function abortGrantedUpload(
  store: ObjectStore,
  clock: Clock,
  grant: UploadGrant,
  signal: AbortSignal,
): Promise<boolean> {
  const { key, uploadId } = grant;
  if (uploadId === undefined) {
    await deleteUntilGone(store, clock, grant, signal);
    return true;
  }
  if (await abortUntilGone(store, clock, { key, uploadId }, signal)) return true;
  return headOwnObject(store, grant, signal).then(
    (head) => head === undefined,
    () => false,
  );
}

/** A multipart upload, as OSS identifies it. */
export interface MultipartUpload {
  /** The object key. */
  readonly key: string;
  /** The upload ID that OSS returned for Initiate. */
  readonly uploadId: string;
}

/**
 * Aborts a multipart upload, at most 5 times, until OSS does not know it any more. A part in flight can be
 * stored after the first abort, and OSS would bill it until it is removed. Resolves with whether the upload
 * existed.
 *
 * @throws UploadError `server_error` if the upload still exists after 5 aborts; any other error of the store.
 */
export async function abortUntilGone(
  store: ObjectStore,
  clock: Clock,
  upload: MultipartUpload,
  signal: AbortSignal,
): Promise<boolean> {
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    if (await isUploadMissing(() => store.abort({ ...upload, signal }))) return round > 1;
    if (await isUploadMissing(() => store.listParts({ ...upload, signal }))) return true;
    await clock.sleep(ROUND_DELAY_MS * round, signal);
  }
  throw uploadStillOpenError(store.bucket, upload);
}

const ROUNDS_MAX = 5;
const ROUND_DELAY_MS = 200;

async function isUploadMissing(request: () => Promise<unknown>): Promise<boolean> {
  try {
    await request();
    return false;
  } catch (reason) {
    if (reason instanceof UploadError && reason.code === 'upload_not_found') return true;
    throw reason;
  }
}

function uploadStillOpenError(bucket: string, { key, uploadId }: MultipartUpload): UploadError {
  return serverError(`the upload still exists in OSS after ${ROUNDS_MAX} aborts`, {
    context: { operation: 'abort', bucket, key, uploadId },
    hint: 'A client is still sending parts. Stop it, and abort the upload again.',
  });
}

/** A PutObject in flight can store the object after a check: two checks in a row must not find it. */
async function deleteUntilGone(
  store: ObjectStore,
  clock: Clock,
  grant: UploadGrant,
  signal: AbortSignal,
): Promise<void> {
  let missingCount = 0;
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    missingCount = (await deleteOwnObject(store, grant, signal)) ? 0 : missingCount + 1;
    if (missingCount >= 2) return;
    await clock.sleep(ROUND_DELAY_MS * round, signal);
  }
  throw objectReappearedError(grant);
}

function objectReappearedError({ bucket, key }: UploadGrant): UploadError {
  return serverError(
    `the object is stored again after ${ROUNDS_MAX} deletions: a client is still sending it`,
    { context: { operation: 'abort', bucket, key } },
  );
}
