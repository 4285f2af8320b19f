import { timingSafeEqual } from 'node:crypto';
import { headerOf } from '../http/wire-text.ts';
import { OssError } from '../oss-error.ts';
import type { OssCredentials, OssRequest, OssTarget } from '../types.ts';
import { signAsClaimed } from './canonical-request.ts';
import { readClaim, type SignatureClaim } from './signature-claim.ts';

export interface AuthenticationCheck {
  readonly request: OssRequest;
  readonly target: OssTarget;
  /** The only region a signature may name. */
  readonly region: string;
  /** The only product a signature may name. Default: `oss`; a CloudBox signs for `oss-cloudbox`. */
  readonly product?: string;
  readonly credentials: readonly OssCredentials[];
  readonly nowMs: number;
}

export type AuthenticatedAs = { readonly accessKeyId: string } | 'anonymous';

/**
 * Verifies the V4 signature of a request, in its Authorization header or in its URL, from the head of the
 * request alone. Throws the {@link OssError} that OSS would answer with; a request without any signature is
 * anonymous.
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
  if (claim.region !== region) throw invalidScope('region', '0002-00000226');
  if (claim.product !== product) throw invalidScope('product', '0002-00000227');
}

function invalidScope(part: 'region' | 'product', ec: string): OssError {
  const message = `Invalid signing ${part} in Authorization header.`;
  return new OssError({ status: 400, code: 'InvalidArgument', message, ec });
}

const SKEW_MAX_MS = 15 * 60 * 1000;
const EXPIRES_MAX_SECONDS = 7 * 24 * 60 * 60;

function checkTime(claim: SignatureClaim, nowMs: number): void {
  if (claim.expires === undefined) {
    if (Math.abs(nowMs - claim.signedAt) > SKEW_MAX_MS) throw tooSkewed(claim, nowMs);
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
      fields: [['ServerTime', isoTime(nowMs)]],
    });
  }
  const expiresAt = claim.signedAt + seconds * 1000;
  if (nowMs > expiresAt) throw expired(expiresAt, nowMs);
}

function tooSkewed(claim: SignatureClaim, nowMs: number): OssError {
  return new OssError({
    status: 403,
    code: 'RequestTimeTooSkewed',
    message: 'The difference between the request time and the current time is too large.',
    ec: '0002-00000504',
    fields: [
      ['RequestTime', isoTime(claim.signedAt)],
      ['ServerTime', isoTime(nowMs)],
    ],
  });
}

function expired(expiresAt: number, nowMs: number): OssError {
  return new OssError({
    status: 403,
    code: 'AccessDenied',
    message: 'Request has expired.',
    ec: '0002-00000236',
    fields: [
      ['Expires', isoTime(expiresAt)],
      ['ServerTime', isoTime(nowMs)],
    ],
  });
}

/** Whole seconds, as OSS writes them: `2024-06-20T08:09:10.000Z`. */
function isoTime(at: number): string {
  return new Date(Math.floor(at / 1000) * 1000).toISOString();
}

function findCredentials(claim: SignatureClaim, check: AuthenticationCheck): OssCredentials {
  const known = check.credentials.filter(({ accessKeyId }) => accessKeyId === claim.accessKeyId);
  if (known.length === 0) throw unknownAccessKey(claim, '0002-00000902');
  const token = presentedToken(claim, check);
  const credentials = known.find(({ securityToken }) => securityToken === token);
  if (credentials === undefined && token === undefined) throw unknownAccessKey(claim, '0002-00000003');
  if (credentials === undefined) {
    throw refused('InvalidSecurityToken', 'The security token you provided is invalid.', '0002-00000008');
  }
  if (credentials.expiresAt !== undefined && check.nowMs >= credentials.expiresAt) {
    throw refused('SecurityTokenExpired', 'The security token you provided has expired.', '0002-00000007');
  }
  return credentials;
}

/**
 * From where the form of the signature wants it: a URL's token in a header instead is refused, not
 * overlooked.
 */
function presentedToken(claim: SignatureClaim, { request, target }: AuthenticationCheck): string | undefined {
  const inHeader = headerOf(request, 'x-oss-security-token');
  if (claim.form === 'header') return inHeader;
  const inUrl = new Map(target.query).get('x-oss-security-token');
  if (inHeader === undefined) return inUrl;
  throw refused(
    'InvalidSecurityToken',
    'A request signed by its URL carries its security token in the URL, and only there.',
    inUrl === undefined ? '0002-00000005' : '0002-00000010',
  );
}

function refused(code: string, message: string, ec: string): OssError {
  return new OssError({ status: 403, code, message, ec });
}

/** Also the answer to a temporary key that comes without its token: OSS knows it only together with one. */
function unknownAccessKey({ accessKeyId }: SignatureClaim, ec: string): OssError {
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
  const signed = signAsClaimed(claim, check.request, check.target, credentials.accessKeySecret);
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
