import { UploadError } from '../../errors.ts';
import type { ObjectStore } from '../../object-store-port.ts';
import type { Clock } from '../../ports.ts';

/**
 * Aborts a multipart upload until OSS does not know it any more: a part that was in flight may land after an
 * abort, and would be billed for ever. Resolves also when there was no such upload, and tells whether there
 * was one.
 */
export async function abortUntilGone(
  store: ObjectStore,
  clock: Clock,
  upload: { readonly key: string; readonly uploadId: string },
  signal: AbortSignal,
): Promise<boolean> {
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    if (await isGone(() => store.abort({ ...upload, signal }))) return round > 1;
    if (await isGone(() => store.listParts({ ...upload, signal }))) return true;
    await clock.sleep(ROUND_DELAY_MS * round, signal);
  }
  throw new UploadError({
    code: 'server_error',
    message: `OSS still holds the upload after ${ROUNDS_MAX} aborts`,
    disposition: 'transient',
    context: { operation: 'abort', bucket: store.bucket, ...upload },
    hint: 'Something goes on sending parts of it. Stop that, and abort it again.',
  });
}

export const ROUNDS_MAX = 5;
export const ROUND_DELAY_MS = 200;

async function isGone(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return false;
  } catch (reason) {
    if (reason instanceof UploadError && reason.code === 'upload_not_found') return true;
    throw reason;
  }
}
