import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assertKey } from './key.ts';
import { uriEncodePath } from './signing/uri-encode.ts';

test.each([
  ['a'],
  ['dir/'],
  ['a//b///c.txt'],
  ['...'],
  ['a/.../b'],
  ['.hidden/..x'],
  ['%2e%2e/x'],
  ['http://x/y'],
  ['a b+c?d#e%f'],
  ['tab\there'],
  ['😀'],
  ['k'.repeat(1023)],
])('%j is accepted', (key) => {
  expect(() => assertKey(key)).not.toThrow();
});

test.each([
  ['', RangeError, 'key must not be empty'],
  ['k'.repeat(1024), RangeError, 'key must be at most 1023 bytes of UTF-8, got 1024'],
  ['文'.repeat(342), RangeError, 'key must be at most 1023 bytes of UTF-8, got 1026'],
  ['/a', TypeError, 'key must not start with a slash'],
  ['\\a', TypeError, 'key must not start with a slash or backslash'],
  ['.', TypeError, "a segment '.' or '..'"],
  ['a/../b', TypeError, "a segment '.' or '..'"],
  ['a/.', TypeError, "a segment '.' or '..'"],
  ['./a', TypeError, "a segment '.' or '..'"],
  ['half \ud83d pair', TypeError, 'contains a lone surrogate'],
])('%j is rejected with %o', (key, type, message) => {
  expect(() => assertKey(key)).toThrow(type);
  expect(() => assertKey(key)).toThrow(message);
});

test('the message names the option of the caller', () => {
  expect(() => assertKey('', 'options.key')).toThrow('options.key must not be empty');
  // A caller without types may pass it.
  expect(() => Reflect.apply(assertKey, undefined, [7])).toThrow('key must be a string');
});

test('any accepted key is unchanged in a URL', () => {
  const segment = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('.', '..', '%2e', '', '...', '\\', '?'),
  );
  const keys = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join('/'));
  fc.assert(
    fc.property(keys, (key) => {
      if (!isAccepted(key)) return;
      const url = `https://b.oss-cn-hangzhou.aliyuncs.com/${uriEncodePath(key)}`;
      expect(new URL(url).href).toBe(url);
      expect(decodeURIComponent(new URL(url).pathname.slice(1))).toBe(key);
    }),
    { numRuns: 500 },
  );
});

function isAccepted(key: string): boolean {
  try {
    assertKey(key);
    return true;
  } catch {
    return false;
  }
}
