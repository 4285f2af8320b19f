import { asciiOrder, headerOf } from '../http/wire-text.ts';
import { OssError } from '../oss-error.ts';
import type { OssRequest, OssTarget } from '../types.ts';
import { basicIso, parseBasicIso, parseHttpDate } from './signature-time.ts';

/** What a request says about its own signature, well formed but not yet believed. */
export interface SignatureClaim {
  readonly form: 'header' | 'query';
  readonly accessKeyId: string;
  /** `yyyymmdd`, the day of {@link SignatureClaim.timestamp}. */
  readonly date: string;
  readonly region: string;
  readonly product: string;
  /** As it is signed: `yyyymmddTHHMMSSZ`, or the text of a Date header. */
  readonly timestamp: string;
  /** The same instant, in ms since the epoch. */
  readonly signedAt: number;
  /** Lifetime in seconds as text, unchecked; `undefined` in the header form. */
  readonly expires: string | undefined;
  /** Lower case, sorted, without duplicates. */
  readonly additionalHeaders: readonly string[];
  readonly signature: string;
}

export const V4_ALGORITHM = 'OSS4-HMAC-SHA256';

/** Reads the Authorization header or the URL's parameters; `undefined` when the request has neither. */
export function readClaim(request: OssRequest, target: OssTarget): SignatureClaim | undefined {
  const parameters = new Map(target.query);
  const authorization = headerOf(request, 'authorization');
  const isUrlSigned = ['x-oss-signature-version', 'x-oss-signature', 'x-oss-credential'].some((name) =>
    parameters.has(name),
  );
  const isV1UrlSigned = parameters.has('OSSAccessKeyId') && parameters.has('Signature');
  if (authorization !== undefined && (isUrlSigned || isV1UrlSigned)) {
    throw invalid('A request is signed either by its Authorization header or by its URL, not by both.');
  }
  if (isV1UrlSigned) throw otherVersion('V1');
  if (isUrlSigned) return fromUrl(parameters, request);
  return authorization === undefined ? undefined : fromHeader(authorization, request);
}

function fromUrl(parameters: ReadonlyMap<string, string>, request: OssRequest): SignatureClaim {
  const version = parameters.get('x-oss-signature-version');
  if (version === 'OSS2') throw otherVersion('V2');
  if (version !== V4_ALGORITHM) throw invalid('Invalid x-oss-signature-version.', '0002-00000066');
  const credential = required(parameters, 'x-oss-credential', { missing: '217', empty: '218' });
  const signature = required(parameters, 'x-oss-signature', { missing: '219', empty: '220' });
  const expires = required(parameters, 'x-oss-expires', { missing: '215', empty: '216' });
  const timestamp = required(parameters, 'x-oss-date', {});
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

function required(
  parameters: ReadonlyMap<string, string>,
  name: string,
  { missing, empty }: { readonly missing?: string; readonly empty?: string },
): string {
  const value = parameters.get(name);
  if (value === undefined) throw invalid(`Missing ${name}.`, missing && `0002-00000${missing}`);
  if (value === '') throw invalid(`Empty ${name}.`, empty && `0002-00000${empty}`);
  return value;
}

function fromHeader(authorization: string, request: OssRequest): SignatureClaim {
  const space = authorization.indexOf(' ');
  const scheme = space < 0 ? authorization : authorization.slice(0, space);
  if (scheme === 'OSS') throw otherVersion('V1');
  if (scheme === 'OSS2') throw otherVersion('V2');
  if (scheme !== V4_ALGORITHM) throw invalid('Authorization header is invalid.');
  const fields = readFields(authorization.slice(space + 1));
  const credential = fields.get('Credential');
  const signature = fields.get('Signature');
  if (!credential) throw invalid('Authorization header has no Credential.', '0002-00000205');
  if (!signature) throw invalid('Authorization header has no Signature.', '0002-00000207');
  return {
    form: 'header',
    ...readCredential(credential, headerDate(request), {
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

/** The fields may have spaces after their commas: the SDKs write none, Alibaba's examples do. */
function readFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    if (equals < 0) throw invalid('Authorization header is invalid.', '0002-00000203');
    const name = field.slice(0, equals).trim();
    if (!['Credential', 'AdditionalHeaders', 'Signature'].includes(name) || fields.has(name)) {
      throw invalid('Authorization header is invalid.', '0002-00000204');
    }
    fields.set(name, field.slice(equals + 1).trim());
  }
  return fields;
}

interface SigningDate {
  readonly timestamp: string;
  readonly signedAt: number | undefined;
}

/** `x-oss-date`, else `Date`, which is then signed as it stands: ossutil sends no other. */
function headerDate(request: OssRequest): SigningDate {
  const ossDate = headerOf(request, 'x-oss-date');
  if (ossDate !== undefined) return { timestamp: ossDate, signedAt: parseBasicIso(ossDate) };
  const timestamp = headerOf(request, 'date') ?? '';
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
  if (!accessKeyId || !date || !isScoped) throw invalid('Invalid credential in the signature.', ec.suffix);
  if (signedAt === undefined) throw invalid('Invalid signing date: not yyyymmddTHHMMSSZ.', ec.date);
  if (date !== basicIso(signedAt).slice(0, 8))
    throw invalid('Invalid signing date in the credential.', ec.date);
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
  if (text === '') throw invalid('The additional headers are empty.', ec.empty);
  const names = text.split(';');
  if (names.includes('')) throw invalid('An additional header has an empty name.', ec.emptyName);
  const absent = names.find((name) => headerOf(request, name.toLowerCase()) === undefined);
  if (absent !== undefined)
    throw invalid(`The additional header ${absent} is not in the request.`, ec.absent);
  const canonical = [...new Set(names.map((name) => name.toLowerCase()))].sort(asciiOrder).join(';');
  if (text !== canonical) {
    throw invalid('The additional headers must be lower case, sorted and without duplicates.');
  }
  return names;
}

function invalid(message: string, ec?: string): OssError {
  return new OssError({ status: 400, code: 'InvalidArgument', message, ...(ec === undefined ? {} : { ec }) });
}

/** Ours, not OSS's: real OSS would take such a request. */
function otherVersion(version: 'V1' | 'V2'): OssError {
  return new OssError({
    status: 400,
    code: 'InvalidArgument',
    message:
      `This emulator verifies V4 signatures only, and the request carries a ${version} signature. ` +
      'Switch the client to V4: `authorizationV4: true` in ali-oss, `--sign-version v4 --region <region>` ' +
      'in ossutil, SignatureVersionV4 in the v2 SDKs (their default).',
  });
}
