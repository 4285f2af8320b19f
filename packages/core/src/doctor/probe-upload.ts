import { crc64 } from '../checksum/crc64.ts';
import { UploadError } from '../errors.ts';
import type { ObjectStore } from '../object-store-port.ts';
import { responseError } from '../oss/error-response.ts';
import type { Fetch } from '../oss/signed-fetch.ts';
import type { Clock } from '../ports.ts';
import { askUnsigned } from './ask-unsigned.ts';
import { type Check, failed, failedBy, ok, skipped, warnedBy } from './check.ts';

export interface ProbeOptions {
  readonly store: ObjectStore;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** A key nobody else uses. */
  readonly key: string;
  readonly signal: AbortSignal;
}

/**
 * Begins an upload, sends a part through a presigned URL, lists, and aborts. Nothing is left behind: whatever
 * happens, and also when the signal is aborted, every upload of the key is removed.
 */
export async function probeUpload(options: ProbeOptions): Promise<readonly Check[]> {
  const begun: Begun = { uploadId: undefined, mayBeMore: false };
  try {
    const upload = await uploadCheck(options, begun);
    const { uploadId } = begun;
    const lists =
      uploadId === undefined
        ? [skipped('list-parts', NOTHING_BEGUN), skipped('list-uploads', NOTHING_BEGUN)]
        : [await listPartsCheck(options, uploadId), await listUploadsCheck(options, uploadId)];
    return [upload, ...lists, await removalCheck(options, begun)];
  } catch (reason) {
    await removalCheck(options, begun);
    throw reason;
  }
}

interface Begun {
  uploadId: string | undefined;
  /** An initiation got no answer that says that nothing was begun. */
  mayBeMore: boolean;
}

const NOTHING_BEGUN = 'No upload could be begun.';

async function uploadCheck(options: ProbeOptions, begun: Begun): Promise<Check> {
  const { store, key, signal } = options;
  try {
    begun.mayBeMore = true;
    begun.uploadId = (await store.initiate({ key, object: {}, signal })).uploadId;
    begun.mayBeMore = false;
    await sendPart(options, begun.uploadId);
    return ok('upload', 'A part was sent through a presigned URL, and OSS answered with its CRC64.');
  } catch (reason) {
    if (reason instanceof UploadError && !reason.retryable) begun.mayBeMore = false;
    return failedBy('upload', reason, 'oss:PutObject');
  }
}

const PART: Uint8Array<ArrayBuffer> = new TextEncoder().encode('a part by which Partway tries a bucket');

async function sendPart({ store, fetch, key, signal }: ProbeOptions, uploadId: string): Promise<void> {
  const context = { operation: 'UploadPart', bucket: store.bucket, key, uploadId, partNumber: 1 };
  const { url, method, headers } = await store.presign({
    method: 'PUT',
    key,
    query: { partNumber: 1, uploadId },
  });
  const request = { method, headers, body: PART, signal };
  const answer = await askUnsigned(fetch, url, request, 'the presigned part', context);
  const error = responseError(answer, context);
  if (error !== undefined) throw error;
  if (answer.headers['x-oss-hash-crc64ecma'] === crc64(PART)) return;
  throw new UploadError({
    code: 'checksum_mismatch',
    message: 'OSS answered the part without its CRC64, or with another one',
    disposition: 'permanent',
    context,
    hint: 'Look for a proxy between here and OSS that changes bodies or removes headers.',
  });
}

async function listPartsCheck({ store, key, signal }: ProbeOptions, uploadId: string): Promise<Check> {
  try {
    const parts = await store.listParts({ key, uploadId, signal });
    return ok('list-parts', `OSS lists the parts of an upload: ${parts.length} of the probe.`);
  } catch (reason) {
    return failedBy('list-parts', reason, 'oss:ListParts');
  }
}

/** Sweeps need it, and the removal of what a lost Initiate began. */
async function listUploadsCheck({ store, key, signal }: ProbeOptions, uploadId: string): Promise<Check> {
  try {
    const uploads = await store.listUploads({ prefix: key, signal });
    if (uploads.some((upload) => upload.uploadId === uploadId)) {
      return ok('list-uploads', 'OSS lists the unfinished uploads.');
    }
    const remedy = 'Examine the bucket again; if it stays so, a proxy caches the answers of OSS.';
    return failed('list-uploads', 'OSS does not list the upload that was just begun.', remedy);
  } catch (reason) {
    return warnedBy('list-uploads', reason, 'oss:ListMultipartUploads');
  }
}

/** Heeds no signal: what was begun must go. */
async function removalCheck({ store, clock, key }: ProbeOptions, begun: Begun): Promise<Check> {
  const { uploadId, mayBeMore } = begun;
  if (uploadId === undefined && !mayBeMore) return skipped('abort', NOTHING_BEGUN);
  try {
    const left = uploadId === undefined ? await store.listUploads({ prefix: key }) : [{ key, uploadId }];
    for (const upload of left) await abortUntilGone(store, clock, upload);
    if (left.length === 0) return skipped('abort', NOTHING_BEGUN);
    return ok('abort', 'The upload and its part are removed: nothing is left.');
  } catch (reason) {
    const error = UploadError.from(reason);
    const which = uploadId === undefined ? 'An upload' : `The upload ${uploadId}`;
    const granted =
      error.code === 'access_denied' ? `Grant ${REMOVAL_RIGHTS} to the signer; then remove` : 'Remove';
    const detail = `${which} of ${key} may still be there: ${error.message}`;
    return failed('abort', detail, `${granted} it with \`partway abort\` or \`partway sweep\`.`);
  }
}

const REMOVAL_RIGHTS = 'oss:AbortMultipartUpload and oss:ListMultipartUploads';

/** Looks at no parts, for which the right may be missing: OSS answers the abort of what is gone with 404. */
async function abortUntilGone(
  store: ObjectStore,
  clock: Clock,
  { key, uploadId }: { readonly key: string; readonly uploadId: string },
): Promise<void> {
  for (let round = 0; round < ABORTS_MAX; round++) {
    if (round >= 2) await clock.sleep(ABORT_DELAY_MS * round, new AbortController().signal);
    try {
      await store.abort({ key, uploadId });
    } catch (reason) {
      if (reason instanceof UploadError && reason.code === 'upload_not_found') return;
      throw reason;
    }
  }
  throw new UploadError({
    code: 'server_error',
    message: `OSS still knows the upload after ${ABORTS_MAX} aborts`,
    disposition: 'transient',
  });
}

const ABORTS_MAX = 5;
const ABORT_DELAY_MS = 200;
