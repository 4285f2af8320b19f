import { UploadError } from '../errors.ts';
import type { Clock, ObjectStore } from '../ports.ts';
import { deleteObjectOf } from './object-of.ts';
import type { UploadGrant } from './upload-token.ts';

/**
 * Removes whatever the upload left: its parts, or the object of a single PutObject. A part that was in flight
 * may land after an abort and would be billed for ever, so the abort is repeated until OSS does not know the
 * upload.
 */
export async function abortUpload(
  store: ObjectStore,
  clock: Clock,
  grant: UploadGrant,
  signal: AbortSignal,
): Promise<void> {
  const { key, uploadId } = grant;
  if (uploadId === undefined) return deleteObjectOf(store, grant, signal);
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    if (await isGone(() => store.abort({ key, uploadId, signal }))) return;
    if (await isGone(() => store.listParts({ key, uploadId, signal }))) return;
    await clock.sleep(ROUND_DELAY_MS * round, signal);
  }
  throw new UploadError({
    code: 'server_error',
    message: `OSS still lists parts after ${ROUNDS_MAX} aborts`,
    disposition: 'transient',
    context: { operation: 'abort', bucket: grant.bucket, key, uploadId },
  });
}

const ROUNDS_MAX = 5;
const ROUND_DELAY_MS = 200;

async function isGone(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return false;
  } catch (reason) {
    if (reason instanceof UploadError && reason.code === 'upload_not_found') return true;
    throw reason;
  }
}
