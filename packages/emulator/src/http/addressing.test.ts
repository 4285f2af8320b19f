import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OssRequest, OssTarget } from '../types.ts';
import { readTarget } from './addressing.ts';
import { percentEncode } from './wire-text.ts';

interface Wire {
  readonly method?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function read(
  target: string,
  { method = 'PUT', host = '127.0.0.1:9000', headers = {} }: Wire = {},
): OssTarget {
  const request: OssRequest = { method, target, headers: { ...headers, host }, body: noBody() };
  return readTarget(request, { cnames: { 'files.example.com': 'media' }, region: 'cn-hangzhou' });
}

async function* noBody(): AsyncGenerator<Uint8Array> {}

describe('the bucket', () => {
  test.each([
    ['127.0.0.1', 'bucket'],
    ['127.0.0.1:9000', 'bucket'],
    ['[::1]:9000', 'bucket'],
    ['localhost:9000', 'bucket'],
    ['emulator:9000', 'bucket'],
    ['oss-cn-hangzhou.aliyuncs.com', 'bucket'],
    ['oss-cn-hangzhou-internal.aliyuncs.com', 'bucket'],
    ['oss-accelerate.aliyuncs.com', 'bucket'],
    ['cn-hangzhou.oss.aliyuncs.com', 'bucket'],
  ])('is the first segment of the path for the service host %s', (host, bucket) => {
    expect(read('/bucket/a/b', { host })).toMatchObject({ bucket, key: 'a/b' });
  });

  test.each([
    ['media.localhost:9000'],
    ['media.oss-cn-hangzhou.aliyuncs.com'],
    ['MEDIA.OSS-cn-hangzhou.aliyuncs.com:80'],
    ['media.cn-hangzhou.oss.aliyuncs.com'],
    ['media.anything.test'],
    ['files.example.com'],
    ['files.example.com:8080'],
  ])('is in the host %s', (host) => {
    expect(read('/a/b', { host })).toMatchObject({ bucket: 'media', key: 'a/b' });
  });

  test('is not read from the prototype of the CNAME table', () => {
    expect(read('/bucket/key', { host: 'constructor' })).toMatchObject({ bucket: 'bucket', key: 'key' });
  });

  test('is read from the path if it is in a public host and the path, as from ali-oss with an IP', () => {
    const host = 'media.oss-cn-hangzhou.aliyuncs.com';
    expect(read('/media/a', { host })).toMatchObject({ bucket: 'media', key: 'a' });
    expect(read('/media', { host, method: 'GET' })).toMatchObject({ bucket: 'media', key: undefined });
    expect(read('/mediator/a', { host })).toMatchObject({ bucket: 'media', key: 'mediator/a' });
    expect(read('/media/a', { host: 'media.localhost' })).toMatchObject({ bucket: 'media', key: 'media/a' });
  });

  test('may be absent, or empty before a key', () => {
    expect(read('/', { method: 'GET' })).toMatchObject({ operation: 'ListBuckets', bucket: undefined });
    expect(read('/bucket', { method: 'GET' })).toMatchObject({ operation: 'ListObjects', bucket: 'bucket' });
    expect(read('/bucket/', { method: 'GET' })).toMatchObject({ operation: 'ListObjects', key: undefined });
    expect(read('//key', { method: 'GET' })).toMatchObject({ bucket: '', key: 'key' });
  });
});

describe('the key', () => {
  test('is decoded byte for byte, whatever a client encodes', () => {
    const keys = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(keys, (key) => {
        const path = key.split('/').map(percentEncode).join('/');
        expect(read(`/media/${path}`).key).toBe(key);
        expect(read(`/${path}`, { host: 'media.localhost' }).key).toBe(key);
      }),
    );
  });

  test.each([
    ['/media//x', '/x'],
    ['/media/x/', 'x/'],
    ['/media/a//b', 'a//b'],
    ['/media/./a/../b', './a/../b'],
    ['/media/%2e%2E/a', '../a'],
    ['/media/a+b', 'a+b'],
    ["/media/!*'()", "!*'()"],
    ['/media/%EF%BB%BFa', '\uFEFFa'],
    ['/media/\u00e4\u00b8\u00ad', '中'],
  ])('of %j is not normalised', (target, key) => {
    expect(read(target).key).toBe(key);
  });

  test.each(['/media/%', '/media/%4', '/media/%zz', '/media/%ff', '/media/%c3%28', '/media/中'])(
    'of %j is rejected, because it is not percent-encoded UTF-8',
    (target) => {
      expect(() => read(target)).toThrow(expect.objectContaining({ status: 400, code: 'InvalidObjectName' }));
    },
  );
});

