import { UploadError } from '../../errors.ts';
import type { ObjectStore } from '../../object-store-port.ts';
import type { UploadedObject } from '../../ports.ts';

/** As much of an object as tells its type: every magic number lies in it, that of a tar at 257 included. */
export const FIRST_BYTES_MAX = 4100;

/** Reads the beginning of an object, at most `FIRST_BYTES_MAX` bytes of it. */
export async function firstBytes(
  store: ObjectStore,
  fetch: (url: string, init: RequestInit) => Promise<Response>,
  { key, versionId, size }: UploadedObject,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (size === 0) return new Uint8Array(0);
  const query = versionId === undefined ? {} : { versionId };
  const { url, headers } = await store.presign({ method: 'GET', key, query, expiresInSeconds: 60, signal });
  const range = `bytes=0-${Math.min(size, FIRST_BYTES_MAX) - 1}`;
  const answered = async (): Promise<Uint8Array> => {
    const response = await fetch(url, { headers: { ...headers, range }, redirect: 'manual', signal });
    if (response.status !== 206 && response.status !== 200) throw unreadable(response.status);
    return beginning(response);
  };
  return answered().catch((reason: unknown) => {
    signal.throwIfAborted();
    // The cause is not kept: runtimes put URLs into it.
    throw reason instanceof UploadError ? reason : unreadable(undefined);
  });
}

/** A server that does not know ranges sends all of it. */
async function beginning({ body }: Response): Promise<Uint8Array> {
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

function unreadable(status: number | undefined): UploadError {
  return new UploadError({
    code: status === 403 ? 'access_denied' : 'server_error',
    message: 'the first bytes of the object could not be read',
    disposition: status === 403 ? 'permanent' : 'transient',
    context: { operation: 'GetObject', ...(status !== undefined && { status }) },
  });
}
