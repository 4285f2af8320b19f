import { UploadError } from '@partway/core';
import type { UploadGrant, UploadTokens } from '@partway/core/coordinator';
import { rejectOnAbort } from '@partway/core/internal';
import type { PartRequest, PartResponse } from '@partway/core/ports';
import type { OssRequest, OssResponse, Outcome } from '@partway/emulator';

/** Handles one request, or rejects as a lost connection does. `stop` closes the connection. */
export type HandleOssRequest = (request: OssRequest, stop: AbortSignal) => Promise<OssResponse>;

/** The outcome of a request without sockets: a response, a lost connection, or nothing. */
export async function deliverOutcome(
  { response, connection }: Outcome,
  stop: AbortSignal,
): Promise<OssResponse> {
  if (connection === 'hold') await waitForAbort(stop);
  if (response === undefined || connection === 'cut') throw connectionLostError(connection);
  return response;
}

/** A transport's `put` without sockets. */
export function createInProcessPut(
  handleRequest: HandleOssRequest,
): (request: PartRequest) => Promise<PartResponse> {
  return async ({ url, headers, body, onProgress, signal }) => {
    const sent = { ...headers, 'content-length': String(body.size) };
    const bodyErrors: unknown[] = [];
    const chunks = reportChunks(body.chunks(signal), onProgress, (reason) => bodyErrors.push(reason));
    const response = await rejectOnAbort(
      () => handleRequest(toOssRequest('PUT', url, sent, chunks), signal),
      signal,
    );
    // An error of the body takes precedence over the response of OSS to an incomplete body.
    if (bodyErrors.length > 0) throw bodyErrors[0];
    signal.throwIfAborted();
    return {
      status: response.status,
      headers: lowerCaseNames(response.headers),
      body: await readText(response),
    };
  };
}

/** A `fetch` without sockets, which completes within microtasks. */
export function createInProcessFetch(
  handleRequest: HandleOssRequest,
): (url: string, init: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const bytes = init.body instanceof Uint8Array ? init.body : new Uint8Array();
    const headers = { ...(init.headers as Record<string, string>), 'content-length': String(bytes.length) };
    const stop = init.signal ?? new AbortController().signal;
    const request = toOssRequest(init.method ?? 'GET', url, headers, singleChunk(bytes));
    const response = await rejectOnAbort(() => handleRequest(request, stop), stop).catch(
      (reason: unknown) => {
        throw new TypeError('fetch failed', { cause: reason });
      },
    );
    return toFetchResponse(response);
  };
}

/** The part of `Response` that the object store reads. The platform's `Response` needs macrotasks for its body. */
function toFetchResponse(response: OssResponse): Response {
  const chunks = readChunks(response);
  const reader = {
    async read() {
      const { done = false, value } = await chunks.next();
      return { done, value };
    },
    cancel: () => Promise.resolve(),
  };
  const body = { getReader: () => reader };
  return { status: response.status, headers: new Headers(response.headers), body } as unknown as Response;
}

function toOssRequest(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: AsyncIterable<Uint8Array>,
): OssRequest {
  const { host, pathname, search } = new URL(url);
  const lowered = lowerCaseNames(headers);
  return { method, target: pathname + search, headers: { ...lowered, host }, body };
}

/** Yields the chunks, reports the bytes read so far, and reports an error of the body. */
async function* reportChunks(
  chunks: AsyncIterable<Uint8Array>,
  onProgress: (sentBytes: number) => void,
  onError: (reason: unknown) => void,
): AsyncIterable<Uint8Array> {
  let sentBytes = 0;
  try {
    for await (const chunk of chunks) {
      yield chunk;
      sentBytes += chunk.length;
      onProgress(sentBytes);
    }
  } catch (reason) {
    onError(reason);
    throw reason;
  }
}

async function* singleChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function* readChunks({ body }: OssResponse): AsyncGenerator<Uint8Array, undefined> {
  if (!(body instanceof Uint8Array)) yield* body;
  else if (body.length > 0) yield body;
}

async function readText(response: OssResponse): Promise<string> {
  let text = '';
  for await (const chunk of readChunks(response)) text += new TextDecoder().decode(chunk);
  return text;
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

export function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** Never resolves; rejects with the reason of the abort. */
export function waitForAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

export function connectionLostError(how: string): UploadError {
  return new UploadError({
    code: 'network',
    message: `the connection was lost: ${how}`,
    disposition: 'transient',
  });
}

/** Upload tokens without WebCrypto. WebCrypto runs on another thread, and virtual time would pass meanwhile. */
export function createInMemoryUploadTokens(): UploadTokens {
  const grants = new Map<string, UploadGrant>();
  return {
    async seal(grant) {
      const token = `secret-token-${grants.size}`;
      grants.set(token, grant);
      return token;
    },
    async open(token, now) {
      const grant = grants.get(token);
      if (grant !== undefined && grant.expiresAt > now) return grant;
      throw new UploadError({ code: 'token_refused', message: 'no such token', disposition: 'permanent' });
    },
  };
}