describe('the query', () => {
  test('is decoded in wire order, with an empty value for a bare name', () => {
    const { query } = read('/b/k?uploads&b=%2F&a=x=y&&c=&+=+');
    expect(query).toEqual([
      ['uploads', ''],
      ['b', '/'],
      ['a', 'x=y'],
      ['c', ''],
      ['+', '+'],
    ]);
  });

  test('is rejected if it is not percent-encoded UTF-8', () => {
    expect(() => read('/b/k?a=%zz')).toThrow(
      expect.objectContaining({ status: 400, code: 'InvalidArgument' }),
    );
  });

  test('has the part number NaN for anything but digits', () => {
    expect(read('/b/k?partNumber=12&uploadId=U')).toMatchObject({ partNumber: 12, uploadId: 'U' });
    for (const text of ['', '1.5', '-1', '0x10', '1e3', 'one']) {
      expect(read(`/b/k?partNumber=${text}&uploadId=U`).partNumber).toBeNaN();
    }
    expect(read('/b/k?uploadId=U').partNumber).toBeUndefined();
  });
});

describe('the operation', () => {
  test.each([
    ['POST', '/b/k?uploads', 'InitiateMultipartUpload'],
    ['POST', '/b/k?uploads=', 'InitiateMultipartUpload'],
    ['PUT', '/b/k?partNumber=1&uploadId=U', 'UploadPart'],
    ['PUT', '/b/k?uploadId=U', 'UploadPart'],
    ['PUT', '/b/k?partNumber=1', 'UploadPart'],
    ['GET', '/b/k?uploadId=U&max-parts=2', 'ListParts'],
    ['POST', '/b/k?uploadId=U', 'CompleteMultipartUpload'],
    ['DELETE', '/b/k?uploadId=U', 'AbortMultipartUpload'],
    ['GET', '/b?uploads&prefix=a', 'ListMultipartUploads'],
    ['PUT', '/b/k', 'PutObject'],
    ['GET', '/b/k?response-content-type=a', 'GetObject'],
    ['HEAD', '/b/k', 'HeadObject'],
    ['HEAD', '/b/k?objectMeta', 'GetObjectMeta'],
    ['DELETE', '/b/k', 'DeleteObject'],
    ['GET', '/b?list-type=2', 'ListObjectsV2'],
    ['PUT', '/b', 'PutBucket'],
    ['PUT', '/b?cors', 'PutBucketCors'],
    ['GET', '/b?lifecycle', 'GetBucketLifecycle'],
    ['GET', '/b?acl', 'GetBucketAcl'],
    ['GET', '/b/k?acl', 'GetObjectAcl'],
    ['POST', '/b?delete', 'DeleteMultipleObjects'],
    ['OPTIONS', '/b/k?partNumber=1&uploadId=U', 'OptionObject'],
    ['PUT', '/b/k?acl', 'Unknown'],
    ['PUT', '/b?acl', 'Unknown'],
    ['GET', '/b/k?tagging', 'Unknown'],
    ['PATCH', '/b/k', 'Unknown'],
    ['POST', '/b/k', 'Unknown'],
  ])('of %s %s is %s', (method, target, operation) => {
    expect(read(target, { method }).operation).toBe(operation);
  });

  test('is a copy if there is a source', () => {
    const headers = { 'x-oss-copy-source': '/b/other' };
    expect(read('/b/k', { headers }).operation).toBe('CopyObject');
    expect(read('/b/k?partNumber=1&uploadId=U', { headers }).operation).toBe('UploadPartCopy');
  });
});
