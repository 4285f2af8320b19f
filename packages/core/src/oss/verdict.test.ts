import { expect, test } from 'vitest';
import { type ErrorResponse, getVerdict, VERDICTS, type VerdictRow } from './verdict.ts';

/** Every documented error response of OSS, and its verdict. */
const CASES: readonly (readonly [status: number, ossCode: string, ec: string, verdict: string])[] = [
  [403, 'AccessDenied', '0002-00000236', 'url_expired transient'],
  [403, 'AccessDenied', '0002-00000069', 'url_expired transient'],
  [403, 'AccessDenied', '0002-00000418', 'url_expired transient'],
  [403, 'AccessDenied', '0002-00000235', 'clock_skewed transient'],
  [403, 'AccessDenied', '0003-00000201', 'access_denied permanent'],
  [403, 'AccessDenied', '', 'access_denied permanent'],
  [403, 'RequestTimeTooSkewed', '0002-00000504', 'clock_skewed transient'],
  [403, 'SecurityTokenExpired', '0002-00000007', 'credentials_expired transient'],
  [403, 'SecurityTokenExpired', '', 'credentials_expired transient'],
  [403, 'InvalidSecurityToken', '', 'credentials_expired transient'],
  [403, 'SignatureDoesNotMatch', '0002-00000201', 'signature_mismatch permanent'],
  [403, 'SignatureDoesNotMatch', '0002-00000040', 'signature_mismatch permanent'],
  [403, 'InvalidAccessKeyId', '0002-00000902', 'access_denied permanent'],
  [403, 'AccessKeyIdAndSecurityTokenNotMatch', '', 'access_denied permanent'],
  [403, 'SecurityTokenNotSupported', '', 'access_denied permanent'],
  [403, 'UserDisable', '0003-00000801', 'access_denied permanent'],
  [403, 'AccessForbidden', '', 'access_denied permanent'],
  [403, 'SecondLevelDomainForbidden', '', 'refused permanent'],
  [403, 'NonStandardHostForbidden', '', 'refused permanent'],
  [403, 'InvalidObjectState', '', 'refused permanent'],
  [404, 'NoSuchUpload', '0042-00000104', 'upload_not_found permanent'],
  [404, 'NoSuchBucket', '0015-00000101', 'object_not_found permanent'],
  [404, 'NoSuchKey', '0026-00000001', 'object_not_found permanent'],
  [404, '', '0026-00000001', 'object_not_found permanent'],
  [404, 'NoSuchVersion', '', 'object_not_found permanent'],
  [404, 'NoSuchLifecycle', '', 'refused permanent'],
  [404, '', '', 'refused permanent'],
  [400, 'InvalidArgument', '0017-00000220', 'refused permanent'],
  [400, 'InvalidArgument', '0002-00000226', 'refused permanent'],
  [400, 'InvalidArgument', '0002-00000227', 'refused permanent'],
  [400, 'InvalidDigest', '', 'checksum_mismatch transient'],
  [400, 'InvalidCRC64', '', 'checksum_mismatch transient'],
  [400, 'MalformedXML', '0042-00000205', 'refused permanent'],
  [400, 'InvalidPartOrder', '0042-00000209', 'refused permanent'],
  [400, 'InvalidPart', '', 'part_missing permanent'],
  [400, 'FilePartNotExist', '', 'part_missing permanent'],
  [400, 'FilePartStale', '', 'part_missing permanent'],
  [400, 'EntityTooSmall', '0042-00000213', 'refused permanent'],
  [400, 'EntityTooLarge', '', 'refused permanent'],
  [400, 'IncompleteBody', '', 'network transient'],
  [400, 'RequestTimeout', '', 'network transient'],
  [400, 'BadRequest', '', 'server_error transient'],
  [400, 'PartNotSequential', '', 'refused permanent'],
  [409, 'PartAlreadyExist', '0042-00000108', 'refused permanent'],
  [405, 'MethodNotAllowed', '', 'refused permanent'],
  [409, 'FileAlreadyExists', '0026-00000002', 'object_exists permanent'],
  [409, 'FileImmutable', '', 'refused permanent'],
  [411, 'MissingContentLength', '', 'refused permanent'],
  [412, 'PreconditionFailed', '', 'refused permanent'],
  [401, '', '', 'access_denied transient'],
  [408, '', '', 'network transient'],
  [429, 'QpsLimitExceeded', '', 'throttled transient'],
  [503, 'UploadTrafficRateLimitExceeded', '', 'throttled transient'],
  [503, '', '', 'throttled transient'],
  [500, 'InternalError', '', 'server_error transient'],
  [502, '', '', 'server_error transient'],
  [203, 'CallbackFailed', '0007-00000203', 'callback_failed permanent'],
  [203, '', '', 'callback_failed permanent'],
  [200, 'InternalError', '', 'server_error transient'],
  [200, 'AccessDenied', '', 'access_denied permanent'],
  [200, 'SomethingNew', '', 'server_error transient'],
  [301, '', '', 'refused permanent'],
];

test.each(CASES)('%i %s %s is %4$s', (status, ossCode, ec, expected) => {
  const verdict = getVerdict(createResponse({ status, ossCode: ossCode || undefined, ec: ec || undefined }));
  expect(`${verdict.code} ${verdict.disposition}`).toBe(expected);
});

test('AccessDenied with an expiry is url_expired, also without an EC', () => {
  expect(getVerdict(createResponse({ status: 403, ossCode: 'AccessDenied', namesExpiry: true })).code).toBe(
    'url_expired',
  );
});

test('every row of the table is reachable', () => {
  for (const row of VERDICTS) {
    for (const example of examplesOf(row)) {
      const { hint, ...verdict } = getVerdict(example);
      expect([row.when, verdict]).toEqual([row.when, { code: row.code, disposition: row.disposition }]);
      expect(hint).toBe(row.hint);
    }
  }
});

function examplesOf({ when }: VerdictRow): ErrorResponse[] {
  return when.map((key) => {
    const [, status] = /^HTTP (\d)/.exec(key) ?? [];
    if (status !== undefined) return createResponse({ status: Number(key.slice(5).replace('xx', '02')) });
    if (/^\d/.test(key)) return createResponse({ ec: key });
    return createResponse({ ossCode: key.split(' ')[0], namesExpiry: key.endsWith('and Expires') });
  });
}

function createResponse(known: Partial<ErrorResponse>): ErrorResponse {
  return { status: 400, ossCode: undefined, ec: undefined, namesExpiry: false, ...known };
}
