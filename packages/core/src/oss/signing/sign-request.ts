import { systemClock } from '../../system.ts';
import { assertBucket, type EndpointOptions, objectUrl, resolveEndpoint } from '../endpoint.ts';
import { type Instant, millisecondsOf } from '../instant.ts';
import { assertHeaderName, assertHeaderValue } from '../object-headers.ts';
import { checkedCredentials, type OssCredentials } from './credentials.ts';
import {
  canonicalUri,
  type Query,
  type SignedHeaders,
  type SigningTerms,
  signedHeaders,
} from './signature-v4.ts';

export interface SignRequest extends EndpointOptions {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly bucket: string;
  /** For `signHeaders` alone, an empty key stands for the bucket itself. */
  readonly key: string;
  /** Default: `oss`. For CloudBox `oss-cloudbox`, with the id of the box as region. */
  readonly product?: string | undefined;
  readonly credentials: OssCredentials;
  readonly query?: Query | undefined;
  /** Of these, Content-Type, Content-MD5 and x-oss-* are signed. An empty value counts as absent. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Names of further `headers` to sign. Those that `headers` does not have are passed over, as the SDKs do.
   */
  readonly additionalHeaders?: readonly string[] | undefined;
  /** Default: the time of the system. */
  readonly now?: Instant | undefined;
}

/**
 * Checks everything a caller says but the key, which may be empty for one form of signing alone.
 *
 * @throws TypeError that names the option.
 */
export function prepareRequest(request: SignRequest): PreparedRequest {
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

/** A request whose every option has been checked, and what both forms of signing share. */
export interface PreparedRequest {
  readonly pieces: { readonly method: string; readonly uri: string; readonly headers: SignedHeaders };
  readonly terms: SigningTerms;
  /** Without a query. */
  readonly url: string;
  readonly credentials: OssCredentials;
  /** The caller's headers, names in lower case. */
  readonly given: Readonly<Record<string, string>>;
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
