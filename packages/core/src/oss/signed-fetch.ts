import { rejectOnAbort } from '../abort.ts';
import { UploadError } from '../errors.ts';
import { readText } from '../read-text.ts';
import { errorIn, type OssAnswer } from './error-response.ts';
import { ANSWER_SIZE_MAX } from './limits.ts';
import type { OssOperation } from './object-store.ts';
import type { Credentials, OssCredentials } from './signing/credentials.ts';
import type { OssClock } from './signing/oss-clock.ts';
import { type SignedRequest, signHeaders } from './signing/sign-headers.ts';
import type { SignRequest } from './signing/sign-request.ts';
import { malformedAnswer } from './xml.ts';

/** What of `fetch` is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What all requests of one bucket share. */
export type SigningSite = Pick<
  SignRequest,
  'bucket' | 'region' | 'endpoint' | 'internal' | 'accelerate' | 'addressing'
>;

export interface SignedFetchOptions {
  readonly site: SigningSite;
  readonly credentials: Credentials;
  readonly clock: OssClock;
  readonly fetch: Fetch;
}

/**
 * Sends operations, each once, signed by header. Resolves only for an answer of 200 or 204 that holds no
 * error. Redirects are not followed: the signature would travel to whomever the answer names.
 */
export function createSignedFetch(
  options: SignedFetchOptions,
): (operation: OssOperation) => Promise<OssAnswer> {
  const { site, credentials, clock } = options;
  return async (operation) => {
    const { context, signal } = operation;
    const set = await rejectOnAbort(() => credentials.current(), signal);
    const signed = signOperation(site, operation, set, clock.now());
    const answer = await exchange(options.fetch, signed, operation);
    const error = errorIn(answer, context);
    if (error?.code === 'clock_skewed') clock.learn(answer);
    if (error?.code === 'credentials_expired') credentials.invalidate(set);
    if (error !== undefined) throw error;
    if (answer.isCut) throw malformedAnswer(`is longer than ${ANSWER_SIZE_MAX} bytes`, context);
    return answer;
  };
}

function signOperation(
  site: SigningSite,
  { method, key, query, headers, body }: OssOperation,
  credentials: OssCredentials,
  now: number,
): SignedRequest {
  return signHeaders({
    method,
    key,
    query,
    // Said explicitly: `fetch` would add a Content-Type of its own to a text, and OSS would find it unsigned.
    headers: { ...(body !== undefined && { 'content-type': 'application/xml' }), ...headers },
    credentials,
    now,
    ...site,
  });
}

async function exchange(
  fetch: Fetch,
  { method, url, headers }: SignedRequest,
  { body, context, signal }: OssOperation,
): Promise<OssAnswer & { readonly isCut: boolean }> {
  try {
    const response = await fetch(url, {
      method,
      // Compressed on the way, an object's HEAD would come without its size.
      headers: { 'accept-encoding': 'identity', ...headers },
      redirect: 'manual',
      ...(body !== undefined && { body: new TextEncoder().encode(body) }),
      ...(signal !== undefined && { signal }),
    });
    const { text, isCut } = await readText(response.body, ANSWER_SIZE_MAX);
    return { status: response.status, headers: Object.fromEntries(response.headers), body: text, isCut };
  } catch (reason) {
    signal?.throwIfAborted();
    throw noAnswer(reason, context);
  }
}

/** The cause is not kept: runtimes put URLs into it. Its code says what happened. */
function noAnswer(reason: unknown, context: OssOperation['context']): UploadError {
  const causes = [reason, reason instanceof Error ? reason.cause : undefined];
  const codes = causes.map((cause) => (cause instanceof Error && 'code' in cause ? cause.code : undefined));
  const code = codes.find((each) => typeof each === 'string' && /^[A-Z][A-Z0-9_]{2,50}$/.test(each));
  return new UploadError({
    code: 'network',
    message: `${context.operation} got no answer from OSS${code === undefined ? '' : ` (${code})`}`,
    disposition: 'transient',
    context,
  });
}
