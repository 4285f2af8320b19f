import type { Disposition, UploadErrorCode } from '../errors.ts';

/** The meaning of an error response of OSS. */
export interface Verdict {
  readonly code: UploadErrorCode;
  readonly disposition: Disposition;
  /** A remedy, in a sentence. `undefined` when OSS's own message suffices. */
  readonly hint: string | undefined;
}

/** The fields of a response that decide. `undefined`: the response does not have them. */
export interface ErrorResponse {
  readonly status: number;
  readonly ossCode: string | undefined;
  readonly ec: string | undefined;
  /** Whether the response names the time at which the URL expired: not every OSS sends an EC. */
  readonly namesExpiry: boolean;
}

export function getVerdict(response: ErrorResponse): Verdict {
  const keys = getRowKeys(response);
  const row = VERDICTS.find(({ when }) => when.some((key) => keys.includes(key))) ?? DEFAULT_VERDICT;
  return { code: row.code, disposition: row.disposition, hint: row.hint };
}

/** The keys to find a row by. A status cannot equal a code, which has no space. */
function getRowKeys({ status, ossCode, ec, namesExpiry }: ErrorResponse): readonly (string | undefined)[] {
  const expired = namesExpiry ? `${ossCode} and Expires` : undefined;
  return [ec, expired, ossCode, `HTTP ${status}`, status >= 500 ? 'HTTP 5xx' : undefined];
}

export interface VerdictRow {
  /** ECs, codes or statuses: one of them must match. */
  readonly when: readonly string[];
  readonly code: UploadErrorCode;
  readonly disposition: Disposition;
  readonly hint?: string;
}

/**
 * The verdicts on error responses of OSS. The first match wins. Most rows have no status, because Complete
 * may respond with 200 and an error in the body. Texts of messages do not count: they vary.
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
    hint: 'The clock of the signing machine differs by more than 15 minutes. Synchronize it (NTP).',
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
    hint: 'Send the signed headers, no other Content-Type, Content-MD5 or x-oss-*. Or check the secret.',
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
    hint: 'Check that the access key ID, the secret and the security token are one set and still exist.',
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
    hint: 'A part was replaced or removed after it was listed. Resume the upload: it lists the parts again.',
  },
  {
    when: ['EntityTooSmall'],
    code: 'refused',
    disposition: 'permanent',
    hint: 'Every part but the last must have at least 102400 bytes.',
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
    hint: 'OSS serves buckets by virtual host only: omit `addressing`.',
  },
  { when: ['RequestTimeout', 'IncompleteBody'], code: 'network', disposition: 'transient' },
  // The official SDKs retry both: they are not about the request.
  { when: ['InternalError', 'BadRequest'], code: 'server_error', disposition: 'transient' },
  {
    when: ['CallbackFailed', 'HTTP 203'],
    code: 'callback_failed',
    disposition: 'permanent',
    hint: 'The object is stored; the callback server did not respond with 200 and JSON within 5 s.',
  },
  { when: ['HTTP 408'], code: 'network', disposition: 'transient' },
  { when: ['HTTP 429', 'HTTP 503'], code: 'throttled', disposition: 'transient' },
  { when: ['HTTP 401'], code: 'access_denied', disposition: 'transient' },
  // An unknown error in a 200 response: OSS sent the status before it failed.
  { when: ['HTTP 5xx', 'HTTP 200'], code: 'server_error', disposition: 'transient' },
];

const DEFAULT_VERDICT: Omit<VerdictRow, 'when'> = { code: 'refused', disposition: 'permanent' };
