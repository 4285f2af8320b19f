import { type Callback, parseCallback } from '../callback.ts';
import { UploadError } from '../errors.ts';
import type { ObjectHead, ObjectStore } from '../object-store-port.ts';
import { headOwnObject } from './own-object.ts';
import type { UploadGrant } from './upload-token.ts';

/** The upload that a callback is chosen for. */
export interface UploadToCallBack {
  /** The bucket of the object. */
  readonly bucket: string;
  /** The key of the object. */
  readonly key: string;
  /** Bytes; `undefined` for a stream. */
  readonly size: number | undefined;
}

/** Chooses the callback of an upload. Throws a `TypeError` or `RangeError` for an invalid callback. */
export function createCallbackChoice(
  option: Callback | ((upload: UploadToCallBack) => Callback | undefined) | undefined,
): (upload: UploadToCallBack) => Callback | undefined {
  if (option === undefined) return () => undefined;
  if (typeof option !== 'function') {
    const always = parseCallback(option);
    return () => always;
  }
  return (upload) => {
    const chosen = option(upload);
    return chosen === undefined ? undefined : parseCallback(chosen);
  };
}

/**
 * Returns the object of a Complete that OSS reports as stored with a failed callback. Complete is not sent
 * again: when the HEAD fails, or the object belongs to another writer, the failure is thrown. Only a response
 * for an upload that still exists did not come from OSS.
 */
export async function objectDespiteCallback(
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
  if (!isOpen) throw failure;
  throw new UploadError({
    code: 'malformed_response',
    message: 'Complete returned 203, but the upload still exists',
    disposition: 'transient',
    context: failure.context,
    hint: 'A proxy between the coordinator and OSS may have sent the response.',
  });
}
