import { UploadError } from '../../errors.ts';
import type { ObjectStore } from '../../object-store-port.ts';
import type { UploadedObject } from '../../ports.ts';
import type { OpenedGrant } from '../grant.ts';
import { callHook, grantedUpload } from '../hooks.ts';
import { deleteOwnObject } from '../own-object.ts';
import type { ResolvedCoordinatorOptions } from '../resolved-options.ts';
import { refusedError } from './access.ts';

/**
 * Calls the service's `verifyContent` with the first bytes of an object. Deletes an object that it rejects,
 * and rejects with `refused`.
 */
export async function verifyContent<Context>(
  { verifyContent, fetch }: ResolvedCoordinatorOptions<Context>,
  { store, grant }: OpenedGrant,
  object: UploadedObject,
  signal: AbortSignal,
): Promise<void> {
  if (verifyContent === undefined) return;
  const start = await firstBytes(store, fetch, object, signal);
  const upload = grantedUpload(grant);
  if (await callHook('verifyContent', () => verifyContent(start, upload))) return;
  await deleteOwnObject(store, grant, signal);
  throw refusedError('the content of the file does not match its type', 'The object was deleted.');
}

/** Enough bytes to detect a type: all magic numbers lie in them, that of a tar at 257 included. */
const FIRST_BYTES_MAX = 4100;

/** Reads the first bytes of an object, at most `FIRST_BYTES_MAX`. */
async function firstBytes(
  store: ObjectStore,
  fetch: (url: string, init: RequestInit) => Promise<Response>,
  { key, versionId, size }: UploadedObject,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (size === 0) return new Uint8Array(0);
  const query = versionId === undefined ? {} : { versionId };
  const { url, headers } = await store.presign({ method: 'GET', key, query, expiresInSeconds: 60, signal });
  const range = `bytes=0-${Math.min(size, FIRST_BYTES_MAX) - 1}`;
  const readRange = async (): Promise<Uint8Array> => {
    const response = await fetch(url, { headers: { ...headers, range }, redirect: 'manual', signal });
    if (response.status !== 206 && response.status !== 200) throw unreadableError(response.status);
    return readStart(response);
  };
  return readRange().catch((reason: unknown) => {
    signal.throwIfAborted();
    // Without the cause: runtimes put URLs into its message.
    throw reason instanceof UploadError ? reason : unreadableError(undefined);
  });
}

/** Stops reading at the limit: a server without ranges sends the whole object. */
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

function unreadableError(status: number | undefined): UploadError {
  return new UploadError({
    code: status === 403 ? 'access_denied' : 'server_error',
    message: 'the first bytes of the object could not be read',
    disposition: status === 403 ? 'permanent' : 'transient',
    context: { operation: 'GetObject', ...(status !== undefined && { status }) },
  });
}
