import type { ObjectStore } from '../object-store-port.ts';
import { createObjectStore } from './object-store.ts';
import { createOssWire, type OssBucketOptions } from './oss-wire.ts';

export interface OssObjectStoreOptions extends OssBucketOptions {}

/**
 * An {@link ObjectStore} over `fetch`, for Node, Deno, Bun and edge runtimes: signed by header with version
 * 4, each operation sent once, redirects refused.
 *
 * @throws TypeError that names the option.
 */
export function createOssObjectStore(options: OssObjectStoreOptions): ObjectStore {
  return createObjectStore(createOssWire(options));
}
