import { compareAscii, getHeader } from '../http/wire-text.ts';
import { OssError } from '../oss-error.ts';
import type { OssRequest, OssTarget } from '../types.ts';

/** The signature of a request as the request has it, well formed but not verified. */
export interface SignatureClaim {
  readonly form: 'header' | 'query';
  readonly accessKeyId: string;
  /** `yyyymmdd`, the day of {@link SignatureClaim.timestamp}. */
  readonly date: string;
  readonly region: string;
  readonly product: string;
  /** The text that was signed: `yyyymmddTHHMMSSZ`, or the Date header. */
  readonly timestamp: string;
  /** The same instant, in ms since the epoch. */
  readonly signedAt: number;
  /** The lifetime in seconds as text, not checked; `undefined` in the header form. */
  readonly expires: string | undefined;
  /** Lower case, sorted, without duplicates. */
  readonly additionalHeaders: readonly string[];
  readonly signature: string;
}

export const V4_ALGORITHM = 'OSS4-HMAC-SHA256';

/** Reads the Authorization header or the URL's parameters. `undefined` if the request has neither. */
export function readClaim(request: OssRequest, target: OssTarget): SignatureClaim | undefined {
  const parameters = new Map(target.query);
  const authorization = getHeader(request, 'authorization');
  const isUrlSigned = ['x-oss-signature-version', 'x-oss-signature', 'x-oss-credential'].some((name) =>
    parameters.has(name),
  );
  const isV1UrlSigned = parameters.has('OSSAccessKeyId') && parameters.has('Signature');
  if (authorization !== undefined && (isUrlSigned || isV1UrlSigned)) {
    throw invalidSignatureError(
      'A request must be signed by its Authorization header or by its URL, not by both.',
    );
  }
  if (isV1UrlSigned) throw unsupportedVersionError('V1');
  if (isUrlSigned) return readUrlClaim(parameters, request);
  return authorization === undefined ? undefined : readHeaderClaim(authorization, request);
}

function readUrlClaim(parameters: ReadonlyMap<string, string>, request: OssRequest): SignatureClaim {
  const version = parameters.get('x-oss-signature-version');
  if (version === 'OSS2') throw unsupportedVersionError('V2');
  if (version !== V4_ALGORITHM)
    throw invalidSignatureError('Invalid x-oss-signature-version.', '0002-00000066');
  const credential = requireParameter(parameters, 'x-oss-credential', { missing: '217', empty: '218' });
  const signature = requireParameter(parameters, 'x-oss-signature', { missing: '219', empty: '220' });
  const expires = requireParameter(parameters, 'x-oss-expires', { missing: '215', empty: '216' });
  const timestamp = requireParameter(parameters, 'x-oss-date', {});
  return {
    form: 'query',
    ...readCredential(
      credential,
      { timestamp, signedAt: parseBasicIso(timestamp) },
      { date: '0002-00000223', suffix: undefined },
    ),
    expires,
    additionalHeaders: readAdditionalHeaders(parameters.get('x-oss-additional-headers'), request, {
      empty: '0002-00000076',
      emptyName: '0002-00000077',
      absent: '0002-00000078',
    }),
    signature,
  };
}

function requireParameter(
  parameters: ReadonlyMap<string, string>,
  name: string,
  { missing, empty }: { readonly missing?: string; readonly empty?: string },
): string {
  const value = parameters.get(name);
  if (value === undefined) throw invalidSignatureError(`Missing ${name}.`, missing && `0002-00000${missing}`);
  if (value === '') throw invalidSignatureError(`Empty ${name}.`, empty && `0002-00000${empty}`);
  return value;
}

function readHeaderClaim(authorization: string, request: OssRequest): SignatureClaim {
  const space = authorization.indexOf(' ');
  const scheme = space < 0 ? authorization : authorization.slice(0, space);
  if (scheme === 'OSS') throw unsupportedVersionError('V1');
  if (scheme === 'OSS2') throw unsupportedVersionError('V2');
  if (scheme !== V4_ALGORITHM) throw invalidSignatureError('Authorization header is invalid.');
  const fields = readFields(authorization.slice(space + 1));
  const credential = fields.get('Credential');
  const signature = fields.get('Signature');
  if (!credential) throw invalidSignatureError('Authorization header has no Credential.', '0002-00000205');
  if (!signature) throw invalidSignatureError('Authorization header has no Signature.', '0002-00000207');
  return {
    form: 'header',
    ...readCredential(credential, readHeaderDate(request), {
      date: '0002-00000212',
      suffix: '0002-00000213',
    }),
    expires: undefined,
    additionalHeaders: readAdditionalHeaders(fields.get('AdditionalHeaders'), request, {
      empty: '0002-00000209',
      emptyName: '0002-00000210',
      absent: '0002-00000211',
    }),
    signature,
  };
}

