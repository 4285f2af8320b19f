import { UploadError } from '../../errors.ts';
import type { ObjectStore } from '../../object-store-port.ts';
import type { Clock } from '../../ports.ts';

/**
 * Aborts a multipart upload until OSS reports that it does not exist: a part in flight may be stored after an
 * abort, and would be billed until it is removed. Resolves with whether the upload existed. Rejects with
 * `server_error` when it still exists after 5 aborts.
 */
export async function abortUntilGone(
  store: ObjectStore,
  clock: Clock,
  upload: {
    /** The key of the upload. */
    readonly key: string;
    /** The upload ID. */
    readonly uploadId: string;
  },
  signal: AbortSignal,
): Promise<boolean> {
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    if (await isUploadGone(() => store.abort({ ...upload, signal }))) return round > 1;
    if (await isUploadGone(() => store.listParts({ ...upload, signal }))) return true;
    await clock.sleep(ROUND_DELAY_MS * round, signal);
  }
  throw new UploadError({
    code: 'server_error',
    message: `OSS still holds the upload after ${ROUNDS_MAX} aborts`,
    disposition: 'transient',
    context: { operation: 'abort', bucket: store.bucket, ...upload },
    hint: 'Another process is still sending parts. Stop it, then abort the upload again.',
  });
}

export const ROUNDS_MAX = 5;
export const ROUND_DELAY_MS = 200;

async function isUploadGone(request: () => Promise<unknown>): Promise<boolean> {
  try {
    await request();
    return false;
  } catch (reason) {
    if (reason instanceof UploadError && reason.code === 'upload_not_found') return true;
    throw reason;
  }
}
