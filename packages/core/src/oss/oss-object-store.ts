import type { ObjectStore } from '../object-store-port.ts';
import { createObjectStore } from './object-store.ts';
import { createOssWire, type OssBucketOptions } from './oss-wire.ts';

/** The bucket of an object store. */
export interface OssObjectStoreOptions extends OssBucketOptions {}

/**
 * An {@link ObjectStore} over `fetch`, for Node, Deno, Bun and edge runtimes. Requests are signed by header
 * with version 4 and sent once; redirects are not followed.
 *
 * @throws TypeError that names the option.
 *
 * @example
 * ```ts
 * import { createOssObjectStore } from '@partway/core/oss';
 *
 * const store = createOssObjectStore({
 *   region: 'cn-hangzhou',
 *   bucket: 'media',
 *   credentials: {
 *     accessKeyId: process.env.OSS_ACCESS_KEY_ID ?? '',
 *     accessKeySecret: process.env.OSS_ACCESS_KEY_SECRET ?? '',
 *   },
 * });
 * const { method, url, headers } = await store.presign({
 *   method: 'PUT',
 *   key: 'notes/2.txt',
 *   headers: { 'Content-Type': 'text/plain' },
 * });
 * await fetch(url, { method, headers, body: 'hello' });
 * const object = await store.head({ key: 'notes/2.txt' });
 * console.log(object?.size);
 * ```
 */
export function createOssObjectStore(options: OssObjectStoreOptions): ObjectStore {
  return createObjectStore(createOssWire(options));
}
