import { addNonce, assertNoNonce } from './nonce.ts';
import type { UploadOptions } from './options.ts';
import { assertKey } from './oss/key.ts';
import { aclHeader, objectHeaders } from './oss/object-headers.ts';

/**
 * Throws a `TypeError` or `RangeError` for a key or object options that OSS would reject, before anything is
 * sent. The coordinator checks both again.
 */
export function assertObjectOptions({ key, ...object }: UploadOptions): void {
  assertKey(key);
  assertNoNonce(object);
  // Only for its checks: the coordinator creates the headers again, with a nonce of this length.
  objectHeaders(addNonce(object, '0'.repeat(32)));
  aclHeader(object.acl);
}
