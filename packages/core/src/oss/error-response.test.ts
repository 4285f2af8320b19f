import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ossError, responseError } from './error-response.ts';

const EXPIRED = `<?xml version="1.0" encoding="UTF-8"?>
<Error>
  <Code>AccessDenied</Code>
  <Message>Request has expired.</Message>
  <RequestId>66C3A1F2D5E4B63938A1B2C3</RequestId>
  <HostId>bucket.oss-cn-hangzhou.aliyuncs.com</HostId>
  <Expires>2026-01-01T00:00:00.000Z</Expires>
  <ServerTime>2026-01-01T00:00:01.000Z</ServerTime>
  <EC>0002-00000236</EC>
</Error>`;

test('an error of OSS has its code, EC, request ID and message', () => {
  const error = ossError(
    { status: 403, headers: {}, body: EXPIRED },
    { operation: 'UploadPart', partNumber: 3 },
  );
  expect(error).toMatchObject({
    code: 'url_expired',
    disposition: 'transient',
    message: '[url_expired] OSS responded to UploadPart with 403 AccessDenied: Request has expired.',
    context: {
      operation: 'UploadPart',
      partNumber: 3,
      status: 403,
      ossCode: 'AccessDenied',
      ec: '0002-00000236',
      requestId: '66C3A1F2D5E4B63938A1B2C3',
    },
  });
});

test('the error of a HEAD is read from x-oss-err, its EC and request ID also from headers', () => {
  const body = '<Error><Code>NoSuchKey</Code><Message>The key is gone. 没有。</Message></Error>';
  const headers = {
    'x-oss-err': Buffer.from(body).toString('base64'),
    'x-oss-ec': '0026-00000001',
    'x-oss-request-id': 'ABC',
  };
  const error = ossError({ status: 404, headers, body: '' }, {});
  expect(error.message).toBe(
    '[object_not_found] OSS responded to a request with 404 NoSuchKey: The key is gone. 没有。',
  );
  expect(error.context).toEqual({ status: 404, ossCode: 'NoSuchKey', ec: '0026-00000001', requestId: 'ABC' });
});

test.each([
  ['a page of a proxy', '<html><head><title>502 Bad Gateway</title></head></html>', {}],
  ['a damaged x-oss-err', '', { 'x-oss-err': '***' }],
  ['an empty body', '', {}],
  ['an invalid code', '<Error><Code>https://b.example/?x=1</Code></Error>', {}],
])('%s has no error of OSS', (_, body, headers) => {
  const error = ossError({ status: 502, headers, body }, { operation: 'ListParts' });
  expect(error.message).toBe('[server_error] ListParts got status 502 without an error of OSS');
  expect(error.context).toEqual({ operation: 'ListParts', status: 502 });
});

test.each([
  'See https://bucket.oss-cn-hangzhou.aliyuncs.com/key?x=1',
  'x-oss-signature 0123',
  'x-oss-security-token 0123',
  'Signature=abc',
  'Invalid Credential LTAI',
  'two\u0007bells',
])('a message that may contain a secret is omitted: %s', (text) => {
  const body = `<Error><Code>InvalidArgument</Code><Message>${text}</Message></Error>`;
  expect(ossError({ status: 400, headers: {}, body }, {}).message).toBe(
    '[refused] OSS responded to a request with 400 InvalidArgument',
  );
});

test('nothing of SignatureProvided, StringToSign or CanonicalRequest reaches the error', () => {
  const body = `<Error><Code>SignatureDoesNotMatch</Code><Message>No match.</Message>
    <SignatureProvided>5ec7e7</SignatureProvided><StringToSign>OSS4 5ec7e7</StringToSign>
    <CanonicalRequest>PUT 5ec7e7</CanonicalRequest><EC>0002-00000201</EC></Error>`;
  const error = ossError({ status: 403, headers: {}, body }, {});
  expect(JSON.stringify([error.message, error.stack, error.context, error.hint, error.cause])).not.toContain(
    '5ec7',
  );
});

test('a message is truncated to 200 characters', () => {
  const body = `<Error><Code>InvalidArgument</Code><Message>${'long '.repeat(100)}</Message></Error>`;
  expect(ossError({ status: 400, headers: {}, body }, {}).message.length).toBeLessThan(270);
});

test.each([
  [{ 'retry-after': '2' }, 2000],
  [{ 'x-oss-qos-delay-time': '350' }, 350],
  [{ 'retry-after': '1', 'x-oss-qos-delay-time': '1350' }, 1350],
  [{ 'retry-after': 'Sat, 21 Nov 2026 04:00:07 GMT', date: 'Sat, 21 Nov 2026 04:00:00 GMT' }, 7000],
  [{ 'retry-after': 'Sat, 21 Nov 2026 04:00:07 GMT' }, undefined],
  [{ 'retry-after': 'Sat, 21 Nov 2026 03:59:00 GMT', date: 'Sat, 21 Nov 2026 04:00:00 GMT' }, undefined],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': '-5' }, undefined],
  [{}, undefined],
])('%j requests a delay of %s ms', (headers, expected) => {
  expect(ossError({ status: 503, headers, body: '' }, {}).context.retryAfterMs).toBe(expected);
});

test('any body becomes an error without throwing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (body, xOssErr) => {
      const error = ossError({ status: 500, headers: { 'x-oss-err': xOssErr }, body }, {});
      expect(error.disposition).toBe('transient');
    }),
  );
});

test.each([
  [200, '<Error><Code>InternalError</Code></Error>', true],
  [200, '<?xml version="1.0"?>\n<Error>', true],
  [200, '  <Error xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">', true],
  [200, '<oss:Error>', true],
  [203, '', true],
  [204, '', false],
  [302, '', true],
  [404, '', true],
  [200, '<CompleteMultipartUploadResult><Key>Error</Key></CompleteMultipartUploadResult>', false],
  [200, '<Errors/>', false],
  [200, '{"text":"<Error>"}', false],
  [200, '', false],
])('%i %s is an error: %s', (status, body, expected) => {
  expect(responseError({ status, headers: {}, body }, {}) !== undefined).toBe(expected);
});
