import { computeSignature } from '../../src/auth/canonical-request.ts';
import { formatBasicIso, type SignatureClaim } from '../../src/auth/signature-claim.ts';
import { percentEncode } from '../../src/http/wire-text.ts';
import type { OssCredentials, OssRequest } from '../../src/types.ts';

/** What a test wants signed. Everything has a default, so that a test names only what it is about. */
export interface ToSign {
  readonly method?: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly additionalHeaders?: readonly string[];
  readonly credentials?: OssCredentials;
  readonly region?: string;
  readonly product?: string;
  /** Ms since the epoch. Default: now. */
  readonly signedAt?: number;
  readonly expires?: string;
  /** Dates a header signature by `Date` alone, as ossutil does. */
  readonly byHttpDate?: boolean;
}

export const CREDENTIALS: OssCredentials = { accessKeyId: 'test-key-id', accessKeySecret: 'test-key-secret' };

/** A path-style request target with a V4 signature in its query. The vectors prove the signing. */
export function presigned(toSign: ToSign = {}): string {
  const claim = claimOf(toSign, 'query');
  const { securityToken } = toSign.credentials ?? CREDENTIALS;
  const query = Object.entries({
    ...toSign.query,
    'x-oss-signature-version': 'OSS4-HMAC-SHA256',
    'x-oss-date': claim.timestamp,
    'x-oss-expires': toSign.expires ?? '3600',
    'x-oss-credential': credentialOf(claim),
    ...(claim.additionalHeaders.length > 0
      ? { 'x-oss-additional-headers': claim.additionalHeaders.join(';') }
      : {}),
    ...(securityToken === undefined ? {} : { 'x-oss-security-token': securityToken }),
  });
  const signature = sign(toSign, claim, query);
  return pathOf(toSign, [...query, ['x-oss-signature', signature]]);
}

/** A path-style request target and the headers that sign it. */
export function headerSigned(toSign: ToSign = {}): {
  readonly target: string;
  readonly headers: Record<string, string>;
} {
  const claim = claimOf(toSign, 'header');
  const { securityToken } = toSign.credentials ?? CREDENTIALS;
  const headers = {
    ...toSign.headers,
    [toSign.byHttpDate ? 'date' : 'x-oss-date']: claim.timestamp,
    'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
    ...(securityToken === undefined ? {} : { 'x-oss-security-token': securityToken }),
  };
  const query = Object.entries(toSign.query ?? {});
  const fields = [
    `Credential=${credentialOf(claim)}`,
    ...(claim.additionalHeaders.length > 0 ? [`AdditionalHeaders=${claim.additionalHeaders.join(';')}`] : []),
    `Signature=${sign({ ...toSign, headers }, claim, query)}`,
  ];
  const authorization = `OSS4-HMAC-SHA256 ${fields.join(',')}`;
  return { target: pathOf(toSign, query), headers: { ...headers, authorization } };
}

function claimOf(toSign: ToSign, form: SignatureClaim['form']): SignatureClaim {
  const signedAt = toSign.signedAt ?? Date.now();
  const timestamp = toSign.byHttpDate ? new Date(signedAt).toUTCString() : formatBasicIso(signedAt);
  return {
    form,
    accessKeyId: (toSign.credentials ?? CREDENTIALS).accessKeyId,
    date: formatBasicIso(signedAt).slice(0, 8),
    region: toSign.region ?? 'cn-hangzhou',
    product: toSign.product ?? 'oss',
    timestamp,
    signedAt,
    expires: undefined,
    additionalHeaders: toSign.additionalHeaders ?? [],
    signature: '',
  };
}

function credentialOf({ accessKeyId, date, region, product }: SignatureClaim): string {
  return `${accessKeyId}/${date}/${region}/${product}/aliyun_v4_request`;
}

function sign(toSign: ToSign, claim: SignatureClaim, query: readonly (readonly [string, string])[]): string {
  const { method = 'GET', bucket = 'demo', key = 'key', headers = {} } = toSign;
  const request: OssRequest = { method, target: '', headers, body: noBody() };
  const target = {
    operation: 'Unknown',
    bucket,
    key,
    uploadId: undefined,
    partNumber: undefined,
    query,
  } as const;
  const { accessKeySecret } = toSign.credentials ?? CREDENTIALS;
  return computeSignature(claim, request, target, accessKeySecret).signature;
}

async function* noBody(): AsyncGenerator<Uint8Array> {}

function pathOf(
  { bucket = 'demo', key = 'key' }: ToSign,
  query: readonly (readonly [string, string])[],
): string {
  const path = `/${bucket}/${key.split('/').map(percentEncode).join('/')}`;
  const pairs = query.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}
