import { UploadError } from '@partway/core';
import { networkError } from '@partway/core/internal';
import type { PartBody, PartRequest, PartResponse } from '@partway/core/ports';
import { type BlobPartBody, unreadableBlobError } from '../blob-source.ts';
import { assertLength } from '../read-slices.ts';

/** The request that both transports of the browser send. */
export interface BlobRequest {
  /** Without Content-Length: only the browser may set it, to the size of the body. */
  readonly headers: Readonly<Record<string, string>>;
  /** Without a type: the browser would send it as an unsigned Content-Type. */
  readonly blob: Blob;
}

/** The connections of a browser to one origin over HTTP/1.1, the only version that OSS supports. */
export const CONNECTIONS_MAX = 6;

/**
 * Sends a part by `send`, and aborts if the file cannot be read: Firefox and WebKit would wait without end.
 * A part of a Blob source is sent without a copy the first time. For a retry it is first read into memory,
 * since reading the file may be why the browser stalled. Any other part is always read into memory.
 */
export async function sendBlob(
  { headers, body, signal }: PartRequest,
  send: (request: BlobRequest, signal: AbortSignal) => Promise<PartResponse>,
): Promise<PartResponse> {
  signal.throwIfAborted();
  const sendable = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-length');
  const blob = isBlobPartBody(body) ? await getSendableBlob(body) : await collect(body, signal);
  const unreadable = new AbortController();
  try {
    await assertReadable(blob);
    signal.throwIfAborted();
    if (isBlobPartBody(body)) void body.startCrc64().then((error) => error && unreadable.abort(error));
    return await send(
      { headers: Object.fromEntries(sendable), blob },
      AbortSignal.any([signal, unreadable.signal]),
    );
  } catch (reason) {
    signal.throwIfAborted();
    unreadable.signal.throwIfAborted();
    throw await toSendError(blob, reason);
  }
}

function isBlobPartBody(body: PartBody): body is BlobPartBody {
  return 'blob' in body && body.blob instanceof Blob && 'startCrc64' in body;
}

async function getSendableBlob(body: BlobPartBody): Promise<Blob> {
  const { blob } = body;
  const isFirst = !sentBodies.has(body);
  sentBodies.add(body);
  if (isFirst || blob.size > COPY_SIZE_MAX) return blob;
  return copyBlob(blob);
}

const sentBodies = new WeakSet<BlobPartBody>();

/** 64 MiB: six parts are in flight at once. */
const COPY_SIZE_MAX = 64 * 1024 ** 2;

async function copyBlob(blob: Blob): Promise<Blob> {
  try {
    const bytes = await blob.arrayBuffer();
    assertLength(bytes, blob.size);
    return new Blob([bytes]);
  } catch (reason) {
    throw unreadableBlobError(reason);
  }
}

/** Copies the chunks into a Blob without a type. A chunk is valid only until the next one. */
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
 * The error for a request without a response. Browsers report a lost connection and a file that changed
 * during the request alike: reading one byte distinguishes them.
 */
async function toSendError(blob: Blob, reason: unknown): Promise<UploadError> {
  const readError = await assertReadable(blob).catch(UploadError.from);
  if (readError !== undefined) return readError;
  if (!(reason instanceof TypeError)) return UploadError.from(reason);
  return networkError('no response, or a response blocked by CORS', {
    hint: 'If all parts fail, the bucket may have no CORS rule for PUT from this origin.',
    cause: reason,
  });
}

/** Reads the last byte, which fails if the file was truncated or deleted. */
async function assertReadable(blob: Blob): Promise<void> {
  if (blob.size === 0) return;
  try {
    assertLength(await blob.slice(-1).arrayBuffer(), 1);
  } catch (reason) {
    throw unreadableBlobError(reason);
  }
}
