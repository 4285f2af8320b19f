import { systemClock } from '../../system.ts';
import { assertBucket, type EndpointOptions, objectUrl, resolveEndpoint } from '../endpoint.ts';
import { type Instant, toMilliseconds } from '../instant.ts';
import { assertHeaderName, assertHeaderValue } from '../object-headers.ts';
import { type OssCredentials, validateCredentials } from './credentials.ts';
import {
  canonicalUri,
  type Query,
  type SignedHeaders,
  type SigningContext,
  signedHeaders,
} from './signature-v4.ts';

/** A request to sign. */
export interface SignRequest extends EndpointOptions {
  /** The HTTP method. */
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** The name of the bucket. */
  readonly bucket: string;
  /** The key of the object. Only for `signHeaders` it can be empty: that is the bucket itself. */
  readonly key: string;
  /** Default: `oss`. For CloudBox `oss-cloudbox`, with the ID of the box as region. */
  readonly product?: string | undefined;
  /** The credentials to sign with. */
  readonly credentials: OssCredentials;
  /** Parameters of the URL. Default: none. */
  readonly query?: Query | undefined;
  /**
   * Headers of the request. Content-Type, Content-MD5 and x-oss-* are signed. Empty values count as absent.
   * Default: none.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Names of further `headers` to sign. Names that `headers` does not have are ignored. Default: none. */
  readonly additionalHeaders?: readonly string[] | undefined;
  /** The time of the signature. Default: the system time. */
  readonly now?: Instant | undefined;
}

/**
 * Validates all options but the key, which can be empty for only one form of signing.
 *
 * @throws TypeError that names the option.
 */
export function prepareRequest(request: SignRequest): PreparedRequest {
  const { bucket, key, region, product = 'oss', additionalHeaders = [] } = request;
  assertBucket(bucket);
  if (!METHODS.includes(request.method)) throw new TypeError(`method must be one of ${METHODS.join(', ')}`);
  assertQuery(request.query ?? {});
  if (!/^[a-z0-9-]+$/.test(product)) throw new TypeError("product must be 'oss' or 'oss-cloudbox'");
  const credentials = validateCredentials(request.credentials);
  const headers = normalizeHeaders(request.headers ?? {});
  const signedAt = toMilliseconds(request.now ?? systemClock.now());
  if (!Number.isFinite(signedAt)) throw new TypeError('now must be a Date or milliseconds since the epoch');
  return {
    fields: {
      method: request.method,
      uri: canonicalUri(bucket, key),
      headers: signedHeaders(headers, additionalHeaders),
    },
    signing: { accessKeySecret: credentials.accessKeySecret, region, product, signedAt },
    url: objectUrl(resolveEndpoint(request), bucket, key),
    credentials,
    headers,
  };
}

/** A validated request, prepared for both forms of signing. */
export interface PreparedRequest {
  readonly fields: { readonly method: string; readonly uri: string; readonly headers: SignedHeaders };
  readonly signing: SigningContext;
  /** Without a query. */
  readonly url: string;
  readonly credentials: OssCredentials;
  /** The headers of the request, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
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
      throw new TypeError('query contains a lone surrogate, which UTF-8 cannot encode');
    }
  }
}

function normalizeHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const normalized = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    assertHeaderName(name, 'headers name');
    assertHeaderValue(value, `headers.${name}`);
    if (RESERVED.includes(lower))
      throw new TypeError(`headers must not have ${lower}, which the signer sets`);
    if ((normalized.get(lower) ?? value.trim()) !== value.trim()) {
      throw new TypeError(`headers must not have ${lower} twice with different values`);
    }
    if (value.trim() !== '') normalized.set(lower, value.trim());
  }
  return Object.fromEntries(normalized);
}
