import { computeSignature } from '../../src/auth/canonical-request.ts';
import { formatBasicIso, type SignatureClaim } from '../../src/auth/signature-claim.ts';
import { percentEncode } from '../../src/http/wire-text.ts';
import type { OssCredentials, OssRequest } from '../../src/types.ts';

/** A request to sign. Every field has a default, so that a test has only the fields it depends on. */
export interface SigningOptions {
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
  readonly usesDateHeader?: boolean;
}

export const CREDENTIALS: OssCredentials = { accessKeyId: 'test-key-id', accessKeySecret: 'test-key-secret' };

/** A path-style request target with a V4 signature in its query. The vectors prove the signing. */
export function presignTarget(options: SigningOptions = {}): string {
  const claim = createClaim(options, 'query');
  const { securityToken } = options.credentials ?? CREDENTIALS;
  const query = Object.entries({
    ...options.query,
    'x-oss-signature-version': 'OSS4-HMAC-SHA256',
    'x-oss-date': claim.timestamp,
    'x-oss-expires': options.expires ?? '3600',
    'x-oss-credential': formatCredential(claim),
    ...(claim.additionalHeaders.length > 0
      ? { 'x-oss-additional-headers': claim.additionalHeaders.join(';') }
      : {}),
    ...(securityToken === undefined ? {} : { 'x-oss-security-token': securityToken }),
  });
  const signature = sign(options, claim, query);
  return formatTarget(options, [...query, ['x-oss-signature', signature]]);
}

/** A path-style request target and the headers that sign it. */
export function signInHeaders(options: SigningOptions = {}): {
  readonly target: string;
  readonly headers: Record<string, string>;
} {
  const claim = createClaim(options, 'header');
  const { securityToken } = options.credentials ?? CREDENTIALS;
  const headers = {
    ...options.headers,
    [options.usesDateHeader ? 'date' : 'x-oss-date']: claim.timestamp,
    'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
    ...(securityToken === undefined ? {} : { 'x-oss-security-token': securityToken }),
  };
  const query = Object.entries(options.query ?? {});
  const fields = [
    `Credential=${formatCredential(claim)}`,
    ...(claim.additionalHeaders.length > 0 ? [`AdditionalHeaders=${claim.additionalHeaders.join(';')}`] : []),
    `Signature=${sign({ ...options, headers }, claim, query)}`,
  ];
  const authorization = `OSS4-HMAC-SHA256 ${fields.join(',')}`;
  return { target: formatTarget(options, query), headers: { ...headers, authorization } };
}

function createClaim(options: SigningOptions, form: SignatureClaim['form']): SignatureClaim {
  const signedAt = options.signedAt ?? Date.now();
  const timestamp = options.usesDateHeader ? new Date(signedAt).toUTCString() : formatBasicIso(signedAt);
  return {
    form,
    accessKeyId: (options.credentials ?? CREDENTIALS).accessKeyId,
    date: formatBasicIso(signedAt).slice(0, 8),
    region: options.region ?? 'cn-hangzhou',
    product: options.product ?? 'oss',
    timestamp,
    signedAt,
    expires: undefined,
    additionalHeaders: options.additionalHeaders ?? [],
    signature: '',
  };
}

function formatCredential({ accessKeyId, date, region, product }: SignatureClaim): string {
  return `${accessKeyId}/${date}/${region}/${product}/aliyun_v4_request`;
}

function sign(
  options: SigningOptions,
  claim: SignatureClaim,
  query: readonly (readonly [string, string])[],
): string {
  const { method = 'GET', bucket = 'demo', key = 'key', headers = {} } = options;
  const request: OssRequest = { method, target: '', headers, body: emptyBody() };
  const target = {
    operation: 'Unknown',
    bucket,
    key,
    uploadId: undefined,
    partNumber: undefined,
    query,
  } as const;
  const { accessKeySecret } = options.credentials ?? CREDENTIALS;
  return computeSignature(claim, request, target, accessKeySecret).signature;
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

function formatTarget(
  { bucket = 'demo', key = 'key' }: SigningOptions,
  query: readonly (readonly [string, string])[],
): string {
  const path = `/${bucket}/${key.split('/').map(percentEncode).join('/')}`;
  const pairs = query.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}
