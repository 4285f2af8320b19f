import { UploadError } from '../errors.ts';
import type { ObjectStore } from '../object-store-port.ts';
import type { UploadedObject } from '../ports.ts';
import type { OpenedGrant } from './grant.ts';
import { callHook, toGrantedUpload } from './hooks.ts';
import { deleteOwnObject } from './own-object.ts';
import { uploadRefusedError } from './policy/access.ts';
import type { ResolvedCoordinatorOptions } from './resolved-options.ts';

/** Deletes an object that the option `verifyContent` rejects, and rejects with `refused`. */
export async function verifyContent<Context>(
  { verifyContent, fetch }: ResolvedCoordinatorOptions<Context>,
  { store, grant }: OpenedGrant,
  object: UploadedObject,
  signal: AbortSignal,
): Promise<void> {
  if (verifyContent === undefined) return;
  const firstBytes = await readFirstBytes(store, fetch, object, signal);
  const upload = toGrantedUpload(grant);
  if (await callHook('verifyContent', () => verifyContent(firstBytes, upload))) return;
  await deleteOwnObject(store, grant, signal);
  throw uploadRefusedError('the content of the file does not match its type', 'The object was deleted.');
}

/** Enough to recognise a file type: magic numbers lie within these bytes, such as that of a tar at 257. */
const FIRST_BYTES_MAX = 4100;

async function readFirstBytes(
  store: ObjectStore,
  fetch: (url: string, init: RequestInit) => Promise<Response>,
  { key, versionId, size }: UploadedObject,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (size === 0) return new Uint8Array(0);
  const query = versionId === undefined ? {} : { versionId };
  const { url, headers } = await store.presign({ method: 'GET', key, query, expiresInSeconds: 60, signal });
  const range = `bytes=0-${Math.min(size, FIRST_BYTES_MAX) - 1}`;
  try {
    const response = await fetch(url, { headers: { ...headers, range }, redirect: 'manual', signal });
    if (response.status !== 206 && response.status !== 200) throw contentUnreadableError(response.status);
    return await readStart(response);
  } catch (reason) {
    signal.throwIfAborted();
    // The cause is left out: some runtimes put the presigned URL into its message.
    throw reason instanceof UploadError ? reason : contentUnreadableError();
  }
}

/** A server without support for ranges sends the whole object. */
async function readStart({ body }: Response): Promise<Uint8Array> {
  const bytes = new Uint8Array(FIRST_BYTES_MAX);
  let length = 0;
  const reader = body?.getReader();
  while (reader !== undefined && length < bytes.length) {
    const { done, value } = await reader.read();
    if (done) return bytes.subarray(0, length);
    bytes.set(value.subarray(0, bytes.length - length), length);
    length = Math.min(length + value.length, bytes.length);
  }
  await reader?.cancel();
  return bytes.subarray(0, length);
}

function contentUnreadableError(status?: number): UploadError {
  const isDenied = status === 403;
  return new UploadError({
    code: isDenied ? 'access_denied' : 'server_error',
    message: 'the first bytes of the object could not be read from OSS',
    disposition: isDenied ? 'permanent' : 'transient',
    context: { operation: 'GetObject', ...(status !== undefined && { status }) },
  });
}
