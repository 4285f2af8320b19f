import { UploadError } from '../../errors.ts';
import type { ListedUpload, ObjectStore } from '../../object-store-port.ts';
import type { Clock } from '../../ports.ts';
import { abortUntilGone } from './abort-until-gone.ts';

/**
 * Removes what an initiation began whose answer was lost: uploads of the same key that hold no part and are
 * no older than its first try. OSS tells nothing else of an upload. Should one be somebody else's, who has
 * sent nothing yet, his engine begins anew when it finds his upload gone.
 */
export async function sweepLost(
  store: ObjectStore,
  clock: Clock,
  { key, uploadId }: { readonly key: string; readonly uploadId: string },
  previousAttemptAgeMs: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (const lost of await recentUploadsOfSameKey(store, { key, uploadId }, previousAttemptAgeMs, signal)) {
      const isBare = await holdsNoPart(store, lost, signal);
      if (isBare) await abortUntilGone(store, clock, { key, uploadId: lost.uploadId }, signal);
    }
  } catch (reason) {
    // Whoever may not list or abort can upload all the same: a lifecycle rule removes what is left. What may
    // pass is thrown, and the next try sweeps up after this one too.
    if (!(reason instanceof UploadError) || reason.retryable) throw reason;
  }
}

/** By the clock of OSS alone: our own upload is in the same list. */
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
  const young = listed.filter(
    (upload) => upload.key === key && upload.uploadId !== uploadId && upload.initiatedAt >= since,
  );
  return young.sort((a, b) => b.initiatedAt - a.initiatedAt).slice(0, LOST_MAX);
}

/**
 * No client of ours tries more often: a caller who has begun a thousand must not have them all looked at each
 * time.
 */
const LOST_MAX = 100;

/** OSS tells the instant of an initiation in whole seconds, and requests take their time on the way. */
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
