import { rejectOnAbort } from '../abort.ts';
import { networkError, type UploadError } from '../errors.ts';
import { readText } from '../read-text.ts';
import { type OssResponse, responseError } from './error-response.ts';
import { RESPONSE_SIZE_MAX } from './limits.ts';
import type { OssOperation } from './object-store.ts';
import type { Credentials, OssCredentials } from './signing/credentials.ts';
import type { OssClock } from './signing/oss-clock.ts';
import { type SignedRequest, signHeaders } from './signing/sign-headers.ts';
import type { SignRequest } from './signing/sign-request.ts';
import { unexpectedResponseError } from './xml.ts';

/** The used subset of `fetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The options that all requests of one bucket share. */
export type BucketSite = Pick<
  SignRequest,
  'bucket' | 'region' | 'endpoint' | 'internal' | 'accelerate' | 'addressing'
>;

export interface SignedFetchOptions {
  readonly site: BucketSite;
  readonly credentials: Credentials;
  readonly clock: OssClock;
  readonly fetch: Fetch;
}

/**
 * Sends each operation once, signed by header. Resolves only for a response of 200 or 204 that holds no
 * error. Redirects are not followed: they would send the signature to another host.
 */
export function createSignedFetch(
  options: SignedFetchOptions,
): (operation: OssOperation) => Promise<OssResponse> {
  const { site, credentials, clock } = options;
  return async (operation) => {
    const { context, signal } = operation;
    const set = await rejectOnAbort(() => credentials.current(), signal);
    const signed = signOperation(site, operation, set, clock.now());
    const response = await sendOnce(options.fetch, signed, operation);
    const error = responseError(response, context);
    if (error?.code === 'clock_skewed') clock.adjust(response);
    if (error?.code === 'credentials_expired') credentials.invalidate(set);
    if (error !== undefined) throw error;
    if (response.isCut) throw unexpectedResponseError(`is longer than ${RESPONSE_SIZE_MAX} bytes`, context);
    return response;
  };
}

function signOperation(
  site: BucketSite,
  { method, key, query, headers, body }: OssOperation,
  credentials: OssCredentials,
  now: number,
): SignedRequest {
  return signHeaders({
    method,
    key,
    query,
    // Explicit, because `fetch` would add another Content-Type to a string, which would not be signed.
    headers: { ...(body !== undefined && { 'content-type': 'application/xml' }), ...headers },
    credentials,
    now,
    ...site,
  });
}

async function sendOnce(
  fetch: Fetch,
  { method, url, headers }: SignedRequest,
  { body, context, signal }: OssOperation,
): Promise<OssResponse & { readonly isCut: boolean }> {
  try {
    const response = await fetch(url, {
      method,
      // With compression, an object's HEAD would have no size.
      headers: { 'accept-encoding': 'identity', ...headers },
      redirect: 'manual',
      ...(body !== undefined && { body: new TextEncoder().encode(body) }),
      ...(signal !== undefined && { signal }),
    });
    const { text, isCut } = await readText(response.body, RESPONSE_SIZE_MAX);
    return { status: response.status, headers: Object.fromEntries(response.headers), body: text, isCut };
  } catch (reason) {
    signal?.throwIfAborted();
    throw noResponseError(reason, context);
  }
}

/** Without the cause, as runtimes put URLs into it: only its code. */
function noResponseError(reason: unknown, context: OssOperation['context']): UploadError {
  const causes = [reason, reason instanceof Error ? reason.cause : undefined];
  const codes = causes.map((cause) => (cause instanceof Error && 'code' in cause ? cause.code : undefined));
  const code = codes.find((each) => typeof each === 'string' && /^[A-Z][A-Z0-9_]{2,50}$/.test(each));
  const detail = code === undefined ? '' : ` (${code})`;
  return networkError(`${context.operation} got no response from OSS${detail}`, { context });
}
