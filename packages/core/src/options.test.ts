import { expect, test } from 'vitest';
import { assertObjectOptions } from './assert-object-options.ts';
import { resolveOptions, type UploadOptions } from './options.ts';

test('the defaults are filled in, and what describes the object is kept apart', () => {
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
  ['no key', { key: '' }, /key/],
  ['a key that is no text', { key: 7 as unknown as string }, /key/],
  ['a part size under 100 KiB', { partSize: 1 }, /partSize must be/],
  ['no concurrency', { concurrency: 0 }, /concurrency must be a whole number from 1 to 64, got 0/],
  ['too much concurrency', { concurrency: 65 }, /concurrency/],
  ['an unknown concurrency', { concurrency: 'all' as 'auto' }, /concurrency must be .*, got all/],
  ['a bound beyond the bound', { concurrencyMax: 65 }, /concurrencyMax/],
  ['no attempt', { retry: { attemptsMax: 0 } }, /retry\.attemptsMax/],
  ['a negative delay', { retry: { baseMs: -1 } }, /retry\.baseMs/],
  ['an endless delay', { retry: { maxMs: Number.POSITIVE_INFINITY } }, /retry\.maxMs/],
])('refuses %s before anything is sent', (_, wrong, message) => {
  expect(() => resolveOptions({ key: 'a', ...wrong })).toThrow(message);
});

test.each<[string, Partial<UploadOptions>, RegExp]>([
  ['a key with a dot segment', { key: 'a/../b' }, /key/],
  ['metadata that is no header', { metadata: { 'a b': 'c' } }, /metadata/],
  ['metadata of the name that Partway sets', { metadata: { 'Partway-Upload': 'c' } }, /metadata/],
  ['an unknown ACL', { acl: 'everybody' as 'private' }, /acl/],
])('refuses %s before OSS does', (_, wrong, message) => {
  expect(() => assertObjectOptions({ key: 'a', ...wrong })).toThrow(message);
});
