import { UploadError } from '@partway/core';

/** The error of a request that is no callback of OSS. Repeats nothing of it. */
export function refusedCallback(what: string, cause?: unknown): UploadError {
  return new UploadError({
    code: 'refused',
    message: `the callback ${what}`,
    disposition: 'permanent',
    context: { operation: 'callback' },
    ...(cause === undefined ? {} : { cause }),
  });
}
