import { UploadError } from '../errors.ts';
import type { Clock, ObjectStore } from '../ports.ts';
import { deleteObjectOf } from './object-of.ts';
import type { UploadGrant } from './upload-token.ts';

/**
 * Removes whatever the upload left: its parts, or the object of a single PutObject. What was in flight may
 * land after an abort, and would be billed for ever or stand under the key; so it is repeated until OSS knows
 * nothing of it.
 */
export async function abortUpload(
  store: ObjectStore,
  clock: Clock,
  grant: UploadGrant,
  signal: AbortSignal,
): Promise<void> {
  let quiet = 0;
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const wasThere = await removeOnce(store, grant, signal);
    quiet = wasThere ? 0 : quiet + 1;
    // A part cannot land in an upload that is gone. A PutObject in flight can: it is looked for twice.
    if (quiet >= (grant.uploadId === undefined ? 2 : 1)) return;
    await clock.sleep(ROUND_DELAY_MS * round, signal);
  }
  throw new UploadError({
    code: 'server_error',
    message: `OSS still holds something of the upload after ${ROUNDS_MAX} aborts`,
    disposition: 'transient',
    context: { operation: 'abort', bucket: grant.bucket, key: grant.key },
  });
}

/** Whether there was anything to remove. */
async function removeOnce(store: ObjectStore, grant: UploadGrant, signal: AbortSignal): Promise<boolean> {
  const { key, uploadId } = grant;
  if (uploadId === undefined) return deleteObjectOf(store, grant, signal);
  if (await isGone(() => store.abort({ key, uploadId, signal }))) return false;
  return !(await isGone(() => store.listParts({ key, uploadId, signal })));
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
