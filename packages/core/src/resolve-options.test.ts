import { expect, test } from 'vitest';
import type { UploadOptions } from './options.ts';
import { assertObjectOptions, resolveOptions } from './resolve-options.ts';

test('defaults are filled in, and object options are kept separate', () => {
  expect(resolveOptions({ key: 'a', contentType: 'text/plain', metadata: { a: 'b' } })).toMatchObject({
    key: 'a',
    object: { contentType: 'text/plain', metadata: { a: 'b' } },
    partSize: undefined,
    concurrency: 'auto',
    concurrencyMax: 32,
    retry: { attemptsMax: 8, baseMs: 200, maxMs: 20_000 },
    signal: undefined,
  });
});

test.each<[string, Partial<UploadOptions>, RegExp]>([
  ['an empty key', { key: '' }, /key/],
  ['a key that is not a string', { key: 7 as unknown as string }, /key/],
  ['a part size under 100 KiB', { partSize: 1 }, /partSize must be/],
  ['a concurrency of 0', { concurrency: 0 }, /concurrency must be a whole number from 1 to 64, got 0/],
  ['a concurrency of 65', { concurrency: 65 }, /concurrency/],
  ['an unknown concurrency', { concurrency: 'all' as 'auto' }, /concurrency must be .*, got all/],
  ['a concurrencyMax of 65', { concurrencyMax: 65 }, /concurrencyMax/],
  ['zero attempts', { retry: { attemptsMax: 0 } }, /retry\.attemptsMax/],
  ['a negative delay', { retry: { baseMs: -1 } }, /retry\.baseMs/],
  ['an infinite delay', { retry: { maxMs: Number.POSITIVE_INFINITY } }, /retry\.maxMs/],
])('%s is rejected before anything is sent', (_, invalid, message) => {
  expect(() => resolveOptions({ key: 'a', ...invalid })).toThrow(message);
});

test.each<[string, Partial<UploadOptions>, RegExp]>([
  ['a key with a dot segment', { key: 'a/../b' }, /key/],
  ['a metadata name that is not a header name', { metadata: { 'a b': 'c' } }, /metadata/],
  ['a metadata name that Partway sets', { metadata: { 'Partway-Upload': 'c' } }, /metadata/],
  ['an unknown ACL', { acl: 'everybody' as 'private' }, /acl/],
])('%s is rejected before OSS sees it', (_, invalid, message) => {
  expect(() => assertObjectOptions({ key: 'a', ...invalid })).toThrow(message);
});
