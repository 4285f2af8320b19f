import {
  ERROR_BODY_MAX,
  type PartBody,
  type PartRequest,
  type PartResponse,
  type Transport,
  UploadError,
} from '@partway/core';
import { type BlobPartBody, unreadableBlobError } from './blob-source.ts';

export interface FetchTransportOptions {
  /** Default: the `fetch` of the page or worker. */
  readonly fetch?: typeof fetch | undefined;
}

/**
 * A {@link Transport} over `fetch`. A part of a Blob source is handed over as it is; any other is collected
 * first, whole. fetch tells no progress: 0 is told before sending and the size afterwards. A redirect, and an
 * answer that CORS forbids to be read, are failures of code `network` like a lost connection: a page cannot
 * tell them apart.
 */
export function createFetchTransport(options: FetchTransportOptions = {}): Transport {
  const send = options.fetch ?? fetch.bind(globalThis);
  return {
    tellsProgress: false,
    hidesHeaders: true,
    connectionsMax: CONNECTIONS_MAX,
    put: (request) => put(send, request),
  };
}

/** Every browser has at most so many connections to one origin over HTTP/1.1, the only one OSS speaks. */
const CONNECTIONS_MAX = 6;

async function put(send: typeof fetch, request: PartRequest): Promise<PartResponse> {
  const { url, body, onProgress, signal } = request;
  // The browser alone may set it, and does: to the size of the body.
  const { 'content-length': _, ...headers } = request.headers;
  signal.throwIfAborted();
  const blob = isBlobPartBody(body) ? body.blob : await collect(body, signal);
  onProgress(0);
  try {
    const response = await send(url, {
      method: 'PUT',
      headers,
      body: blob,
      signal,
      redirect: 'error',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    });
    const text = await readText(response);
    onProgress(body.size);
    return { status: response.status, headers: Object.fromEntries(response.headers), body: text };
  } catch (reason) {
    signal.throwIfAborted();
    throw await failureOf(blob, reason);
  }
}

function isBlobPartBody(body: PartBody): body is BlobPartBody {
  return 'blob' in body && body.blob instanceof Blob;
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

async function readText({ body }: Response): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = '';
  let left = ERROR_BODY_MAX;
  while (left > 0) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.length;
  }
  await reader.cancel();
  return text + decoder.decode();
}

/** fetch says the same of a lost connection and of a file that changed under it: reading a byte tells. */
async function failureOf(blob: Blob, reason: unknown): Promise<UploadError> {
  const unreadable = await blob
    .slice(0, 1)
    .arrayBuffer()
    .then(() => undefined, unreadableBlobError);
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
