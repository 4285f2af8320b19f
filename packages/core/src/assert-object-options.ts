import { assertUnmarked, markedObject } from './nonce.ts';
import type { UploadOptions } from './options.ts';
import { assertKey } from './oss/key.ts';
import { aclHeader, objectHeaders } from './oss/object-headers.ts';

/**
 * Throws a `TypeError` or `RangeError` for a key or an object that OSS would refuse, before anything is sent:
 * the coordinator checks both again.
 */
export function assertObjectOptions({ key, ...object }: UploadOptions): void {
  assertKey(key);
  assertUnmarked(object);
  // Made only to be checked: the coordinator makes them again, with a nonce of this length.
  objectHeaders(markedObject(object, '0'.repeat(32)));
  aclHeader(object.acl);
}
