import { type Callback, parseCallback } from '../callback.ts';
import { UploadError } from '../errors.ts';
import type { ObjectHead, ObjectStore } from '../object-store-port.ts';
import { headOwnObject } from './own-object.ts';
import type { UploadGrant } from './upload-token.ts';

/** By what a callback may be chosen. */
export interface UploadToCallBack {
  readonly bucket: string;
  readonly key: string;
  /** `undefined` for a stream. */
  readonly size: number | undefined;
}

/** Chooses what OSS tells of an upload. Throws a `TypeError` or `RangeError` for what is no callback. */
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
 * The object of a Complete of which OSS says that it was stored, and the callback failed. Complete is not
 * sent again: where the object cannot be looked at, or is another writer's by now, the failure is thrown.
 * Only where the upload is still open was the answer none of OSS's.
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
    message: 'Complete was answered with 203, and has completed nothing',
    disposition: 'transient',
    context: failure.context,
    hint: 'A proxy in between may have given it.',
  });
}
