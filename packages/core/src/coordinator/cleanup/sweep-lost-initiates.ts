import { UploadError } from '../../errors.ts';
import type { ListedUpload, ObjectStore } from '../../object-store-port.ts';
import type { Clock } from '../../ports.ts';
import { abortUntilGone, type MultipartUpload } from './abort-upload.ts';

/**
 * Removes uploads of earlier attempts to initiate after lost responses: uploads of the same key that have no
 * part and are not older than the first attempt. OSS reports nothing else about an upload. If one of them
 * belongs to another client that has not sent a part yet, that client's engine starts again from the
 * beginning.
 */
export async function sweepLostInitiates(
  store: ObjectStore,
  clock: Clock,
  upload: MultipartUpload,
  previousAttemptAgeMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { key } = upload;
  try {
    for (const { uploadId } of await recentUploadsOfSameKey(store, upload, previousAttemptAgeMs, signal)) {
      const isEmpty = await hasNoPart(store, { key, uploadId }, signal);
      if (isEmpty) await abortUntilGone(store, clock, { key, uploadId }, signal);
    }
  } catch (reason) {
    // Uploads work without the right to list or abort: a lifecycle rule then removes the lost ones. A
    // transient failure is thrown, so that the next attempt removes the upload of this one as well.
    if (!(reason instanceof UploadError) || reason.retryable) throw reason;
  }
}

/** Compares times of OSS only: the new upload is in the same list. */
async function recentUploadsOfSameKey(
  store: ObjectStore,
  { key, uploadId }: MultipartUpload,
  previousAttemptAgeMs: number,
  signal: AbortSignal,
): Promise<readonly ListedUpload[]> {
  const listed = await store.listUploads({ prefix: key, signal });
  const own = listed.find((upload) => upload.uploadId === uploadId);
  if (own === undefined) return [];
  const since = own.initiatedAt - previousAttemptAgeMs - TOLERANCE_MS;
  const recent = listed.filter(
    (upload) => upload.key === key && upload.uploadId !== uploadId && upload.initiatedAt >= since,
  );
  return recent.sort((a, b) => b.initiatedAt - a.initiatedAt).slice(0, LOST_MAX);
}

/** Partway's clients try less often. The limit protects against a client with thousands of open uploads. */
const LOST_MAX = 100;

/** OSS reports the time of Initiate in whole seconds, and requests take time on their way. */
const TOLERANCE_MS = 10_000;

async function hasNoPart(
  store: ObjectStore,
  { key, uploadId }: MultipartUpload,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await store.listParts({ key, uploadId, signal })).length === 0;
  } catch (reason) {
    if (reason instanceof UploadError && reason.code === 'upload_not_found') return false;
    throw reason;
  }
}
