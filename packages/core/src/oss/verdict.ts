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
  const row = VERDICTS.find(({ when }) => matches(when, answer)) ?? OTHERWISE;
  return { code: row.code, disposition: row.disposition, hint: row.hint };
}

/** Every condition named must hold. */
export interface Condition {
  readonly ec?: readonly string[];
  readonly ossCode?: readonly string[];
  readonly status?: readonly number[];
  readonly statusFrom?: number;
  readonly namesExpiry?: boolean;
}

export interface VerdictRow {
  readonly when: Condition;
  readonly code: UploadErrorCode;
  readonly disposition: Disposition;
  readonly hint?: string;
}

const CLOCK_HINT = 'The clock of the signing machine is more than 15 minutes off. Set it by NTP.';
const CREDENTIALS_HINT = 'Sign with new STS credentials.';
const REGION_HINT = "Set `region` to the bucket's region, without the prefix `oss-`.";

/**
 * The whole verdict on an answer of OSS that is an error, as data. First match wins. Most rows leave the
 * status out, since Complete may answer 200 with an error in the body. The texts of messages decide nothing:
 * they differ.
 */
export const VERDICTS: readonly VerdictRow[] = [
  {
    when: { ec: ['0002-00000236', '0002-00000069', '0002-00000418'] },
    code: 'url_expired',
    disposition: 'transient',
  },
  { when: { ossCode: ['AccessDenied'], namesExpiry: true }, code: 'url_expired', disposition: 'transient' },
  { when: { ec: ['0002-00000235'] }, code: 'clock_skewed', disposition: 'transient', hint: CLOCK_HINT },
  {
    when: { ossCode: ['RequestTimeTooSkewed'] },
    code: 'clock_skewed',
    disposition: 'transient',
    hint: CLOCK_HINT,
  },
  {
    when: { ec: ['0002-00000007'] },
    code: 'credentials_expired',
    disposition: 'transient',
    hint: CREDENTIALS_HINT,
  },
  {
    when: { ossCode: ['SecurityTokenExpired', 'InvalidSecurityToken'] },
    code: 'credentials_expired',
    disposition: 'transient',
    hint: CREDENTIALS_HINT,
  },
  {
    when: { ossCode: ['SignatureDoesNotMatch'] },
    code: 'signature_mismatch',
    disposition: 'permanent',
    hint: 'Send the signed headers, no other Content-Type, Content-MD5 or x-oss-*. Else check the secret.',
  },
  {
    when: { ec: ['0002-00000226', '0002-00000227'] },
    code: 'refused',
    disposition: 'permanent',
    hint: REGION_HINT,
  },
  {
    when: {
      ossCode: ['InvalidAccessKeyId', 'AccessKeyIdAndSecurityTokenNotMatch', 'SecurityTokenNotSupported'],
    },
    code: 'access_denied',
    disposition: 'permanent',
    hint: 'Check that access key id, secret and security token are one set, and still exist.',
  },
  {
    when: { ossCode: ['UserDisable'] },
    code: 'access_denied',
    disposition: 'permanent',
    hint: 'The account is disabled or in arrears.',
  },
  {
    when: { ossCode: ['AccessForbidden'] },
    code: 'access_denied',
    disposition: 'permanent',
    hint: "The bucket's CORS rules do not allow this request.",
  },
  {
    when: { ossCode: ['AccessDenied'] },
    code: 'access_denied',
    disposition: 'permanent',
    hint: "Check the signer's RAM policy, the bucket policy, and that `region` is the bucket's region.",
  },
  { when: { ossCode: ['NoSuchUpload'] }, code: 'upload_not_found', disposition: 'permanent' },
  {
    when: { ossCode: ['NoSuchBucket'] },
    code: 'object_not_found',
    disposition: 'permanent',
    hint: 'Check `bucket` and `region`.',
  },
  { when: { ossCode: ['NoSuchKey', 'NoSuchVersion'] }, code: 'object_not_found', disposition: 'permanent' },
  { when: { ec: ['0026-00000001'] }, code: 'object_not_found', disposition: 'permanent' },
  { when: { ossCode: ['FileAlreadyExists'] }, code: 'object_exists', disposition: 'permanent' },
  {
    when: { ossCode: ['InvalidDigest', 'InvalidCRC64'] },
    code: 'checksum_mismatch',
    disposition: 'transient',
  },
  {
    when: { ossCode: ['InvalidPart', 'FilePartNotExist', 'FilePartStale'] },
    code: 'part_missing',
    disposition: 'permanent',
    hint: 'A part was replaced or is gone since it was listed. Resume the upload: it lists the parts anew.',
  },
  {
    when: { ossCode: ['EntityTooSmall'] },
    code: 'refused',
    disposition: 'permanent',
    hint: 'Every part but the last needs at least 102400 bytes.',
  },
  {
    when: { ossCode: ['PartAlreadyExist', 'PartNotSequential'] },
    code: 'refused',
    disposition: 'permanent',
    hint: 'The upload was initiated with `sequential`, which allows neither parallel parts nor retries.',
  },
  {
    when: { ossCode: ['SecondLevelDomainForbidden', 'NonStandardHostForbidden'] },
    code: 'refused',
    disposition: 'permanent',
    hint: 'OSS serves buckets by virtual host only: leave `addressing` out.',
  },
  { when: { ossCode: ['RequestTimeout', 'IncompleteBody'] }, code: 'network', disposition: 'transient' },
  // Not a verdict on the request: the official SDKs retry both.
  { when: { ossCode: ['InternalError', 'BadRequest'] }, code: 'server_error', disposition: 'transient' },
  {
    when: { ossCode: ['CallbackFailed'] },
    code: 'callback_failed',
    disposition: 'permanent',
    hint: 'The object is stored; the callback server did not answer 200 with JSON within 5 s.',
  },
  {
    when: { status: [203] },
    code: 'callback_failed',
    disposition: 'permanent',
    hint: 'The object is stored; the callback server did not answer 200 with JSON within 5 s.',
  },
  { when: { status: [408] }, code: 'network', disposition: 'transient' },
  { when: { status: [429, 503] }, code: 'throttled', disposition: 'transient' },
  { when: { statusFrom: 500 }, code: 'server_error', disposition: 'transient' },
  { when: { status: [401] }, code: 'access_denied', disposition: 'transient' },
  // An unknown error inside an answer of 200: OSS began to answer before it knew.
  { when: { status: [200] }, code: 'server_error', disposition: 'transient' },
];

const OTHERWISE: Omit<Required<VerdictRow>, 'when' | 'hint'> & { readonly hint: undefined } = {
  code: 'refused',
  disposition: 'permanent',
  hint: undefined,
};

function matches(when: Condition, answer: ErrorAnswer): boolean {
  return (
    (when.ec === undefined || (answer.ec !== undefined && when.ec.includes(answer.ec))) &&
    (when.ossCode === undefined || (answer.ossCode !== undefined && when.ossCode.includes(answer.ossCode))) &&
    (when.status === undefined || when.status.includes(answer.status)) &&
    (when.statusFrom === undefined || answer.status >= when.statusFrom) &&
    (when.namesExpiry === undefined || when.namesExpiry === answer.namesExpiry)
  );
}
