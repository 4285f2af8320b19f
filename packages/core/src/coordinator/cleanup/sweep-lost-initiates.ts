import { UploadError } from '../../errors.ts';
import type { ListedUpload, ObjectStore } from '../../object-store-port.ts';
import type { Clock } from '../../ports.ts';
import { abortUntilGone } from './abort-until-gone.ts';

/**
 * Aborts uploads of lost Initiate responses: uploads of the same key without parts that are no older than the
 * first attempt. OSS reports nothing else about an upload. If one belongs to another client that has sent
 * nothing yet, its engine restarts when it finds the upload missing.
 */
export async function sweepLostInitiates(
  store: ObjectStore,
  clock: Clock,
  { key, uploadId }: { readonly key: string; readonly uploadId: string },
  previousAttemptAgeMs: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (const lost of await recentUploadsOfSameKey(store, { key, uploadId }, previousAttemptAgeMs, signal)) {
      const hasNoParts = await holdsNoPart(store, lost, signal);
      if (hasNoParts) await abortUntilGone(store, clock, { key, uploadId: lost.uploadId }, signal);
    }
  } catch (reason) {
    // A signer without permission to list or abort can still upload: a lifecycle rule removes the
    // leftovers. A transient failure is thrown, so that the next attempt sweeps again.
    if (!(reason instanceof UploadError) || reason.retryable) throw reason;
  }
}

/** Compares by the clock of OSS alone: our own upload is in the same list. */
async function recentUploadsOfSameKey(
  store: ObjectStore,
  { key, uploadId }: { readonly key: string; readonly uploadId: string },
  previousAttemptAgeMs: number,
  signal: AbortSignal,
): Promise<readonly ListedUpload[]> {
  const listed = await store.listUploads({ prefix: key, signal });
  const ours = listed.find((upload) => upload.uploadId === uploadId);
  if (ours === undefined) return [];
  const since = ours.initiatedAt - previousAttemptAgeMs - SLACK_MS;
  const recent = listed.filter(
    (upload) => upload.key === key && upload.uploadId !== uploadId && upload.initiatedAt >= since,
  );
  return recent.sort((a, b) => b.initiatedAt - a.initiatedAt).slice(0, LOST_MAX);
}

/**
 * Our clients never retry more often: a caller with a thousand uploads must not have all of them inspected
 * each time.
 */
const LOST_MAX = 100;

/** OSS reports the time of Initiate in whole seconds, and requests have a latency. */
const SLACK_MS = 10_000;

async function holdsNoPart(store: ObjectStore, upload: ListedUpload, signal: AbortSignal): Promise<boolean> {
  const { key, uploadId } = upload;
  try {
    return (await store.listParts({ key, uploadId, signal })).length === 0;
  } catch (reason) {
    if (reason instanceof UploadError && reason.code === 'upload_not_found') return false;
    throw reason;
  }
}
