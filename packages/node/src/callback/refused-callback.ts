import { UploadError } from '@partway/core';

/** What came is no callback that could be OSS's. Nothing of it is repeated. */
export function refusedCallback(what: string, cause?: unknown): UploadError {
  return new UploadError({
    code: 'refused',
    message: `the callback ${what}`,
    disposition: 'permanent',
    context: { operation: 'callback' },
    ...(cause === undefined ? {} : { cause }),
  });
}
