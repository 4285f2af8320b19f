import { createHash, createHmac } from 'node:crypto';
import { asciiOrder, headerOf, percentEncode } from '../http/wire-text.ts';
import type { OssRequest, OssTarget } from '../types.ts';
import { type SignatureClaim, V4_ALGORITHM } from './signature-claim.ts';

export interface Signed {
  readonly canonicalRequest: string;
  readonly stringToSign: string;
  /** Lower-case hex, 64 characters. */
  readonly signature: string;
}

/**
 * Signs a request the way its claim says it was signed, from the decoded request: wire escaping and order
 * drop out.
 */
export function signAsClaimed(
  claim: SignatureClaim,
  request: OssRequest,
  target: OssTarget,
  accessKeySecret: string,
): Signed {
  const canonicalRequest = [
    request.method,
    canonicalUri(target),
    canonicalQuery(target),
    canonicalHeaders(request, claim.additionalHeaders),
    claim.additionalHeaders.join(';'),
    headerOf(request, 'x-oss-content-sha256') ?? 'UNSIGNED-PAYLOAD',
  ].join('\n');
  const scope = `${claim.date}/${claim.region}/${claim.product}/aliyun_v4_request`;
  const requestHash = createHash('sha256').update(canonicalRequest).digest('hex');
  const stringToSign = [V4_ALGORITHM, claim.timestamp, scope, requestHash].join('\n');
  const key = scope.split('/').reduce<string | Buffer>(hmac, `aliyun_v4${accessKeySecret}`);
  return { canonicalRequest, stringToSign, signature: hmac(key, stringToSign).toString('hex') };
}

/** The bucket is in it whatever the style of the URL. */
function canonicalUri({ bucket, key }: OssTarget): string {
  if (bucket === undefined) return '/';
  return `/${percentEncode(bucket)}/${(key ?? '').split('/').map(percentEncode).join('/')}`;
}

/** Sorted by encoded name, then value. The texts are ASCII, so code units compare as bytes. */
function canonicalQuery({ query }: OssTarget): string {
  return query
    .filter(([name]) => name !== 'x-oss-signature')
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort(
      ([name, value], [otherName, otherValue]) =>
        asciiOrder(name, otherName) || asciiOrder(value, otherValue),
    )
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .join('&');
}

/** A line for each signed header, the last one ended too; empty when there is none. */
function canonicalHeaders(request: OssRequest, additionalHeaders: readonly string[]): string {
  return Object.entries(request.headers)
    .filter(([name]) => isSignedByDefault(name) || additionalHeaders.includes(name))
    .sort(([name], [other]) => asciiOrder(name, other))
    .map(([name, value]) => `${name}:${value.trim()}\n`)
    .join('');
}

function isSignedByDefault(name: string): boolean {
  return name === 'content-type' || name === 'content-md5' || name.startsWith('x-oss-');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
