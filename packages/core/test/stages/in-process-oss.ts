import { UploadError } from '@partway/core';
import type { UploadGrant, UploadTokens } from '@partway/core/coordinator';
import { rejectOnAbort } from '@partway/core/internal';
import type { PartRequest, PartResponse } from '@partway/core/ports';
import type { OssRequest, OssResponse, Outcome } from '@partway/emulator';

/** Handles one request, or rejects as a lost connection does. `stop` closes the connection. */
export type AnswerRequest = (request: OssRequest, stop: AbortSignal) => Promise<OssResponse>;

/** The outcome of a request without sockets: a response, a lost connection, or nothing. */
export async function answerOf({ response, connection }: Outcome, stop: AbortSignal): Promise<OssResponse> {
  if (connection === 'hold') await aborted(stop);
  if (response === undefined || connection === 'cut') throw connectionLost(connection);
  return response;
}

/** A transport's `put` that knows no sockets. */
export function putOver(answer: AnswerRequest): (request: PartRequest) => Promise<PartResponse> {
  return async ({ url, headers, body, onProgress, signal }) => {
    const sent = { ...headers, 'content-length': String(body.size) };
    const broken: unknown[] = [];
    const chunks = told(body.chunks(signal), onProgress, (reason) => broken.push(reason));
    const response = await rejectOnAbort(() => answer(requestOf('PUT', url, sent, chunks), signal), signal);
    // Whatever OSS made of half a body, it is the body's own error that counts.
    if (broken.length > 0) throw broken[0];
    signal.throwIfAborted();
    return { status: response.status, headers: lowerCased(response.headers), body: await textOf(response) };
  };
}

/** A `fetch` that knows no sockets, and stays within microtasks. */
export function fetchOver(answer: AnswerRequest): (url: string, init: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const bytes = init.body instanceof Uint8Array ? init.body : new Uint8Array();
    const headers = { ...(init.headers as Record<string, string>), 'content-length': String(bytes.length) };
    const stop = init.signal ?? new AbortController().signal;
    const request = requestOf(init.method ?? 'GET', url, headers, once(bytes));
    const response = await rejectOnAbort(() => answer(request, stop), stop).catch((reason: unknown) => {
      throw new TypeError('fetch failed', { cause: reason });
    });
    return responseOf(response);
  };
}

/** As much of a `Response` as the object store reads: the platform's own needs macrotasks for its body. */
function responseOf(response: OssResponse): Response {
  const chunks = bytesOf(response);
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

function requestOf(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: AsyncIterable<Uint8Array>,
): OssRequest {
  const { host, pathname, search } = new URL(url);
  const lowered = lowerCased(headers);
  return { method, target: pathname + search, headers: { ...lowered, host }, body };
}

/** Reports the bytes as they are read, and the reason of their end. */
async function* told(
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

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function* bytesOf({ body }: OssResponse): AsyncGenerator<Uint8Array, undefined> {
  if (!(body instanceof Uint8Array)) yield* body;
  else if (body.length > 0) yield body;
}

async function textOf(response: OssResponse): Promise<string> {
  let text = '';
  for await (const chunk of bytesOf(response)) text += new TextDecoder().decode(chunk);
  return text;
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

export function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** Never resolves; rejects with the reason of the abort. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

export function connectionLost(how: string): UploadError {
  return new UploadError({
    code: 'network',
    message: `the connection was lost: ${how}`,
    disposition: 'transient',
  });
}

/** Tokens without WebCrypto, which works off-thread: virtual time must not pass while it does. */
export function createOnThreadTokens(): UploadTokens {
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
