import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { toBasicIso } from './instant.ts';
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
  const { method, uri, query, headers } = pieces;
  const canonicalRequest = [method, uri, query, headers.canonical, headers.additional, PAYLOAD].join('\n');
  const hash = bytesToHex(sha256(utf8ToBytes(canonicalRequest)));
  const stringToSign = [ALGORITHM, toBasicIso(terms.signedAt), scopeOf(terms), hash].join('\n');
  const signature = bytesToHex(hmac(sha256, dayKey(terms), utf8ToBytes(stringToSign)));
  return { canonicalRequest, stringToSign, signature };
}

/** What a signature is good for: one day, one region, one product. */
export function scopeOf(terms: Omit<SigningTerms, 'accessKeySecret'>): string {
  return `${dayOf(terms)}/${terms.region}/${terms.product}/${TERMINATOR}`;
}

/** The bucket is always in it, whatever the style of the URL. An empty key stands for the bucket itself. */
export function canonicalUri(bucket: string, key: string): string {
  return `/${bucket}/${uriEncodePath(key)}`;
}

/**
 * The query as it is signed, which is also good for the wire: encoded, sorted by encoded name, a bare name
 * where the value is empty or `undefined`.
 */
export function canonicalQuery(query: Readonly<Record<string, string | number | null | undefined>>): string {
  return Object.entries(query)
    .map(([name, value]) => [uriEncode(name), uriEncode(String(value ?? ''))] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .join('&');
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

const TERMINATOR = 'aliyun_v4_request';

function dayOf({ signedAt }: Pick<SigningTerms, 'signedAt'>): string {
  return toBasicIso(signedAt).slice(0, 8);
}

function isAlwaysSigned(name: string): boolean {
  return name === 'content-type' || name === 'content-md5' || name.startsWith('x-oss-');
}

/** The key of a day is made by four HMACs and serves every request of that day. */
function dayKey(terms: SigningTerms): Uint8Array {
  const name = `${terms.accessKeySecret}\n${scopeOf(terms)}`;
  const cached = DAY_KEYS.get(name);
  if (cached !== undefined) return cached;
  const key = [dayOf(terms), terms.region, terms.product, TERMINATOR].reduce(
    (previous: Uint8Array, text) => hmac(sha256, previous, utf8ToBytes(text)),
    utf8ToBytes(`aliyun_v4${terms.accessKeySecret}`),
  );
  const [oldest] = DAY_KEYS.keys();
  if (oldest !== undefined && DAY_KEYS.size >= DAY_KEYS_MAX) DAY_KEYS.delete(oldest);
  DAY_KEYS.set(name, key);
  return key;
}

/** Enough for a service of a few tenants around midnight; STS secrets come and go, and must not pile up. */
const DAY_KEYS_MAX = 16;
const DAY_KEYS = new Map<string, Uint8Array>();
