import { describe, expect, test } from 'vitest';
import { CREDENTIALS, presignTarget, type SigningOptions, signInHeaders } from '../../test/stages/signing.ts';
import { readTarget } from '../http/addressing.ts';
import { OssError } from '../oss-error.ts';
import type { OssCredentials, OssRequest } from '../types.ts';
import { type AuthenticatedAs, authenticate } from './signature-v4.ts';

const NOW = Date.UTC(2024, 5, 20, 8, 9, 10);
const MINUTE = 60_000;

interface Sent {
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials?: readonly OssCredentials[];
}

function check({ target, headers = {}, credentials = [CREDENTIALS] }: Sent): AuthenticatedAs {
  const request: OssRequest = {
    method: 'GET',
    target,
    headers: { ...headers, host: 'localhost' },
    body: noBody(),
  };
  const region = 'cn-hangzhou';
  const read = readTarget(request, { cnames: {}, region });
  return authenticate({ request, target: read, region, credentials, nowMs: NOW });
}

async function* noBody(): AsyncGenerator<Uint8Array> {}

function refusal(sent: Sent): OssError {
  try {
    check(sent);
  } catch (reason) {
    if (reason instanceof OssError) return reason;
    throw reason;
  }
  throw new Error('the request was accepted');
}

const url = (toSign: SigningOptions = {}): Sent => ({ target: presignTarget({ signedAt: NOW, ...toSign }) });
const header = (toSign: SigningOptions = {}): Sent => signInHeaders({ signedAt: NOW, ...toSign });
const AS_TESTER = { accessKeyId: CREDENTIALS.accessKeyId };

describe('signing time', () => {
  test('accepts a header signature up to 15 minutes before and after its date', () => {
    for (const minutes of [-15, 0, 15]) {
      expect(check(header({ signedAt: NOW + minutes * MINUTE }))).toEqual(AS_TESTER);
    }
    for (const seconds of [-901, 901]) {
      const error = refusal(header({ signedAt: NOW + seconds * 1000 }));
      expect(error).toMatchObject({ status: 403, code: 'RequestTimeTooSkewed', ec: '0002-00000504' });
      expect(error.fields.map(([name]) => name)).toEqual(['RequestTime', 'ServerTime']);
    }
  });

  test('accepts a URL from 15 minutes before its date until it expires', () => {
    for (const signedAt of [NOW + 15 * MINUTE, NOW, NOW - 3_600_000]) {
      expect(check(url({ signedAt }))).toEqual(AS_TESTER);
    }
    const early = refusal(url({ signedAt: NOW + 901_000 }));
    expect(early).toMatchObject({ status: 403, code: 'AccessDenied', ec: '0002-00000235' });
    const late = refusal(url({ signedAt: NOW - 3_601_000 }));
    expect(late).toMatchObject({
      status: 403,
      code: 'AccessDenied',
      message: 'Request has expired.',
      ec: '0002-00000236',
      fields: [
        ['Expires', '2024-06-20T08:09:09.000Z'],
        ['ServerTime', '2024-06-20T08:09:10.000Z'],
      ],
    });
  });

  test.each(['1', '604800'])('accepts a URL with a lifetime of %s seconds', (expires) => {
    expect(check(url({ expires }))).toEqual(AS_TESTER);
  });

  test.each(['0', '604801', '-1', '1.5', '1e3', ' 60', '99999999999'])(
    'rejects a URL with a lifetime of %j',
    (expires) => {
      expect(refusal(url({ expires }))).toMatchObject({ status: 400, ec: '0002-00000232' });
    },
  );

  test('uses Date if there is no x-oss-date, and signs it unchanged', () => {
    expect(check(header({ usesDateHeader: true }))).toEqual(AS_TESTER);
    const { target, headers = {} } = header({ usesDateHeader: true });
    const later = { ...headers, date: 'Thu, 20 Jun 2024 08:09:11 GMT' };
    expect(refusal({ target, headers: later }).code).toBe('SignatureDoesNotMatch');
    for (const date of ['', '20240620T080910Z', 'yesterday']) {
      const undated = refusal({ target, headers: { ...headers, date } });
      expect(undated).toMatchObject({ code: 'AccessDenied', ec: '0002-00000503' });
    }
  });
});

describe('credential scope', () => {
  test.each([
    ['URL', url],
    ['header', header],
  ])('in the %s must have the region and the product of the server', (_, signed) => {
    const message = 'Invalid signing region in Authorization header.';
    for (const region of ['cn-beijing', 'oss-cn-hangzhou']) {
      expect(refusal(signed({ region }))).toMatchObject({ status: 400, message, ec: '0002-00000226' });
    }
    expect(refusal(signed({ product: 's3' }))).toMatchObject({ status: 400, ec: '0002-00000227' });
  });

  test('must have the day of the signing date', () => {
    const wrongDay = { target: url().target.replace('%2F20240620%2F', '%2F20240619%2F') };
    expect(refusal(wrongDay)).toMatchObject({ status: 400, code: 'InvalidArgument', ec: '0002-00000223' });
    const { target, headers = {} } = header();
    const authorization = (headers.authorization ?? '').replace('/20240620/', '/2024-06-20/');
    expect(refusal({ target, headers: { ...headers, authorization } }).ec).toBe('0002-00000212');
  });
});

