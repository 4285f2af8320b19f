import type { ObjectHead, ObjectStore } from '../object-store-port.ts';
import { NONCE_METADATA } from '../oss/object-headers.ts';
import type { UploadGrant } from './upload-token.ts';

/** The object under the upload's key; `undefined` if there is none, or if another upload created it. */
export async function headOwnObject(
  store: ObjectStore,
  { key, nonce }: UploadGrant,
  signal: AbortSignal,
): Promise<ObjectHead | undefined> {
  const head = await store.head({ key, signal });
  // canary: foreign-object
  return head?.metadata[NONCE_METADATA] === nonce ? head : undefined;
}

/**
 * Deletes the object under the upload's key, if this upload created it, and only that version. Resolves with
 * whether there was one.
 */
export async function deleteOwnObject(
  store: ObjectStore,
  grant: UploadGrant,
  signal: AbortSignal,
): Promise<boolean> {
  const head = await headOwnObject(store, grant, signal);
  if (head === undefined) return false;
  const version = head.versionId === undefined ? {} : { versionId: head.versionId };
  await store.delete({ key: grant.key, ...version, signal });
  return true;
}
