import { displayableName } from '../diagnosis/signature-explanation.ts';
import { parseInstant } from '../instant.ts';
import { PRESIGN_SECONDS_MAX } from '../limits.ts';
import { ALGORITHM } from './signature-v4.ts';

/** The parameters of a presigned URL, not verified. `undefined`: the URL does not have them. */
export interface SignedUrl {
  readonly host: string;
  /** Decoded, with its leading slash. `undefined` when it is not percent-encoded UTF-8. */
  readonly path: string | undefined;
  /** Decoded, in the order of the URL; without the signature. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly isSigned: boolean;
  /** Whether the query has an unencoded `+`, which no signer writes. */
  readonly hasPlus: boolean;
  readonly accessKeyId: string | undefined;
  readonly region: string | undefined;
  readonly signedAt: number | undefined;
  readonly expiresAt: number | undefined;
  /** The signed headers besides Content-Type, Content-MD5 and x-oss-*: they must be sent. */
  readonly additionalHeaders: readonly string[];
  readonly hasSecurityToken: boolean;
  /** Descriptions, without values, of everything that no signer can have written. */
  readonly defects: readonly string[];
}

/** Reads the URL as text: `URL` would resolve dot segments and hide defects. */
export function readSignedUrl(url: string): SignedUrl {
  const [, host = '', rawPath = '', rawQuery = ''] =
    /^https?:\/\/([^/?#]*)([^?#]*)\??([^#]*)/.exec(url) ?? [];
  const pairs = rawQuery.split('&').filter((pair) => pair !== '');
  const all = pairs.map((pair) => {
    const [name = '', ...rest] = pair.split('=');
    return [decodeComponent(name), decodeComponent(rest.join('='))] as const;
  });
  const values = new Map(all.map(([name = '', value = '']) => [name, value]));
  const scope = (values.get('x-oss-credential') ?? '').split('/');
  const signedAt = basicInstant(values.get('x-oss-date') ?? '');
  const seconds = wholeSeconds(values.get('x-oss-expires') ?? '');
  return {
    host: host.toLowerCase(),
    path: decodeComponent(rawPath === '' ? '/' : rawPath),
    query: all
      .filter(([name]) => name !== 'x-oss-signature')
      .map(([name = '', value = '']) => [name, value] as const),
    isSigned: values.has('x-oss-signature'),
    hasPlus: rawQuery.includes('+'),
    accessKeyId: displayableName(scope[0]),
    region: displayableName(scope[2]),
    signedAt,
    expiresAt: signedAt === undefined || seconds === undefined ? undefined : signedAt + seconds * 1000,
    additionalHeaders: (values.get('x-oss-additional-headers') ?? '').split(';').filter(isDisplayable),
    hasSecurityToken: values.has('x-oss-security-token'),
    defects: findDefects({ rawPath, rawQuery, all, values, scope, signedAt, seconds }),
  };
}

/** The region that a host of OSS belongs to; `undefined` for any other host, and for acceleration. */
export function regionOfHost(host: string): string | undefined {
  const name = host.replace(/:\d+$/, '');
  const [, region] =
    /(?:^|\.)oss-([a-z0-9-]+)\.aliyuncs\.com$/.exec(name) ??
    /(?:^|\.)([a-z0-9-]+)\.oss\.aliyuncs\.com$/.exec(name) ??
    [];
  return region === undefined || /^(?:accelerate|rg)\b/.test(region)
    ? undefined
    : region.replace(/-internal$/, '');
}

/** The bucket that a host of OSS starts with; `undefined` for a host without one. */
export function bucketOfHost(host: string): string | undefined {
  return /^([a-z0-9-]+)\.(?:oss-[a-z0-9-]+|[a-z0-9-]+\.oss)\.aliyuncs\.com(?::\d+)?$/.exec(host)?.[1];
}

interface Pieces {
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly all: readonly (readonly [name: string | undefined, value: string | undefined])[];
  readonly values: ReadonlyMap<string, string>;
  readonly scope: readonly string[];
  readonly signedAt: number | undefined;
  readonly seconds: number | undefined;
}

function findDefects({
  rawPath,
  rawQuery,
  all,
  values,
  scope,
  signedAt,
  seconds,
}: Pieces): readonly string[] {
  const day = values.get('x-oss-date')?.slice(0, 8);
  const checks: readonly (readonly [hasDefect: boolean, defect: string])[] = [
    [values.get('x-oss-signature-version') !== ALGORITHM, `x-oss-signature-version is not ${ALGORITHM}`],
    [!/^[0-9a-f]{64}$/.test(values.get('x-oss-signature') ?? ''), 'x-oss-signature is not 64 hex digits'],
    [signedAt === undefined, 'x-oss-date is not a date of the form yyyymmddTHHMMSSZ'],
    [seconds === undefined, `x-oss-expires is not 1 to ${PRESIGN_SECONDS_MAX}`],
    [
      scope.length !== 5 || scope[4] !== 'aliyun_v4_request',
      'x-oss-credential is not KEY/DATE/REGION/PRODUCT/aliyun_v4_request',
    ],
    [signedAt !== undefined && scope[1] !== day, 'x-oss-credential names another day than x-oss-date'],
    [all.length > values.size, 'a parameter occurs twice'],
    [all.flat().includes(undefined), 'a parameter is not percent-encoded UTF-8'],
    [
      /[\s"<>]/.test(rawPath + rawQuery),
      'it contains white space, quotes or angle brackets, like a copied text',
    ],
    [DOT_SEGMENT.test(rawPath), "its path has a segment '.' or '..', which every HTTP client resolves"],
    [values.has('amp') || /&amp;/.test(rawQuery), 'its & were escaped for HTML'],
  ];
  return checks.flatMap(([hasDefect, defect]) => (hasDefect ? [defect] : []));
}

const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

/** Other texts in the place of header names must not be shown. */
function isDisplayable(name: string): boolean {
  return displayableName(name) !== undefined;
}

function decodeComponent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function basicInstant(text: string): number | undefined {
  const iso = text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  return iso === text ? undefined : parseInstant(iso);
}

function wholeSeconds(text: string): number | undefined {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return seconds >= 1 && seconds <= PRESIGN_SECONDS_MAX ? seconds : undefined;
}
