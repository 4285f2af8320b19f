import { UploadError } from '@partway/core';
import type { PartBody, PartRequest, PartResponse } from '@partway/core/ports';
import { type BlobPartBody, unreadableBlobError } from '../blob-source.ts';
import { assertLength } from '../read-slices.ts';

/** What every transport of the browser sends, whatever its name. */
export interface BlobRequest {
  /** All but Content-Length: the browser alone may set it, and does, to the size of the body. */
  readonly headers: Readonly<Record<string, string>>;
  /** Without a type, for a typed one would add a Content-Type that nobody signed. */
  readonly blob: Blob;
}

/** Every browser has at most so many connections to one origin over HTTP/1.1, the only one OSS speaks. */
export const CONNECTIONS_MAX = 6;

/**
 * Sends a part by `send`, and stops it when the bytes turn out not to be there: Firefox and WebKit wait
 * for them for ever. A part of a Blob source is taken as it is, and read into memory first where it has to be
 * sent again: a browser may have got stuck over its file. Any other is collected first, whole.
 */
export async function sendBlob(
  { headers, body, signal }: PartRequest,
  send: (request: BlobRequest, signal: AbortSignal) => Promise<PartResponse>,
): Promise<PartResponse> {
  signal.throwIfAborted();
  const sendable = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-length');
  const blob = isBlobPartBody(body) ? await blobOf(body) : await collect(body, signal);
  const missing = new AbortController();
  try {
    await assertReadable(blob);
    signal.throwIfAborted();
    if (isBlobPartBody(body)) void body.beginCrc64().then((error) => error && missing.abort(error));
    return await send(
      { headers: Object.fromEntries(sendable), blob },
      AbortSignal.any([signal, missing.signal]),
    );
  } catch (reason) {
    signal.throwIfAborted();
    missing.signal.throwIfAborted();
    throw await failureOf(blob, reason);
  }
}

function isBlobPartBody(body: PartBody): body is BlobPartBody {
  return 'blob' in body && body.blob instanceof Blob && 'beginCrc64' in body;
}

async function blobOf(body: BlobPartBody): Promise<Blob> {
  const { blob } = body;
  const isFirst = !sentBefore.has(body);
  sentBefore.add(body);
  if (isFirst || blob.size > COPIED_MAX) return blob;
  return copyOf(blob);
}

const sentBefore = new WeakSet<BlobPartBody>();

/** Six of them are in flight. */
const COPIED_MAX = 64 * 1024 ** 2;

async function copyOf(blob: Blob): Promise<Blob> {
  try {
    const bytes = await blob.arrayBuffer();
    assertLength(bytes, blob.size);
    return new Blob([bytes]);
  } catch (reason) {
    throw unreadableBlobError(reason);
  }
}

/** Copies the chunks, each valid only until the next, into a Blob without a type. */
async function collect(body: PartBody, signal: AbortSignal): Promise<Blob> {
  const bytes = new Uint8Array(body.size);
  let length = 0;
  for await (const chunk of body.chunks(signal)) {
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return new Blob([bytes]);
}

/**
 * Why there is no answer. A page is told the same of a lost connection and of a file that changed under the
 * request: reading a byte tells them apart.
 */
async function failureOf(blob: Blob, reason: unknown): Promise<UploadError> {
  const unreadable = await assertReadable(blob).catch(UploadError.from);
  if (unreadable !== undefined) return unreadable;
  if (!(reason instanceof TypeError)) return UploadError.from(reason);
  return new UploadError({
    code: 'network',
    message: 'the request got no answer that the page may read',
    disposition: 'transient',
    hint: 'Where this never works, the CORS rules of the bucket may lack PUT from the origin of this page.',
    cause: reason,
  });
}

/** Reads the last byte: a file that became shorter has none there, nor has one that is gone. */
async function assertReadable(blob: Blob): Promise<void> {
  if (blob.size === 0) return;
  try {
    assertLength(await blob.slice(-1).arrayBuffer(), 1);
  } catch (reason) {
    throw unreadableBlobError(reason);
  }
}
