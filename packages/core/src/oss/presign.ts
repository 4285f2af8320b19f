import { UploadError } from '../errors.ts';
import type { PresignedRequest } from '../ports.ts';
import { systemClock } from '../system.ts';
import { checkedCredentials, type OssCredentials } from './credentials.ts';
import { assertBucket, type EndpointOptions, objectUrl, resolveEndpoint } from './endpoint.ts';
import { type Instant, millisecondsOf, toBasicIso } from './instant.ts';
import { assertKey } from './key.ts';
import { PRESIGN_SECONDS_DEFAULT, PRESIGN_SECONDS_MAX } from './limits.ts';
import { assertHeaderName, assertHeaderValue } from './object-headers.ts';
import {
  ALGORITHM,
  canonicalQuery,
  canonicalUri,
  PAYLOAD,
  type SignedHeaders,
  scopeOf,
  signedHeaders,
  signV4,
} from './signature-v4.ts';

export interface SignRequest extends EndpointOptions {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly bucket: string;
  /** For `signHeaders` alone, an empty key stands for the bucket itself. */
  readonly key: string;
  /** Default: `oss`. For CloudBox `oss-cloudbox`, with the id of the box as region. */
  readonly product?: string | undefined;
  readonly credentials: OssCredentials;
  /** `null`, `undefined` and `''` all sign a bare name. */
  readonly query?: Readonly<Record<string, string | number | null | undefined>> | undefined;
  /** Of these, Content-Type, Content-MD5 and x-oss-* are signed. An empty value counts as absent. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Names of further `headers` to sign. Those that `headers` does not have are passed over, as the SDKs do.
   */
  readonly additionalHeaders?: readonly string[] | undefined;
  /** Default: the time of the system. */
  readonly now?: Instant | undefined;
}

export interface PresignRequest extends SignRequest {
  /** Whole seconds, 1 to 604800. Default: 900. */
  readonly expiresInSeconds?: number | undefined;
  /** 1 to 604800 s after `now`. Wins over `expiresInSeconds`. */
  readonly expiresAt?: Instant | undefined;
}

/**
 * Signs a URL that anyone may use until it expires. `headers` of the result are exactly what the sender must
 * send: headers that are not signed are left out. The life is cut to that of the credentials, where it is
 * known.
 *
 * @throws TypeError or RangeError that names the option; UploadError `credentials_expired`.
 */
export function presign(request: PresignRequest): PresignedRequest {
  assertKey(request.key);
  const { pieces, terms, url, credentials } = prepare(request);
  // The signature knows whole seconds only.
  const signedAt = Math.floor(terms.signedAt / 1000) * 1000;
  const seconds = lifeSeconds(request, credentials, signedAt);
  const query = canonicalQuery({
    ...request.query,
    'x-oss-signature-version': ALGORITHM,
    'x-oss-date': toBasicIso(signedAt),
    'x-oss-expires': seconds,
    'x-oss-credential': `${credentials.accessKeyId}/${scopeOf(terms)}`,
    ...(pieces.headers.additional !== '' && { 'x-oss-additional-headers': pieces.headers.additional }),
    ...(credentials.securityToken !== undefined && { 'x-oss-security-token': credentials.securityToken }),
  });
  const { signature } = signV4({ ...pieces, query }, terms);
  return {
    method: pieces.method,
    url: `${url}?${query}&x-oss-signature=${signature}`,
    headers: pieces.headers.values,
    expiresAt: signedAt + seconds * 1000,
  };
}