/** Accepts spaces after commas: Alibaba's examples have them, the SDKs do not. */
function readFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    if (equals < 0) throw invalidSignatureError('Authorization header is invalid.', '0002-00000203');
    const name = field.slice(0, equals).trim();
    if (!['Credential', 'AdditionalHeaders', 'Signature'].includes(name) || fields.has(name)) {
      throw invalidSignatureError('Authorization header is invalid.', '0002-00000204');
    }
    fields.set(name, field.slice(equals + 1).trim());
  }
  return fields;
}

interface SigningDate {
  readonly timestamp: string;
  readonly signedAt: number | undefined;
}

/** Reads `x-oss-date`, else `Date`. The text of `Date` is signed unchanged. ossutil sends only `Date`. */
function readHeaderDate(request: OssRequest): SigningDate {
  const ossDate = getHeader(request, 'x-oss-date');
  if (ossDate !== undefined) return { timestamp: ossDate, signedAt: parseBasicIso(ossDate) };
  const timestamp = getHeader(request, 'date') ?? '';
  const signedAt = parseHttpDate(timestamp);
  if (signedAt !== undefined) return { timestamp, signedAt };
  throw new OssError({
    status: 403,
    code: 'AccessDenied',
    message: 'OSS authentication requires a valid Date.',
    ec: '0002-00000503',
  });
}

type Scope = Pick<SignatureClaim, 'accessKeyId' | 'date' | 'region' | 'product' | 'timestamp' | 'signedAt'>;

function readCredential(
  credential: string,
  { timestamp, signedAt }: SigningDate,
  ec: { readonly date: string; readonly suffix: string | undefined },
): Scope {
  const [accessKeyId, date, region, product, suffix, ...rest] = credential.split('/');
  const isScoped = region && product && suffix === 'aliyun_v4_request' && rest.length === 0;
  if (!accessKeyId || !date || !isScoped)
    throw invalidSignatureError('Invalid credential in the signature.', ec.suffix);
  if (signedAt === undefined)
    throw invalidSignatureError('Invalid signing date: not yyyymmddTHHMMSSZ.', ec.date);
  if (date !== formatBasicIso(signedAt).slice(0, 8))
    throw invalidSignatureError('Invalid signing date in the credential.', ec.date);
  return { accessKeyId, date, region, product, timestamp, signedAt };
}

interface AdditionalHeadersEc {
  readonly empty: string;
  readonly emptyName: string;
  readonly absent: string;
}

function readAdditionalHeaders(
  text: string | undefined,
  request: OssRequest,
  ec: AdditionalHeadersEc,
): readonly string[] {
  if (text === undefined) return [];
  if (text === '') throw invalidSignatureError('The additional headers are empty.', ec.empty);
  const names = text.split(';');
  if (names.includes(''))
    throw invalidSignatureError('An additional header has an empty name.', ec.emptyName);
  const absent = names.find((name) => getHeader(request, name.toLowerCase()) === undefined);
  if (absent !== undefined)
    throw invalidSignatureError(`The additional header ${absent} is not in the request.`, ec.absent);
  const canonical = [...new Set(names.map((name) => name.toLowerCase()))].sort(compareAscii).join(';');
  if (text !== canonical) {
    throw invalidSignatureError('The additional headers must be lower case, sorted and without duplicates.');
  }
  return names;
}

function invalidSignatureError(message: string, ec?: string): OssError {
  return new OssError({ status: 400, code: 'InvalidArgument', message, ...(ec === undefined ? {} : { ec }) });
}

/** An error of the emulator only: OSS would accept such a request. */
function unsupportedVersionError(version: 'V1' | 'V2'): OssError {
  return new OssError({
    status: 400,
    code: 'InvalidArgument',
    message:
      `This emulator verifies V4 signatures only, but the request has a ${version} signature. ` +
      'Switch the client to V4: `authorizationV4: true` in ali-oss, `--sign-version v4 --region <region>` ' +
      'in ossutil, SignatureVersionV4 in the v2 SDKs (their default).',
  });
}

/** Parses `yyyymmddTHHMMSSZ` to ms since the epoch. `undefined` for other texts and for 30 February. */
export function parseBasicIso(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const at = Date.parse(iso);
  return Number.isNaN(at) || new Date(at).toISOString() !== iso ? undefined : at;
}

/** Formats ms since the epoch as `yyyymmddTHHMMSSZ`. */
export function formatBasicIso(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** Parses `Thu, 20 Jun 2024 08:09:10 GMT` to ms since the epoch. `undefined` for any other text. */
export function parseHttpDate(text: string): number | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) || new Date(at).toUTCString() !== text ? undefined : at;
}
