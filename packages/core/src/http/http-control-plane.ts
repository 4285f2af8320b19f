import { networkError, UploadError, type UploadErrorOptions } from '../errors.ts';
import type { ControlPlane } from '../ports.ts';
import { readText } from '../read-text.ts';
import {
  type ReadResponse,
  readInitiated,
  readListed,
  readNothing,
  readObject,
  readPresigned,
} from './read-responses.ts';
import { readError } from './wire-error.ts';

/** How to reach a coordinator over HTTP. */
export interface HttpControlPlaneOptions {
  /**
   * Headers of every request, such as the session of the caller. A function is called for each request; when
   * it fails, the request is retried. Default: none.
   */
  readonly headers?: HeadersToSend | (() => HeadersToSend | Promise<HeadersToSend>) | undefined;
  /** Whether cookies are sent, also to another origin with `include`. Default: `same-origin`. */
  readonly credentials?: 'omit' | 'same-origin' | 'include' | undefined;
  /** Default: the `fetch` of the platform. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/** Headers of a request by name. */
export type HeadersToSend = Readonly<Record<string, string>>;

/**
 * The coordinator over HTTP (docs/reference/protocol.md). `url` is the address of its handler:
 * `https://example.com/uploads`, or `/uploads` in a page. Each method sends one request without retries, and
 * rejects with the coordinator's own error. Throws a `TypeError` for an invalid `url`.
 *
 * @example
 * ```ts
 * import { createHttpControlPlane, uploadFile } from '@partway/node'; // or '@partway/browser'
 *
 * const controlPlane = createHttpControlPlane('https://app.example.com/uploads', {
 *   // Called for every request: a long upload can send a new token.
 *   headers: () => ({ authorization: `Bearer ${process.env.SESSION_TOKEN}` }),
 * });
 * const { key } = await uploadFile('./movie.mp4', { controlPlane, key: 'movies/2.mp4' }).result;
 * console.log(key);
 * ```
 */
export function createHttpControlPlane(
  url: string | URL,
  options: HttpControlPlaneOptions = {},
): ControlPlane {
  const base = String(url).replace(/\/+$/, '');
  if (!/^(https?:\/\/[^/?#@]+(\/[^?#]*)?|\/(?!\/)[^?#]*|)$/i.test(base)) {
    throw new TypeError(
      'url must be http, https, or a path that starts with /, without user, query and fragment',
    );
  }
  if (typeof options.headers === 'object') normalizeHeaders(options.headers);
  const call = async <T>(
    verb: string,
    { signal, ...body }: ControlPlaneCall,
    read: ReadResponse<T>,
  ): Promise<T> => {
    const response = await post(`${base}/${verb}`, options, { verb, body, signal });
    return readResponse(verb, response, read);
  };
  return {
    initiate: ({ key: name, size = null, previousAttemptAgeMs, ...request }) =>
      call(
        'initiate',
        { name, size, previousAttemptAgeMs: clampAttemptAge(previousAttemptAgeMs), ...request },
        readInitiated,
      ),
    presignParts: (request) => call('presign-parts', { ...request }, readPresigned),
    listParts: (request) => call('list-parts', { ...request }, readListed),
    complete: (request) => call('complete', { ...request }, readObject),
    abort: async (request) => {
      await call('abort', { ...request }, readNothing);
    },
  };
}

/** Within the bounds of the protocol: the clock may have been set between two attempts. */
function clampAttemptAge(previousAttemptAgeMs: number | undefined): number | undefined {
  return previousAttemptAgeMs === undefined
    ? undefined
    : Math.min(Math.max(previousAttemptAgeMs, 0), ATTEMPT_AGE_MAX_MS);
}

const ATTEMPT_AGE_MAX_MS = 604_800_000;

interface ControlPlaneCall {
  readonly signal: AbortSignal;
  readonly [name: string]: unknown;
}

interface JsonResponse {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  /** Its JSON; `undefined` for anything else. */
  readonly json: unknown;
}

async function post(
  url: string,
  { headers = {}, credentials = 'same-origin', fetch = platformFetch }: HttpControlPlaneOptions,
  { verb, body, signal }: { readonly verb: string; readonly body: object; readonly signal: AbortSignal },
): Promise<JsonResponse> {
  const requestHeaders = await createHeaders(headers, verb);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: requestHeaders,
      body: JSON.stringify(body),
      // Not followed: the request contains the token.
      redirect: 'manual',
      credentials,
      signal,
    });
    const seconds = Number(/^\d{1,6}$/.exec(response.headers.get('retry-after') ?? '')?.[0] ?? 0);
    const { text, isCut } = await readText(response.body, RESPONSE_SIZE_MAX);
    const json = isCut ? undefined : parse(text);
    return { status: response.status, retryAfterMs: seconds > 0 ? seconds * 1000 : undefined, json };
  } catch {
    signal.throwIfAborted();
    // Without the cause: runtimes put addresses into it.
    throw networkError(`${verb} got no response from the coordinator`, { context: { operation: verb } });
  }
}

