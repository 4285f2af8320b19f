import { timingSafeEqual } from 'node:crypto';
import { formatIsoDate, getHeader } from '../http/wire-text.ts';
import { OssError } from '../oss-error.ts';
import type { OssCredentials, OssRequest, OssTarget } from '../types.ts';
import { computeSignature } from './canonical-request.ts';
import { readClaim, type SignatureClaim } from './signature-claim.ts';

/** A request to authenticate, and what its signature must match. */
export interface AuthenticationCheck {
  readonly request: OssRequest;
  readonly target: OssTarget;
  /** The only region that a signature may name. */
  readonly region: string;
  /** The only product that a signature may name. Default: `oss`; for a CloudBox it is `oss-cloudbox`. */
  readonly product?: string;
  readonly credentials: readonly OssCredentials[];
  readonly nowMs: number;
}

export type AuthenticatedAs = { readonly accessKeyId: string } | 'anonymous';

/**
 * Verifies the V4 signature of a request, in its Authorization header or in its URL. Reads no body. Throws
 * the {@link OssError} of OSS; a request without a signature is anonymous.
 */
export function authenticate(check: AuthenticationCheck): AuthenticatedAs {
  const claim = readClaim(check.request, check.target);
  if (claim === undefined) return 'anonymous';
  checkScope(claim, check);
  checkTime(claim, check.nowMs);
  const credentials = findCredentials(claim, check);
  checkSignature(claim, check, credentials);
  return { accessKeyId: claim.accessKeyId };
}

function checkScope(claim: SignatureClaim, { region, product = 'oss' }: AuthenticationCheck): void {
  if (claim.region !== region) throw invalidScopeError('region', '0002-00000226');
  if (claim.product !== product) throw invalidScopeError('product', '0002-00000227');
}

function invalidScopeError(part: 'region' | 'product', ec: string): OssError {
  const message = `Invalid signing ${part} in Authorization header.`;
  return new OssError({ status: 400, code: 'InvalidArgument', message, ec });
}

const SKEW_MAX_MS = 15 * 60 * 1000;
const EXPIRES_MAX_SECONDS = 7 * 24 * 60 * 60;

function checkTime(claim: SignatureClaim, nowMs: number): void {
  if (claim.expires === undefined) {
    if (Math.abs(nowMs - claim.signedAt) > SKEW_MAX_MS) throw timeSkewError(claim, nowMs);
    return;
  }
  const seconds = /^\d{1,10}$/.test(claim.expires) ? Number(claim.expires) : 0;
  if (seconds < 1 || seconds > EXPIRES_MAX_SECONDS) {
    const message = `Invalid x-oss-expires: not a whole number from 1 to ${EXPIRES_MAX_SECONDS}.`;
    throw new OssError({ status: 400, code: 'InvalidArgument', message, ec: '0002-00000232' });
  }
  if (claim.signedAt - nowMs > SKEW_MAX_MS) {
    throw new OssError({
      status: 403,
      code: 'AccessDenied',
      message: 'Request is not valid yet.',
      ec: '0002-00000235',
      fields: [['ServerTime', formatIsoDate(nowMs)]],
    });
  }
  const expiresAt = claim.signedAt + seconds * 1000;
  if (nowMs > expiresAt) throw expiredError(expiresAt, nowMs);
}

function timeSkewError(claim: SignatureClaim, nowMs: number): OssError {
  return new OssError({
    status: 403,
    code: 'RequestTimeTooSkewed',
    message: 'The difference between the request time and the current time is too large.',
    ec: '0002-00000504',
    fields: [
      ['RequestTime', formatIsoDate(claim.signedAt)],
      ['ServerTime', formatIsoDate(nowMs)],
    ],
  });
}

function expiredError(expiresAt: number, nowMs: number): OssError {
  return new OssError({
    status: 403,
    code: 'AccessDenied',
    message: 'Request has expired.',
    ec: '0002-00000236',
    fields: [
      ['Expires', formatIsoDate(expiresAt)],
      ['ServerTime', formatIsoDate(nowMs)],
    ],
  });
}

function findCredentials(claim: SignatureClaim, check: AuthenticationCheck): OssCredentials {
  const known = check.credentials.filter(({ accessKeyId }) => accessKeyId === claim.accessKeyId);
  if (known.length === 0) throw unknownAccessKeyError(claim, '0002-00000902');
  const token = readSecurityToken(claim, check);
  const credentials = known.find(({ securityToken }) => securityToken === token);
  if (credentials === undefined && token === undefined) throw unknownAccessKeyError(claim, '0002-00000003');
  if (credentials === undefined) {
    throw forbiddenError(
      'InvalidSecurityToken',
      'The security token you provided is invalid.',
      '0002-00000008',
    );
  }
  if (credentials.expiresAt !== undefined && check.nowMs >= credentials.expiresAt) {
    throw forbiddenError(
      'SecurityTokenExpired',
      'The security token you provided has expired.',
      '0002-00000007',
    );
  }
  return credentials;
}

/** Reads the token from where the signature is. A signed URL with its token in a header is refused. */
function readSecurityToken(
  claim: SignatureClaim,
  { request, target }: AuthenticationCheck,
): string | undefined {
  const inHeader = getHeader(request, 'x-oss-security-token');
  if (claim.form === 'header') return inHeader;
  const inUrl = new Map(target.query).get('x-oss-security-token');
  if (inHeader === undefined) return inUrl;
  throw forbiddenError(
    'InvalidSecurityToken',
    'A request signed by its URL must have its security token in the URL only.',
    inUrl === undefined ? '0002-00000005' : '0002-00000010',
  );
}

function forbiddenError(code: string, message: string, ec: string): OssError {
  return new OssError({ status: 403, code, message, ec });
}

/** Also the response to a temporary key without its token: OSS knows it only together with the token. */
function unknownAccessKeyError({ accessKeyId }: SignatureClaim, ec: string): OssError {
  return new OssError({
    status: 403,
    code: 'InvalidAccessKeyId',
    message: 'The OSS Access Key Id you provided does not exist in our records.',
    ec,
    fields: [['OSSAccessKeyId', accessKeyId]],
  });
}

function checkSignature(
  claim: SignatureClaim,
  check: AuthenticationCheck,
  credentials: OssCredentials,
): void {
  const signed = computeSignature(claim, check.request, check.target, credentials.accessKeySecret);
  const provided = Buffer.from(claim.signature);
  const calculated = Buffer.from(signed.signature);
  if (provided.length === calculated.length && timingSafeEqual(provided, calculated)) return;
  throw new OssError({
    status: 403,
    code: 'SignatureDoesNotMatch',
    message:
      'The request signature we calculated does not match the signature you provided. ' +
      'Check your key and signing method.',
    ec: '0002-00000201',
    fields: [
      ['OSSAccessKeyId', claim.accessKeyId],
      ['SignatureProvided', claim.signature],
      ['StringToSign', signed.stringToSign],
      ['CanonicalRequest', signed.canonicalRequest],
    ],
  });
}
