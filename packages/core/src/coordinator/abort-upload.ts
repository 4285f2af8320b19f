import { UploadError } from '../errors.ts';
import type { Clock, ObjectStore } from '../ports.ts';
import { abortUntilGone, ROUND_DELAY_MS, ROUNDS_MAX } from './abort-until-gone.ts';
import { deleteObjectOf } from './object-of.ts';
import type { UploadGrant } from './upload-token.ts';

/** Removes whatever the upload left: its parts, or the object of a single PutObject. */
export async function abortUpload(
  store: ObjectStore,
  clock: Clock,
  grant: UploadGrant,
  signal: AbortSignal,
): Promise<void> {
  const { key, uploadId } = grant;
  return uploadId === undefined
    ? deleteUntilGone(store, clock, grant, signal)
    : abortUntilGone(store, clock, { key, uploadId }, signal);
}

/** A PutObject in flight may land after the object was looked for: so it must be missed twice. */
async function deleteUntilGone(
  store: ObjectStore,
  clock: Clock,
  grant: UploadGrant,
  signal: AbortSignal,
): Promise<void> {
  let missed = 0;
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    missed = (await deleteObjectOf(store, grant, signal)) ? 0 : missed + 1;
    if (missed >= 2) return;
    await clock.sleep(ROUND_DELAY_MS * round, signal);
  }
  throw new UploadError({
    code: 'server_error',
    message: `the object is in OSS again after ${ROUNDS_MAX} looks for it`,
    disposition: 'transient',
    context: { operation: 'abort', bucket: grant.bucket, key: grant.key },
  });
}