/** More than ten thousand URLs need. */
const RESPONSE_SIZE_MAX = 64 * 1024 ** 2;

async function createHeaders(
  headers: NonNullable<HttpControlPlaneOptions['headers']>,
  verb: string,
): Promise<HeadersToSend> {
  const values = typeof headers === 'function' ? await callHeaders(headers, verb) : headers;
  return { ...normalizeHeaders(values), 'content-type': 'application/json' };
}

/** One header per name, in lower case. Errors do not contain the value. */
function normalizeHeaders(headers: HeadersToSend): HeadersToSend {
  const pairs = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value).trim()]);
  for (const [name = '', value = ''] of pairs) {
    if (/^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) continue;
    throw new TypeError('headers has a name or a value that is not valid in HTTP');
  }
  return Object.fromEntries(pairs);
}

async function callHeaders(
  headers: Extract<HttpControlPlaneOptions['headers'], () => unknown>,
  verb: string,
): Promise<HeadersToSend> {
  try {
    return await headers();
  } catch (cause) {
    if (cause instanceof UploadError) throw cause;
    throw new UploadError({
      code: 'unauthenticated',
      message: `the headers function failed before ${verb}`,
      disposition: 'transient',
      context: { operation: verb },
      cause,
    });
  }
}

const platformFetch = (url: string, init: RequestInit): Promise<Response> => globalThis.fetch(url, init);

function readResponse<T>(
  verb: string,
  { status, retryAfterMs, json }: JsonResponse,
  read: ReadResponse<T>,
): T {
  const body = typeof json === 'object' && json !== null ? json : {};
  const context = { operation: verb, status, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  const error = 'error' in body ? readError(body.error) : undefined;
  if (error !== undefined) throw error.with(context);
  const value = status === 200 ? read(body) : undefined;
  if (value !== undefined) return value;
  throw new UploadError({
    ...getStatusVerdict(status),
    message: `the response to ${verb} (status ${status}) is not from a coordinator`,
    context,
  });
}

/** The verdict on the response of a proxy, or of another server. */
function getStatusVerdict(status: number): Pick<UploadErrorOptions, 'code' | 'disposition' | 'hint'> {
  if (status === 429 || status === 503) return { code: 'throttled', disposition: 'transient' };
  if (status === 408) return { code: 'network', disposition: 'transient' };
  if (status >= 500) return { code: 'server_error', disposition: 'transient' };
  if (status === 200) return { code: 'malformed_response', disposition: 'transient' };
  if (status === 401) return { code: 'unauthenticated', disposition: 'permanent', hint: 'Sign in again.' };
  // Browsers hide redirects: the status is 0.
  if (status === 0 || (status >= 300 && status < 400)) {
    const hint = 'It is a redirect, to a login page or to another address, and is not followed.';
    return { code: 'bad_request', disposition: 'permanent', hint };
  }
  return {
    code: 'bad_request',
    disposition: 'permanent',
    hint: 'Check that the URL is the address of the coordinator handler.',
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
