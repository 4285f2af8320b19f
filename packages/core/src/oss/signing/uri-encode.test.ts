import fc from 'fast-check';
import { expect, test } from 'vitest';
import { uriEncode, uriEncodePath } from './uri-encode.ts';

test('unreserved characters stay, every other byte becomes %XX in upper case', () => {
  expect(uriEncode("AZaz09-._~ !'()*+/=&?#%中")).toBe(
    'AZaz09-._~%20%21%27%28%29%2A%2B%2F%3D%26%3F%23%25%E4%B8%AD',
  );
});

test('a path keeps its slashes', () => {
  expect(uriEncodePath('a//b c/%2F/')).toBe('a//b%20c/%252F/');
});

test('decoding reverses encoding', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(uriEncode(text)).toMatch(/^(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*$/);
      expect(decodeURIComponent(uriEncode(text))).toBe(text);
      expect(decodeURIComponent(uriEncodePath(text))).toBe(text);
    }),
  );
});
