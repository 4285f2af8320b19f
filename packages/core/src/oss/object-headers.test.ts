import { expect, test } from 'vitest';
import type { ObjectOptions } from '../ports.ts';
import { aclHeader, forbidOverwriteHeader, objectHeaders } from './object-headers.ts';

test('every option becomes its header', () => {
  const object: ObjectOptions = {
    contentType: 'video/mp4',
    cacheControl: 'max-age=60',
    contentDisposition: 'attachment',
    contentEncoding: 'gzip',
    expires: 'Sat, 21 Nov 2026 04:00:00 GMT',
    metadata: { Author: ' wei ', nonce: '1' },
    tagging: { 'a b': 'x&y', 中: '' },
    storageClass: 'IA',
    serverSideEncryption: 'KMS',
    serverSideDataEncryption: 'SM4',
    serverSideEncryptionKeyId: 'key-1',
    forbidOverwrite: true,
    acl: 'private',
  };
  expect(objectHeaders(object)).toEqual({
    'content-type': 'video/mp4',
    'cache-control': 'max-age=60',
    'content-disposition': 'attachment',
    'content-encoding': 'gzip',
    expires: 'Sat, 21 Nov 2026 04:00:00 GMT',
    'x-oss-meta-author': 'wei',
    'x-oss-meta-nonce': '1',
    'x-oss-tagging': 'a%20b=x%26y&%E4%B8%AD=',
    'x-oss-storage-class': 'IA',
    'x-oss-server-side-encryption': 'KMS',
    'x-oss-server-side-data-encryption': 'SM4',
    'x-oss-server-side-encryption-key-id': 'key-1',
    'x-oss-forbid-overwrite': 'true',
  });
  expect(aclHeader(object.acl)).toEqual({ 'x-oss-object-acl': 'private' });
});

test('missing options, an empty type and a false flag create no headers', () => {
  expect(objectHeaders({})).toEqual({});
  expect(objectHeaders({ contentType: '', metadata: {}, tagging: {}, forbidOverwrite: false })).toEqual({});
  expect(aclHeader(undefined)).toEqual({});
  expect(forbidOverwriteHeader(undefined)).toEqual({});
});

test.each<[unknown, typeof TypeError, string]>([
  [{ contentType: 'a\r\nx-oss-object-acl: public-read' }, TypeError, 'contentType must be printable ASCII'],
  [{ contentType: 7 }, TypeError, 'contentType must be a string'],
  [{ contentDisposition: 'attachment; filename="文.txt"' }, TypeError, 'filename*='],
  [{ metadata: { author: '伟' } }, TypeError, 'metadata.author must be printable ASCII'],
  [{ metadata: { author: 'é' } }, TypeError, 'encodeURIComponent'],
  [{ metadata: { author: ' ' } }, TypeError, 'metadata.author must not be empty'],
  [{ metadata: { 'two words': '1' } }, TypeError, 'metadata name "two words"'],
  [{ metadata: { a: '1', A: '2' } }, TypeError, 'metadata.A occurs twice'],
  [{ metadata: { a: 'x'.repeat(8 * 1024) } }, RangeError, 'metadata must be at most 8192 bytes in all'],
  [{ tagging: { '': 'x' } }, RangeError, 'a name in tagging must have 1 to 128 characters, got 0'],
  [{ tagging: { a: 'x'.repeat(257) } }, RangeError, 'tagging.a must have 0 to 256 characters, got 257'],
  [{ tagging: { a: '\ud800' } }, TypeError, 'tagging.a must be a string without lone surrogates'],
  [{ tagging: Object.fromEntries(Array.from('abcdefghijk', (c) => [c, ''])) }, RangeError, 'at most 10 tags'],
  [{ storageClass: 'Cold' }, TypeError, 'storageClass must be one of Standard'],
  [{ serverSideEncryption: 'DES' }, TypeError, 'serverSideEncryption must be one of AES256, KMS, SM4'],
  [{ forbidOverwrite: 'false' }, TypeError, 'forbidOverwrite must be true or false'],
])('%j is rejected', (object, type, message) => {
  expect(() => Reflect.apply(objectHeaders, undefined, [object])).toThrow(type);
  expect(() => Reflect.apply(objectHeaders, undefined, [object])).toThrow(message);
});

test('an unknown ACL is rejected', () => {
  expect(() => Reflect.apply(aclHeader, undefined, ['public'])).toThrow(
    'acl must be one of default, private',
  );
});
