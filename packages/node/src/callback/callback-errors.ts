import { UploadError } from '@partway/core';
import { networkError, refusedError } from '@partway/core/internal';

const context = { operation: 'callback' };

/** The request cannot be a callback of OSS. The message contains nothing of the request. */
export function refusedCallbackError(problem: string, cause?: unknown): UploadError {
  return refusedError(`the callback ${problem}`, { context, ...(cause === undefined ? {} : { cause }) });
}

export function forgedCallbackError(): UploadError {
  return new UploadError({
    code: 'signature_mismatch',
    message: 'the signature of the callback does not match its path, query and body',
    disposition: 'permanent',
    context,
    hint: 'It is forged, or a proxy has changed the request: pass path, query and body as OSS sent them.',
  });
}

export function keyFetchError(cause: unknown): UploadError {
  return networkError('the public key of the callback could not be fetched', { context, cause });
}
