import { UploadError } from '../../errors.ts';
import type { ObjectStore } from '../../object-store-port.ts';
import type { Clock } from '../../ports.ts';
import { deleteOwnObject, headOwnObject } from '../own-object.ts';
import type { UploadGrant } from '../upload-token.ts';
import { abortUntilGone, ROUND_DELAY_MS, ROUNDS_MAX } from './abort-until-gone.ts';

/**
 * Removes the parts of an upload, or the object of a single PutObject. An object from Complete is kept:
 * resolves with `false` then, and when its HEAD fails.
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

/** A PutObject in flight may be stored after a HEAD: the object must be missing twice. */
async function deleteUntilGone(
  store: ObjectStore,
  clock: Clock,
  grant: UploadGrant,
  signal: AbortSignal,
): Promise<void> {
  let missed = 0;
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    missed = (await deleteOwnObject(store, grant, signal)) ? 0 : missed + 1;
    if (missed >= 2) return;
    await clock.sleep(ROUND_DELAY_MS * round, signal);
  }
  throw new UploadError({
    code: 'server_error',
    message: `the object exists again after ${ROUNDS_MAX} deletions`,
    disposition: 'transient',
    context: { operation: 'abort', bucket: grant.bucket, key: grant.key },
  });
}
