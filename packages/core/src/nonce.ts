import type { ObjectOptions } from './ports.ts';

/** The user metadata that names the upload which made an object: `x-oss-meta-partway-upload`. */
export const NONCE_METADATA = 'partway-upload';

/** The object's options with the nonce of its upload among the metadata. */
export function markedObject(object: ObjectOptions, nonce: string): ObjectOptions {
  return { ...object, metadata: { ...object.metadata, [NONCE_METADATA]: nonce } };
}

/** Throws a `TypeError` for metadata that would be taken for the nonce. */
export function assertUnmarked({ metadata = {} }: ObjectOptions): void {
  if (Object.keys(metadata).some((name) => name.toLowerCase() === NONCE_METADATA)) {
    throw new TypeError(`metadata.${NONCE_METADATA} is set by Partway itself: choose another name`);
  }
}