export interface SignedRequest {
  readonly method: string;
  readonly url: string;
  /** All headers to be sent, names in lower case: those of the request, and those that sign it. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Signs a request by its headers, good for 15 minutes.
 *
 * @throws TypeError that names the option.
 */
export function signHeaders(request: SignRequest): SignedRequest {
  if (request.key !== '') assertKey(request.key);
  const { pieces, terms, url, credentials, given } = prepare(request);
  const signing = {
    ...given,
    'x-oss-date': toBasicIso(terms.signedAt),
    'x-oss-content-sha256': PAYLOAD,
    ...(credentials.securityToken !== undefined && { 'x-oss-security-token': credentials.securityToken }),
  };
  const headers = signedHeaders(signing, request.additionalHeaders ?? []);
  const query = canonicalQuery(request.query ?? {});
  const { signature } = signV4({ ...pieces, headers, query }, terms);
  const additional = headers.additional === '' ? '' : `AdditionalHeaders=${headers.additional},`;
  const credential = `${credentials.accessKeyId}/${scopeOf(terms)}`;
  return {
    method: pieces.method,
    url: query === '' ? url : `${url}?${query}`,
    headers: {
      ...signing,
      authorization: `${ALGORITHM} Credential=${credential},${additional}Signature=${signature}`,
    },
  };
}

interface Prepared {
  readonly pieces: { readonly method: string; readonly uri: string; readonly headers: SignedHeaders };
  readonly terms: {
    readonly accessKeySecret: string;
    readonly region: string;
    readonly product: string;
    readonly signedAt: number;
  };
  readonly url: string;
  readonly credentials: OssCredentials;
  /** The caller's headers, names in lower case. */
  readonly given: Readonly<Record<string, string>>;
}

/** Checks everything a caller says, and computes what both forms of signing share. */
function prepare(request: SignRequest): Prepared {
  const { bucket, key, region, product = 'oss', additionalHeaders = [] } = request;
  assertBucket(bucket);
  if (!METHODS.includes(request.method)) throw new TypeError(`method must be one of ${METHODS.join(', ')}`);
  assertQuery(request.query ?? {});
  if (!/^[a-z0-9-]+$/.test(product)) throw new TypeError("product must be 'oss' or 'oss-cloudbox'");
  const credentials = checkedCredentials(request.credentials);
  const given = lowerCased(request.headers ?? {});
  const signedAt = millisecondsOf(request.now ?? systemClock.now());
  if (!Number.isFinite(signedAt)) throw new TypeError('now must be a Date or milliseconds since the epoch');
  return {
    pieces: {
      method: request.method,
      uri: canonicalUri(bucket, key),
      headers: signedHeaders(given, additionalHeaders),
    },
    terms: { accessKeySecret: credentials.accessKeySecret, region, product, signedAt },
    url: objectUrl(resolveEndpoint(request), bucket, key),
    credentials,
    given,
  };
}

function lifeSeconds(request: PresignRequest, credentials: OssCredentials, signedAt: number): number {
  const { expiresAt, expiresInSeconds = PRESIGN_SECONDS_DEFAULT } = request;
  const seconds = expiresAt === undefined ? expiresInSeconds : secondsUntil(expiresAt, signedAt);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > PRESIGN_SECONDS_MAX) {
    throw new RangeError(
      expiresAt === undefined
        ? `expiresInSeconds must be a whole number from 1 to ${PRESIGN_SECONDS_MAX}, got ${seconds}`
        : `expiresAt must lie 1 to ${PRESIGN_SECONDS_MAX} seconds after now, got ${seconds}`,
    );
  }
  if (credentials.expiresAt === undefined) return seconds;
  const left = secondsUntil(credentials.expiresAt, signedAt);
  if (left >= 1) return Math.min(seconds, left);
  throw new UploadError({
    code: 'credentials_expired',
    message: 'the credentials to sign with have expired',
    disposition: 'transient',
    hint: 'Give `credentials` as a function, which is asked again before they expire.',
  });
}

const METHODS: readonly string[] = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'];

/** Parameters and headers that only the signer may set. */
const RESERVED: readonly string[] = [
  'authorization',
  'x-oss-additional-headers',
  'x-oss-content-sha256',
  'x-oss-credential',
  'x-oss-date',
  'x-oss-expires',
  'x-oss-security-token',
  'x-oss-signature',
  'x-oss-signature-version',
];

function secondsUntil(at: Instant, from: number): number {
  return Math.floor((millisecondsOf(at) - from) / 1000);
}

function assertQuery(query: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(query)) {
    if (name === '') throw new TypeError('query must not have an empty name');
    if (RESERVED.includes(name.toLowerCase())) {
      throw new TypeError(`query must not have ${name.toLowerCase()}, which the signer sets`);
    }
    if (value !== undefined && value !== null && typeof value !== 'string' && !Number.isFinite(value)) {
      throw new TypeError(`query.${name} must be a string or a finite number`);
    }
    if (/\p{Surrogate}/u.test(name + String(value))) {
      throw new TypeError('query holds half a surrogate pair, which UTF-8 cannot express');
    }
  }
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  const given = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    assertHeaderName(name, 'headers name');
    assertHeaderValue(value, `headers.${name}`);
    if (RESERVED.includes(lower))
      throw new TypeError(`headers must not have ${lower}, which the signer sets`);
    if ((given.get(lower) ?? value.trim()) !== value.trim()) {
      throw new TypeError(`headers must not have ${lower} twice with different values`);
    }
    if (value.trim() !== '') given.set(lower, value.trim());
  }
  return Object.fromEntries(given);
}
