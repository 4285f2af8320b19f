import type { Disposition, UploadErrorCode } from '../errors.ts';

/** What an error answer of OSS means to an upload. */
export interface Verdict {
  readonly code: UploadErrorCode;
  readonly disposition: Disposition;
  /** What the reader can do about it, in a sentence. `undefined` where OSS's own message says it. */
  readonly hint: string | undefined;
}

/** What of an answer decides. `undefined` where the answer does not say. */
export interface ErrorAnswer {
  readonly status: number;
  readonly ossCode: string | undefined;
  readonly ec: string | undefined;
  /** Whether the answer names the instant at which the URL expired: not every OSS sends an EC. */
  readonly namesExpiry: boolean;
}

export function verdictOf(answer: ErrorAnswer): Verdict {
  const words = wordsOf(answer);
  const row = VERDICTS.find(({ when }) => when.some((word) => words.includes(word))) ?? OTHERWISE;
  return { code: row.code, disposition: row.disposition, hint: row.hint };
}

/** What a row may be found by: a status cannot be taken for a code, which has no space. */
function wordsOf({ status, ossCode, ec, namesExpiry }: ErrorAnswer): readonly (string | undefined)[] {
  const expired = namesExpiry ? `${ossCode} and Expires` : undefined;
  return [ec, expired, ossCode, `HTTP ${status}`, status >= 500 ? 'HTTP 5xx' : undefined];
}

export interface VerdictRow {
  /** An EC, a Code or a status: any of them will do. */
  readonly when: readonly string[];
  readonly code: UploadErrorCode;
  readonly disposition: Disposition;
  readonly hint?: string;
}

/**
 * The whole verdict on an answer of OSS that is an error, as data. First match wins. Most rows leave the
 * status out, since Complete may answer 200 with an error in the body. The texts of messages decide nothing:
 * they differ.
 */
export const VERDICTS: readonly VerdictRow[] = [
  {
    when: ['0002-00000236', '0002-00000069', '0002-00000418', 'AccessDenied and Expires'],
    code: 'url_expired',
    disposition: 'transient',
  },
  {
    when: ['0002-00000235', 'RequestTimeTooSkewed'],
    code: 'clock_skewed',
    disposition: 'transient',
    hint: 'The clock of the signing machine is more than 15 minutes off. Set it by NTP.',
  },
  {
    when: ['0002-00000007', 'SecurityTokenExpired', 'InvalidSecurityToken'],
    code: 'credentials_expired',
    disposition: 'transient',
    hint: 'Sign with new STS credentials.',
  },
  {
    when: ['SignatureDoesNotMatch'],
    code: 'signature_mismatch',
    // canary: retry-of-signature-mismatch
    disposition: 'permanent',
    hint: 'Send the signed headers, no other Content-Type, Content-MD5 or x-oss-*. Else check the secret.',
  },
  {
    when: ['0002-00000226', '0002-00000227'],
    code: 'refused',
    disposition: 'permanent',
    hint: "Set `region` to the bucket's region, without the prefix `oss-`.",
  },
  {
    when: ['InvalidAccessKeyId', 'AccessKeyIdAndSecurityTokenNotMatch', 'SecurityTokenNotSupported'],
    code: 'access_denied',
    disposition: 'permanent',
    hint: 'Check that access key id, secret and security token are one set, and still exist.',
  },
  {
    when: ['UserDisable'],
    code: 'access_denied',
    disposition: 'permanent',
    hint: 'The account is disabled or in arrears.',
  },
  {
    when: ['AccessForbidden'],
    code: 'access_denied',
    disposition: 'permanent',
    hint: "The bucket's CORS rules do not allow this request.",
  },
  {
    when: ['AccessDenied'],
    code: 'access_denied',
    disposition: 'permanent',
    hint: "Check the signer's RAM policy, the bucket policy, and that `region` is the bucket's region.",
  },
  { when: ['NoSuchUpload'], code: 'upload_not_found', disposition: 'permanent' },
  {
    when: ['NoSuchBucket'],
    code: 'object_not_found',
    disposition: 'permanent',
    hint: 'Check `bucket` and `region`.',
  },
  {
    when: ['NoSuchKey', 'NoSuchVersion', '0026-00000001'],
    code: 'object_not_found',
    disposition: 'permanent',
  },
  { when: ['FileAlreadyExists'], code: 'object_exists', disposition: 'permanent' },
  { when: ['InvalidDigest', 'InvalidCRC64'], code: 'checksum_mismatch', disposition: 'transient' },
  {
    when: ['InvalidPart', 'FilePartNotExist', 'FilePartStale'],
    code: 'part_missing',
    disposition: 'permanent',
    hint: 'A part was replaced or is gone since it was listed. Resume the upload: it lists the parts anew.',
  },
  {
    when: ['EntityTooSmall'],
    code: 'refused',
    disposition: 'permanent',
    hint: 'Every part but the last needs at least 102400 bytes.',
  },
  {
    when: ['PartAlreadyExist', 'PartNotSequential'],
    code: 'refused',
    disposition: 'permanent',
    hint: 'The upload was initiated with `sequential`, which allows neither parallel parts nor retries.',
  },
  {
    when: ['SecondLevelDomainForbidden', 'NonStandardHostForbidden'],
    code: 'refused',
    disposition: 'permanent',
    hint: 'OSS serves buckets by virtual host only: leave `addressing` out.',
  },
  { when: ['RequestTimeout', 'IncompleteBody'], code: 'network', disposition: 'transient' },
  // Not a verdict on the request: the official SDKs retry both.
  { when: ['InternalError', 'BadRequest'], code: 'server_error', disposition: 'transient' },
  {
    when: ['CallbackFailed', 'HTTP 203'],
    code: 'callback_failed',
    disposition: 'permanent',
    hint: 'The object is stored; the callback server did not answer 200 with JSON within 5 s.',
  },
  { when: ['HTTP 408'], code: 'network', disposition: 'transient' },
  { when: ['HTTP 429', 'HTTP 503'], code: 'throttled', disposition: 'transient' },
  { when: ['HTTP 401'], code: 'access_denied', disposition: 'transient' },
  // An unknown error inside an answer of 200: OSS began to answer before it knew.
  { when: ['HTTP 5xx', 'HTTP 200'], code: 'server_error', disposition: 'transient' },
];

const OTHERWISE: Omit<VerdictRow, 'when'> = { code: 'refused', disposition: 'permanent' };
