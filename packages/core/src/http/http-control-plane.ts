import { networkError, UploadError, type UploadErrorOptions } from '../errors.ts';
import type { ControlPlane } from '../ports.ts';
import { readText } from '../read-text.ts';
import {
  type ReadAnswer,
  readInitiated,
  readListed,
  readNothing,
  readObject,
  readPresigned,
} from './read-responses.ts';
import { readError } from './wire-error.ts';

export interface HttpControlPlaneOptions {
  /**
   * Sent with every request: who is asking, for one. A function is asked each time; when it fails, the
   * request is tried again.
   */
  readonly headers?: HeadersToSend | (() => HeadersToSend | Promise<HeadersToSend>) | undefined;
  /** Whether cookies are sent, also to another origin with `include`. Default: `same-origin`. */
  readonly credentials?: 'omit' | 'same-origin' | 'include' | undefined;
  /** Default: the `fetch` of the platform. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

export type HeadersToSend = Readonly<Record<string, string>>;

/**
 * The coordinator over HTTP (docs/reference/protocol.md). `url` is where its handler is mounted:
 * `https://example.com/uploads`, or `/uploads` in a page. Each verb is one request, never repeated here, and
 * rejects with the coordinator's own error. Throws a `TypeError` for a `url` that is none.
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
      'url must be http, https, or a path beginning with /, and have no user, query or fragment',
    );
  }
  if (typeof options.headers === 'object') carried(options.headers);
  const ask = async <T>(verb: string, { signal, ...body }: Question, read: ReadAnswer<T>): Promise<T> => {
    const answer = await post(`${base}/${verb}`, options, { verb, body, signal });
    return readAnswer(verb, answer, read);
  };
  return {
    initiate: ({ key: name, size = null, previousAttemptAgeMs, ...request }) =>
      ask(
        'initiate',
        { name, size, previousAttemptAgeMs: bounded(previousAttemptAgeMs), ...request },
        readInitiated,
      ),
    presignParts: (request) => ask('presign-parts', { ...request }, readPresigned),
    listParts: (request) => ask('list-parts', { ...request }, readListed),
    complete: (request) => ask('complete', { ...request }, readObject),
    abort: async (request) => {
      await ask('abort', { ...request }, readNothing);
    },
  };
}

/** As the protocol wants it, though the clock may have been set between two tries. */
function bounded(previousAttemptAgeMs: number | undefined): number | undefined {
  return previousAttemptAgeMs === undefined
    ? undefined
    : Math.min(Math.max(previousAttemptAgeMs, 0), LOST_MS_MAX);
}

const LOST_MS_MAX = 604_800_000;

interface Question {
  readonly signal: AbortSignal;
  readonly [name: string]: unknown;
}

interface Answer {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  /** What of JSON it holds; `undefined` for anything else. */
  readonly json: unknown;
}

async function post(
  url: string,
  { headers = {}, credentials = 'same-origin', fetch = platformFetch }: HttpControlPlaneOptions,
  { verb, body, signal }: { readonly verb: string; readonly body: object; readonly signal: AbortSignal },
): Promise<Answer> {
  const given = await headersToSend(headers, verb);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: given,
      body: JSON.stringify(body),
      // Not followed: what is asked holds the token.
      redirect: 'manual',
      credentials,
      signal,
    });
    const seconds = Number(/^\d{1,6}$/.exec(response.headers.get('retry-after') ?? '')?.[0] ?? 0);
    const { text, isCut } = await readText(response.body, ANSWER_SIZE_MAX);
    const json = isCut ? undefined : parse(text);
    return { status: response.status, retryAfterMs: seconds > 0 ? seconds * 1000 : undefined, json };
  } catch {
    signal.throwIfAborted();
    // The cause is not kept: runtimes put addresses into it.
    throw networkError(`${verb} got no response from the coordinator`, { context: { operation: verb } });
  }
}

/** Ten thousand URLs, were they all wanted at once, come to less. */
const ANSWER_SIZE_MAX = 64 * 1024 ** 2;

async function headersToSend(
  headers: NonNullable<HttpControlPlaneOptions['headers']>,
  verb: string,
): Promise<HeadersToSend> {
  const given = typeof headers === 'function' ? await askedHeaders(headers, verb) : headers;
  return { ...carried(given), 'content-type': 'application/json' };
}

/** One of each name, whatever its case. What is wrong with one is told without its value. */
function carried(headers: HeadersToSend): HeadersToSend {
  const pairs = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value).trim()]);
  for (const [name = '', value = ''] of pairs) {
    if (/^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) continue;
    throw new TypeError('headers has a name or a value that HTTP cannot carry');
  }
  return Object.fromEntries(pairs);
}

async function askedHeaders(
  headers: Extract<HttpControlPlaneOptions['headers'], () => unknown>,
  verb: string,
): Promise<HeadersToSend> {
  try {
    return await headers();
  } catch (cause) {
    if (cause instanceof UploadError) throw cause;
    throw new UploadError({
      code: 'unauthenticated',
      message: `the headers to send with ${verb} could not be had`,
      disposition: 'transient',
      context: { operation: verb },
      cause,
    });
  }
}

const platformFetch = (url: string, init: RequestInit): Promise<Response> => globalThis.fetch(url, init);

function readAnswer<T>(verb: string, { status, retryAfterMs, json }: Answer, read: ReadAnswer<T>): T {
  const answer = typeof json === 'object' && json !== null ? json : {};
  const context = { operation: verb, status, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  const error = 'error' in answer ? readError(answer.error) : undefined;
  if (error !== undefined) throw error.with(context);
  const value = status === 200 ? read(answer) : undefined;
  if (value !== undefined) return value;
  throw new UploadError({
    ...verdictOf(status),
    message: `${verb} was answered with ${status}, and not by a coordinator`,
    context,
  });
}

/** Whatever stands between, or instead of, the coordinator. */
function verdictOf(status: number): Pick<UploadErrorOptions, 'code' | 'disposition' | 'hint'> {
  if (status === 429 || status === 503) return { code: 'throttled', disposition: 'transient' };
  if (status === 408) return { code: 'network', disposition: 'transient' };
  if (status >= 500) return { code: 'server_error', disposition: 'transient' };
  if (status === 200) return { code: 'malformed_response', disposition: 'transient' };
  if (status === 401) return { code: 'unauthenticated', disposition: 'permanent', hint: 'Sign in again.' };
  // Of another origin a browser tells nothing, not even the status.
  if (status === 0 || (status >= 300 && status < 400)) {
    const hint = 'It sends elsewhere, and is not followed: to a login page, or to its right address.';
    return { code: 'bad_request', disposition: 'permanent', hint };
  }
  return {
    code: 'bad_request',
    disposition: 'permanent',
    hint: 'Is it the address where the handler of the coordinator is mounted?',
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
