import { crc64 } from '../checksum/crc64.ts';
import { checksumMismatchError, serverError, UploadError } from '../errors.ts';
import type { ObjectStore } from '../object-store-port.ts';
import { responseError } from '../oss/error-response.ts';
import type { Fetch } from '../oss/signed-fetch.ts';
import type { Clock } from '../ports.ts';
import { type Check, failed, failedWithError, ok, skipped, warningWithError } from './check.ts';
import { sendUnsigned } from './send-unsigned.ts';

export interface ProbeOptions {
  readonly store: ObjectStore;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** A key that nothing else uses. */
  readonly key: string;
  readonly signal: AbortSignal;
}

/**
 * Initiates an upload, sends a part with a presigned URL, lists, and aborts. Every upload of the key is
 * removed, also after a failure and when the signal is aborted.
 */
export async function probeUpload(options: ProbeOptions): Promise<readonly Check[]> {
  const state: ProbeState = { uploadId: undefined, mayHaveMore: false };
  try {
    const upload = await checkUpload(options, state);
    const { uploadId } = state;
    const lists =
      uploadId === undefined
        ? [skipped('list-parts', NOT_INITIATED), skipped('list-uploads', NOT_INITIATED)]
        : [await checkListParts(options, uploadId), await checkListUploads(options, uploadId)];
    return [upload, ...lists, await checkRemoval(options, state)];
  } catch (reason) {
    await checkRemoval(options, state);
    throw reason;
  }
}

interface ProbeState {
  uploadId: string | undefined;
  /** Whether an initiation got no response, so that it may have started an upload. */
  mayHaveMore: boolean;
}

const NOT_INITIATED = 'No upload could be initiated.';

async function checkUpload(options: ProbeOptions, state: ProbeState): Promise<Check> {
  const { store, key, signal } = options;
  try {
    state.mayHaveMore = true;
    state.uploadId = (await store.initiate({ key, object: {}, signal })).uploadId;
    state.mayHaveMore = false;
    await sendPart(options, state.uploadId);
    return ok('upload', 'A part was sent with a presigned URL, and OSS responded with its CRC64.');
  } catch (reason) {
    if (reason instanceof UploadError && !reason.retryable) state.mayHaveMore = false;
    return failedWithError('upload', reason, 'oss:PutObject');
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
  const response = await sendUnsigned(fetch, url, request, 'the presigned part', context);
  const error = responseError(response, context);
  if (error !== undefined) throw error;
  if (response.headers['x-oss-hash-crc64ecma'] === crc64(PART)) return;
  throw checksumMismatchError('the response to the part has no CRC64, or another one', {
    context,
    hint: 'Look for a proxy that changes bodies or removes headers.',
  });
}

async function checkListParts({ store, key, signal }: ProbeOptions, uploadId: string): Promise<Check> {
  try {
    const parts = await store.listParts({ key, uploadId, signal });
    return ok('list-parts', `OSS lists the parts of an upload: the probe has ${parts.length}.`);
  } catch (reason) {
    return failedWithError('list-parts', reason, 'oss:ListParts');
  }
}

/** Sweeps need it, and the removal of uploads of a lost Initiate. */
async function checkListUploads({ store, key, signal }: ProbeOptions, uploadId: string): Promise<Check> {
  try {
    const uploads = await store.listUploads({ prefix: key, signal });
    if (uploads.some((upload) => upload.uploadId === uploadId)) {
      return ok('list-uploads', 'OSS lists the unfinished uploads.');
    }
    const remedy = 'Examine the bucket again; if it still fails, a proxy may cache responses of OSS.';
    return failed('list-uploads', 'OSS does not list the upload that was just initiated.', remedy);
  } catch (reason) {
    return warningWithError('list-uploads', reason, 'oss:ListMultipartUploads');
  }
}

/** Without a signal: the upload must be removed. */
async function checkRemoval({ store, clock, key }: ProbeOptions, state: ProbeState): Promise<Check> {
  const { uploadId, mayHaveMore } = state;
  if (uploadId === undefined && !mayHaveMore) return skipped('abort', NOT_INITIATED);
  try {
    const uploads = uploadId === undefined ? await store.listUploads({ prefix: key }) : [{ key, uploadId }];
    for (const upload of uploads) await abortProbe(store, clock, upload);
    if (uploads.length === 0) return skipped('abort', NOT_INITIATED);
    return ok('abort', 'The upload and its part were removed: nothing is left.');
  } catch (reason) {
    const error = UploadError.from(reason);
    const which = uploadId === undefined ? 'An upload' : `The upload ${uploadId}`;
    const action =
      error.code === 'access_denied' ? `Grant ${REMOVAL_PERMISSIONS} to the signer; then remove` : 'Remove';
    const detail = `${which} of ${key} may still exist: ${error.message}`;
    return failed('abort', detail, `${action} it with \`partway abort\` or \`partway sweep\`.`);
  }
}

const REMOVAL_PERMISSIONS = 'oss:AbortMultipartUpload and oss:ListMultipartUploads';

/** Does not list parts, for which the permission may be missing: an abort of a removed upload returns 404. */
async function abortProbe(
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
  throw serverError(`OSS still has the upload after ${ABORTS_MAX} aborts`);
}

const ABORTS_MAX = 5;
const ABORT_DELAY_MS = 200;
