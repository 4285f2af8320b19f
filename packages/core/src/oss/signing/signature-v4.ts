import { createHmacSha256, type HmacSha256, sha256Hex } from '#sha256';
import { toBasicIso } from '../instant.ts';
import { uriEncode, uriEncodePath } from './uri-encode.ts';

/** The fields of a request in canonical form, so that many requests can share the common ones. */
export interface CanonicalFields {
  /** In upper case. */
  readonly method: string;
  /** From `canonicalUri`. */
  readonly uri: string;
  /** From `canonicalQuery`. */
  readonly query: string;
  readonly headers: SignedHeaders;
}

/** The secret, the scope and the time of a signature. */
export interface SigningContext {
  readonly accessKeySecret: string;
  readonly region: string;
  /** `oss`, or `oss-cloudbox`. */
  readonly product: string;
  readonly signedAt: number;
}

/** The signature, and the two texts it was computed from, to compare when OSS computes another one. */
export interface SignatureV4 {
  readonly canonicalRequest: string;
  readonly stringToSign: string;
  /** 64 hex digits in lower case. */
  readonly signature: string;
}

export const ALGORITHM = 'OSS4-HMAC-SHA256';
/** No official SDK ever hashes the body. */
export const PAYLOAD = 'UNSIGNED-PAYLOAD';

/** Signs by version 4 of OSS's algorithm. Pure and synchronous. */
export function signV4(fields: CanonicalFields, context: SigningContext): SignatureV4 {
  return createSigner(context).sign(fields);
}

/** Signs any number of requests with the same secret, scope and time. */
export interface Signer {
  /** The value of `x-oss-date`. */
  readonly date: string;
  /** The scope of its signatures: one day, one region, one product. */
  readonly scope: string;
  sign(pieces: CanonicalFields): SignatureV4;
}

/** Computes once everything that requests with the same context share. */
export function createSigner({ accessKeySecret, region, product, signedAt }: SigningContext): Signer {
  const date = toBasicIso(signedAt);
  const scope = `${date.slice(0, 8)}/${region}/${product}/aliyun_v4_request`;
  const opening = `${ALGORITHM}\n${date}\n${scope}\n`;
  const key = getDayKey(accessKeySecret, scope);
  return {
    date,
    scope,
    sign({ method, uri, query, headers: { canonical, additional } }) {
      const canonicalRequest = `${method}\n${uri}\n${query}\n${canonical}\n${additional}\n${PAYLOAD}`;
      const stringToSign = opening + sha256Hex(canonicalRequest);
      return { canonicalRequest, stringToSign, signature: key.hex(stringToSign) };
    },
  };
}

/** Always contains the bucket, also when the URL has it in the host. An empty key is the bucket itself. */
export function canonicalUri(bucket: string, key: string): string {
  return `/${bucket}/${uriEncodePath(key)}`;
}

/** Parameters of a URL. `null`, `undefined` and `''` are bare names without a value. */
export type Query = Readonly<Record<string, string | number | null | undefined>>;

/**
 * The query in the form that is signed and can be sent: encoded, sorted by encoded name, a bare name for an
 * empty or missing value.
 */
export function canonicalQuery(query: Query): string {
  return canonicalPairs(query)
    .map(({ pair }) => pair)
    .join('&');
}

/**
 * The same in two halves, for many queries that differ in one value: the texts before and after `name=value`.
 * `name` needs no encoding.
 */
export function canonicalQueryAround(
  name: string,
  query: Query,
): { readonly before: string; readonly after: string } {
  const pairs = canonicalPairs(query);
  return {
    before: pairs.map((each) => (each.name < name ? `${each.pair}&` : '')).join(''),
    after: pairs.map((each) => (each.name > name ? `&${each.pair}` : '')).join(''),
  };
}

function canonicalPairs(query: Query): readonly { readonly name: string; readonly pair: string }[] {
  return Object.entries(query)
    .map(([name, value]) => ({ name: uriEncode(name), value: uriEncode(String(value ?? '')) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, value }) => ({ name, pair: value === '' ? name : `${name}=${value}` }));
}

export interface SignedHeaders {
  /** Exactly the headers that must arrive with a valid signature: names in lower case, values trimmed. */
  readonly values: Readonly<Record<string, string>>;
  /** A line for each, with its line end. */
  readonly canonical: string;
  /** The names that are signed only because the caller requested it: `host;range`, often empty. */
  readonly additional: string;
}

/**
 * Selects the headers that OSS requires to be signed (Content-Type, Content-MD5, x-oss-*) and those of
 * `additionalNames` that are present. A header with an empty value counts as absent.
 */
export function signedHeaders(
  headers: Readonly<Record<string, string>>,
  additionalNames: readonly string[],
): SignedHeaders {
  const requested = new Set(additionalNames.map((name) => name.toLowerCase()));
  const present = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .filter(([name, value]) => value !== '' && (isAlwaysSigned(name) || requested.has(name)))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    values: Object.fromEntries(present),
    canonical: present.map(([name, value]) => `${name}:${value}\n`).join(''),
    additional: present
      .map(([name]) => name)
      .filter((name) => !isAlwaysSigned(name))
      .join(';'),
  };
}

/** Whether OSS requires the header to be signed when it is present. The name is in lower case. */
export function isAlwaysSigned(name: string): boolean {
  return name === 'content-type' || name === 'content-md5' || name.startsWith('x-oss-');
}

/** The key of a scope: one HMAC for each of its fields. Cached for all requests of the day. */
function getDayKey(accessKeySecret: string, scope: string): HmacSha256 {
  const name = `${accessKeySecret}\n${scope}`;
  const cached = DAY_KEYS.get(name);
  if (cached !== undefined) return cached;
  const key = scope
    .split('/')
    .reduce(
      (previous, piece) => createHmacSha256(previous.bytes(piece)),
      createHmacSha256(new TextEncoder().encode(`aliyun_v4${accessKeySecret}`)),
    );
  const [oldest] = DAY_KEYS.keys();
  if (oldest !== undefined && DAY_KEYS.size >= DAY_KEYS_MAX) DAY_KEYS.delete(oldest);
  DAY_KEYS.set(name, key);
  return key;
}

/** Enough for a service of a few tenants around midnight. Bounded, because STS secrets change often. */
const DAY_KEYS_MAX = 16;
const DAY_KEYS = new Map<string, HmacSha256>();
