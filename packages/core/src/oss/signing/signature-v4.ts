import { createHmacSha256, type HmacSha256, sha256Hex } from '#sha256';
import { toBasicIso } from '../instant.ts';
import { uriEncode, uriEncodePath } from './uri-encode.ts';

/**
 * What is signed, each piece in canonical form already, so that many requests can share what they have in
 * common.
 */
export interface CanonicalPieces {
  /** In upper case. */
  readonly method: string;
  /** From `canonicalUri`. */
  readonly uri: string;
  /** From `canonicalQuery`. */
  readonly query: string;
  readonly headers: SignedHeaders;
}

/** Who signs, for where, and when. */
export interface SigningTerms {
  readonly accessKeySecret: string;
  readonly region: string;
  /** `oss`, or `oss-cloudbox`. */
  readonly product: string;
  readonly signedAt: number;
}

/** The signature, and the two texts it was made from, which are what one compares when OSS disagrees. */
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
export function signV4(pieces: CanonicalPieces, terms: SigningTerms): SignatureV4 {
  return createSigner(terms).sign(pieces);
}

/** Signs any number of requests on the same terms. */
export interface Signer {
  /** As `x-oss-date` has it. */
  readonly date: string;
  /** What its signatures are good for: one day, one region, one product. */
  readonly scope: string;
  sign(pieces: CanonicalPieces): SignatureV4;
}

/** Whatever requests on the same terms have in common is written here, once. */
export function createSigner({ accessKeySecret, region, product, signedAt }: SigningTerms): Signer {
  const date = toBasicIso(signedAt);
  const scope = `${date.slice(0, 8)}/${region}/${product}/aliyun_v4_request`;
  const opening = `${ALGORITHM}\n${date}\n${scope}\n`;
  const key = dayKey(accessKeySecret, scope);
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

/** The bucket is always in it, whatever the style of the URL. An empty key stands for the bucket itself. */
export function canonicalUri(bucket: string, key: string): string {
  return `/${bucket}/${uriEncodePath(key)}`;
}

/** `null`, `undefined` and `''` all stand for a bare name. */
export type Query = Readonly<Record<string, string | number | null | undefined>>;

/**
 * The query as it is signed, which is also good for the wire: encoded, sorted by encoded name, a bare name
 * where the value is empty or `undefined`.
 */
export function canonicalQuery(query: Query): string {
  return canonicalPairs(query)
    .map(({ pair }) => pair)
    .join('&');
}

/**
 * The same in two halves, for many queries that differ in one value: what stands before `name=value`, and
 * what behind it. `name` needs no encoding.
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
  /** Exactly the headers that must arrive for the signature to hold: names in lower case, values trimmed. */
  readonly values: Readonly<Record<string, string>>;
  /** A line for each, with its line end. */
  readonly canonical: string;
  /** The names that are signed only because the signer asked for it: `host;range`, often empty. */
  readonly additional: string;
}

/**
 * Of `headers`, those that OSS demands to be signed (Content-Type, Content-MD5, x-oss-*) and those of
 * `additionalNames` that are present. A header with an empty value counts as absent.
 */
export function signedHeaders(
  headers: Readonly<Record<string, string>>,
  additionalNames: readonly string[],
): SignedHeaders {
  const asked = new Set(additionalNames.map((name) => name.toLowerCase()));
  const present = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .filter(([name, value]) => value !== '' && (isAlwaysSigned(name) || asked.has(name)))
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

/** Whether OSS demands that a header be signed wherever it is there. The name is in lower case. */
export function isAlwaysSigned(name: string): boolean {
  return name === 'content-type' || name === 'content-md5' || name.startsWith('x-oss-');
}

/** The key of a scope is made by an HMAC for each of its pieces, and serves every request of that day. */
function dayKey(accessKeySecret: string, scope: string): HmacSha256 {
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

/** Enough for a service of a few tenants around midnight; STS secrets come and go, and must not pile up. */
const DAY_KEYS_MAX = 16;
const DAY_KEYS = new Map<string, HmacSha256>();