describe('a malformed URL', () => {
  test.each([
    [/&x-oss-expires=\d+/, '', '0002-00000215'],
    [/x-oss-expires=\d+/, 'x-oss-expires=', '0002-00000216'],
    [/&x-oss-signature=\w+/, '', '0002-00000219'],
    [/x-oss-date=\w+/, 'x-oss-date=20240230T080910Z', '0002-00000223'],
    [/OSS4-HMAC-SHA256/, 'OSS5', '0002-00000066'],
    [/\?/, '?x-oss-additional-headers&', '0002-00000076'],
    [/\?/, '?x-oss-additional-headers=host%3B&', '0002-00000077'],
    [/\?/, '?x-oss-additional-headers=range&', '0002-00000078'],
    [/\?/, '?x-oss-additional-headers=Host&', undefined],
    [/aliyun_v4_request/, 'aws4_request', undefined],
    [/&x-oss-date=\w+/, '', undefined],
  ])('with %s replaced by %j is rejected with %s', (part, replacement, ec) => {
    const target = url().target.replace(part, replacement);
    expect(refusal({ target })).toMatchObject({ status: 400, code: 'InvalidArgument', ec });
  });
});

describe('a malformed Authorization header', () => {
  test.each([
    [/Credential=[^,]*,/, '', '0002-00000205'],
    [/Credential=/, 'Credential', '0002-00000203'],
    [/Signature=/, 'Sig=', '0002-00000204'],
    [/,Signature=\w+/, '', '0002-00000207'],
    [/,Signature/, ',AdditionalHeaders=,Signature', '0002-00000209'],
    [/,Signature/, ',AdditionalHeaders=host;,Signature', '0002-00000210'],
    [/,Signature/, ',AdditionalHeaders=range,Signature', '0002-00000211'],
    [/aliyun_v4_request/, 'abc', '0002-00000213'],
    [/OSS4-HMAC-SHA256/, 'AWS4-HMAC-SHA256', undefined],
  ])('with %s replaced by %j is rejected with %s', (part, replacement, ec) => {
    const { target, headers = {} } = header();
    const authorization = (headers.authorization ?? '').replace(part, replacement);
    expect(refusal({ target, headers: { ...headers, authorization } })).toMatchObject({ status: 400, ec });
  });

  test('does not include spaces after commas', () => {
    const { target, headers = {} } = header({ additionalHeaders: ['host'], headers: { host: 'localhost' } });
    const authorization = (headers.authorization ?? '').replaceAll(',', ', ');
    expect(check({ target, headers: { ...headers, authorization } })).toEqual(AS_TESTER);
  });
});

describe('a security token', () => {
  const credentials: OssCredentials = {
    accessKeyId: 'STS.1',
    accessKeySecret: 'secret',
    securityToken: 'to+ken/=',
    expiresAt: NOW + 1,
  };
  const { securityToken: _, ...withoutToken } = credentials;
  const known = [CREDENTIALS, credentials];

  test.each([
    ['URL', url],
    ['header', header],
  ])('is required in the %s and verified', (_form, signed) => {
    expect(check({ ...signed({ credentials }), credentials: known })).toEqual({ accessKeyId: 'STS.1' });
    const missing = refusal({ ...signed({ credentials: withoutToken }), credentials: known });
    expect(missing).toMatchObject({ status: 403, code: 'InvalidAccessKeyId', ec: '0002-00000003' });
    const other = { ...credentials, securityToken: 'another' };
    const otherToken = refusal({ ...signed({ credentials: other }), credentials: known });
    expect(otherToken).toMatchObject({ status: 403, code: 'InvalidSecurityToken' });
    const unexpectedToken = refusal(signed({ credentials: { ...CREDENTIALS, securityToken: 'token' } }));
    expect(unexpectedToken).toMatchObject({ status: 403, code: 'InvalidSecurityToken' });
    const expired = refusal({
      ...signed({ credentials }),
      credentials: [{ ...credentials, expiresAt: NOW }],
    });
    expect(expired).toMatchObject({ status: 403, code: 'SecurityTokenExpired', ec: '0002-00000007' });
  });

  test('of a signed URL is accepted in the URL only', () => {
    const headers = { 'x-oss-security-token': 'to+ken/=' };
    const elsewhere = refusal({
      ...url({ credentials: withoutToken, headers }),
      headers,
      credentials: known,
    });
    expect(elsewhere).toMatchObject({ status: 403, ec: '0002-00000005' });
    const twice = refusal({ ...url({ credentials, headers }), headers, credentials: known });
    expect(twice).toMatchObject({ status: 403, ec: '0002-00000010' });
  });
});

describe('the signer', () => {
  test('must have a known access key', () => {
    const error = refusal(url({ credentials: { accessKeyId: 'nobody', accessKeySecret: 'x' } }));
    expect(error).toMatchObject({
      status: 403,
      code: 'InvalidAccessKeyId',
      ec: '0002-00000902',
      fields: [['OSSAccessKeyId', 'nobody']],
    });
  });

  test('is anonymous without a signature', () => {
    expect(check({ target: '/demo/key' })).toBe('anonymous');
  });

  test('must sign once: a signature in both header and URL is rejected', () => {
    const { headers = {} } = header();
    expect(refusal({ ...url(), headers })).toMatchObject({ status: 400, code: 'InvalidArgument' });
  });

  test.each([
    ['V1', { target: '/demo/key', headers: { authorization: 'OSS ak:c2ln' } }],
    ['V1', { target: '/demo/key?OSSAccessKeyId=ak&Expires=1&Signature=c2ln' }],
    ['V2', { target: '/demo/key', headers: { authorization: 'OSS2 AccessKeyId:ak,Signature:c2ln' } }],
    ['V2', { target: '/demo/key?x-oss-signature-version=OSS2&x-oss-signature=c2ln' }],
  ])('gets an error with the switch to V4 for a %s signature', (version, sent) => {
    const { status, message } = refusal(sent);
    expect(status).toBe(400);
    expect(message).toContain(version);
    expect(message).toContain('authorizationV4: true');
  });
});
