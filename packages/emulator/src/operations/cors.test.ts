import { expect, test } from 'vitest';
import { type Bucket, createEmptyBucket } from '../storage/state.ts';
import type { OssRequest } from '../types.ts';
import { corsHeaders, createPreflightHeaders, deleteCors, getCors, putCors } from './cors.ts';

const rules = `<CORSConfiguration>
  <CORSRule>
    <AllowedOrigin>https://*.example.com</AllowedOrigin>
    <AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod>
    <AllowedHeader>X-Oss-*</AllowedHeader><AllowedHeader>content-type</AllowedHeader>
    <ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-oss-request-id</ExposeHeader>
    <MaxAgeSeconds>60</MaxAgeSeconds>
  </CORSRule>
  <CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>HEAD</AllowedMethod></CORSRule>
</CORSConfiguration>`;

test('a preflight gets the headers of the first rule that allows it', () => {
  const headers = {
    origin: 'https://a.example.com',
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'Content-Type, x-oss-meta-a',
  };
  expect(createPreflightHeaders(bucketWith(rules), requestOf('OPTIONS', headers))).toEqual({
    'Access-Control-Allow-Origin': 'https://a.example.com',
    'Access-Control-Allow-Methods': 'PUT, GET',
    'Access-Control-Allow-Headers': 'content-type, x-oss-meta-a',
    'Access-Control-Expose-Headers': 'ETag, x-oss-request-id',
    'Access-Control-Max-Age': '60',
  });
});

test.each([
  ['another origin', { origin: 'https://example.com', 'access-control-request-method': 'PUT' }],
  ['another method', { origin: 'https://a.example.com', 'access-control-request-method': 'POST' }],
  [
    'another header',
    {
      origin: 'https://a.example.com',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'x-other',
    },
  ],
])('a preflight with %s is rejected', (_, headers) => {
  const request = requestOf('OPTIONS', headers);
  const refusal = expect.objectContaining({ status: 403, code: 'AccessForbidden' });
  expect(() => createPreflightHeaders(bucketWith(rules), request)).toThrow(refusal);
});

test('a preflight without origin or method is rejected', () => {
  const refusal = expect.objectContaining({ status: 400, code: 'BadRequest' });
  expect(() =>
    createPreflightHeaders(bucketWith(rules), requestOf('OPTIONS', { origin: 'https://a' })),
  ).toThrow(refusal);
});

test('a response gets the headers of the rule that allows its method, or none', () => {
  const bucket = bucketWith(rules);
  const origin = 'https://elsewhere.org';
  expect(corsHeaders(bucket, requestOf('HEAD', { origin }))).toEqual({
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Methods': 'HEAD',
  });
  expect(corsHeaders(bucket, requestOf('PUT', { origin }))).toEqual({});
  expect(corsHeaders(bucket, requestOf('HEAD', {}))).toEqual({});
});

test('rules are returned as they were put, until they are deleted', () => {
  const bucket = bucketWith(rules);
  const again = bucketWith(getCors(bucket));
  expect(again.cors).toEqual(bucket.cors);
  deleteCors(bucket);
  expect(() => getCors(bucket)).toThrow(expect.objectContaining({ code: 'NoSuchCORSConfiguration' }));
});

test.each([
  '',
  '<CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule>',
  '<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PATCH</AllowedMethod></CORSRule>',
  '<CORSRule><AllowedOrigin>*.*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>',
  `<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>
   <ExposeHeader>x-*</ExposeHeader></CORSRule>`,
  '<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>'.repeat(21),
])('the rules %s are rejected', (xml) => {
  const put = (): Bucket => bucketWith(`<CORSConfiguration>${xml}</CORSConfiguration>`);
  expect(put).toThrow(expect.objectContaining({ code: 'MalformedXML' }));
});

function bucketWith(xml: string): Bucket {
  const bucket = createEmptyBucket('bucket', 0);
  putCors(bucket, xml);
  return bucket;
}

function requestOf(method: string, headers: Readonly<Record<string, string>>): OssRequest {
  return { method, target: '/bucket/key', headers: { host: 'localhost', ...headers }, body: nothing() };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
