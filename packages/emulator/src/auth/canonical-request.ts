import { createHash, createHmac } from 'node:crypto';
import { compareAscii, getHeader, percentEncode } from '../http/wire-text.ts';
import type { OssRequest, OssTarget } from '../types.ts';
import { type SignatureClaim, V4_ALGORITHM } from './signature-claim.ts';

/** A signature and the texts it was made of. */
export interface ComputedSignature {
  readonly canonicalRequest: string;
  readonly stringToSign: string;
  /** Lower-case hex, 64 characters. */
  readonly signature: string;
}

/**
 * Computes the signature that a request should have, according to its claim. It starts from the decoded
 * request, so the escaping and order on the wire do not matter.
 */
export function computeSignature(
  claim: SignatureClaim,
  request: OssRequest,
  target: OssTarget,
  accessKeySecret: string,
): ComputedSignature {
  const canonicalRequest = [
    request.method,
    canonicalUri(target),
    canonicalQuery(target),
    canonicalHeaders(request, claim.additionalHeaders),
    claim.additionalHeaders.join(';'),
    getHeader(request, 'x-oss-content-sha256') ?? 'UNSIGNED-PAYLOAD',
  ].join('\n');
  const scope = `${claim.date}/${claim.region}/${claim.product}/aliyun_v4_request`;
  const requestHash = createHash('sha256').update(canonicalRequest).digest('hex');
  const stringToSign = [V4_ALGORITHM, claim.timestamp, scope, requestHash].join('\n');
  const key = scope.split('/').reduce<string | Buffer>(hmac, `aliyun_v4${accessKeySecret}`);
  return { canonicalRequest, stringToSign, signature: hmac(key, stringToSign).toString('hex') };
}

/** Contains the bucket, whatever the style of the URL. */
function canonicalUri({ bucket, key }: OssTarget): string {
  if (bucket === undefined) return '/';
  return `/${percentEncode(bucket)}/${(key ?? '').split('/').map(percentEncode).join('/')}`;
}

/** Sorted by encoded name, then value. The texts are ASCII, so code units sort like bytes. */
function canonicalQuery({ query }: OssTarget): string {
  return query
    .filter(([name]) => name !== 'x-oss-signature')
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort(
      ([name, value], [otherName, otherValue]) =>
        compareAscii(name, otherName) || compareAscii(value, otherValue),
    )
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .join('&');
}

/** One line for each signed header, each with a line feed; empty if there is none. */
function canonicalHeaders(request: OssRequest, additionalHeaders: readonly string[]): string {
  return Object.entries(request.headers)
    .filter(([name]) => isSignedByDefault(name) || additionalHeaders.includes(name))
    .sort(([name], [other]) => compareAscii(name, other))
    .map(([name, value]) => `${name}:${value.trim()}\n`)
    .join('');
}

function isSignedByDefault(name: string): boolean {
  return name === 'content-type' || name === 'content-md5' || name.startsWith('x-oss-');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
