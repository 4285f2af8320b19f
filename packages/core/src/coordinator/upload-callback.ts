import { type Callback, parseCallback } from '../callback.ts';
import { malformedResponseError, type UploadError } from '../errors.ts';
import type { ObjectHead, ObjectStore } from '../object-store-port.ts';
import { headOwnObject } from './own-object.ts';
import type { UploadGrant } from './upload-token.ts';

/** The upload that a function `callback` chooses a callback for. */
export interface UploadForCallback {
  /** The bucket of the upload. */
  readonly bucket: string;
  /** The object key, as `authorize` chose it. */
  readonly key: string;
  /** Bytes; `undefined` for a stream. */
  readonly size: number | undefined;
}

/**
 * Resolves the option `callback` to a function. It throws a `TypeError` or `RangeError` for an invalid
 * callback, at once for a constant and at Initiate for a function.
 */
export function resolveCallback(
  option: Callback | ((upload: UploadForCallback) => Callback | undefined) | undefined,
): (upload: UploadForCallback) => Callback | undefined {
  if (option === undefined) return () => undefined;
  if (typeof option !== 'function') {
    const callback = parseCallback(option);
    return () => callback;
  }
  return (upload) => {
    const callback = option(upload);
    return callback === undefined ? undefined : parseCallback(callback);
  };
}

/**
 * Finds the object after OSS reported that Complete stored the object but the callback failed.
 * Complete is not repeated. If HEAD fails, or another upload has replaced the object, the failure is thrown.
 * If the upload is still open, the response did not come from OSS.
 */
export async function headDespiteCallback(
  store: ObjectStore,
  grant: UploadGrant & { readonly uploadId: string },
  failure: UploadError,
  signal: AbortSignal,
): Promise<ObjectHead> {
  const { key, uploadId } = grant;
  const head = await headOwnObject(store, grant, signal).catch(() => {
    signal.throwIfAborted();
    throw failure;
  });
  if (head !== undefined) return head;
  const isOpen = await store.listParts({ key, uploadId, signal }).then(
    () => true,
    () => false,
  );
  signal.throwIfAborted();
  throw isOpen ? falseCompletionError(failure) : failure;
}

function falseCompletionError({ context }: UploadError): UploadError {
  return malformedResponseError('the response to Complete had status 203, but the upload is still open', {
    context,
    hint: 'A proxy between the coordinator and OSS may have sent the response.',
  });
}
