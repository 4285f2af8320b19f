import type { ObjectOptions } from './ports.ts';

/** The user metadata that identifies the upload of an object: `x-oss-meta-partway-upload`. */
export const NONCE_METADATA = 'partway-upload';

/** The object's options with the nonce of its upload among the metadata. */
export function addNonce(object: ObjectOptions, nonce: string): ObjectOptions {
  return { ...object, metadata: { ...object.metadata, [NONCE_METADATA]: nonce } };
}

/** Throws a `TypeError` for metadata of the nonce's name. */
export function assertNoNonce({ metadata = {} }: ObjectOptions): void {
  if (Object.keys(metadata).some((name) => name.toLowerCase() === NONCE_METADATA)) {
    throw new TypeError(`metadata.${NONCE_METADATA} is set by Partway itself: choose another name`);
  }
}
