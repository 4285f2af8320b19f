import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as portable from './sha256.ts';
import * as node from './sha256-node.ts';

const BOTH = [
  ['the portable one', portable],
  ['the one for Node', node],
] as const;

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test.each(BOTH)('%s computes the digests of FIPS 180-2', (_, { sha256Hex }) => {
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  const twoBlocks = 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq';
  expect(sha256Hex(twoBlocks)).toBe('248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
});

/** Cases 1, 2 and 6 of RFC 4231: a short key, a shorter one, one longer than a block. */
test.each(
  BOTH.flatMap(([name, { createHmacSha256 }]) =>
    [
      [
        new Uint8Array(20).fill(0x0b),
        'Hi There',
        'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
      ],
      [
        Buffer.from('Jefe'),
        'what do ya want for nothing?',
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      ],
      [
        new Uint8Array(131).fill(0xaa),
        'Test Using Larger Than Block-Size Key - Hash Key First',
        '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
      ],
    ].map(
      ([key, text, mac]) =>
        [name, createHmacSha256(key as Uint8Array), text as string, mac as string] as const,
    ),
  ),
)('%s gives the codes of RFC 4231', (_, hmac, text, mac) => {
  expect(hmac.hex(text)).toBe(mac);
  expect(hexOf(hmac.bytes(text))).toBe(mac);
});

test('both implementations agree for every text and key, also when a key is reused', () => {
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), texts, (key, each) => {
      const ours = portable.createHmacSha256(key);
      const theirs = node.createHmacSha256(key);
      for (const text of each) {
        expect(ours.hex(text)).toBe(theirs.hex(text));
        expect(hexOf(ours.bytes(text))).toBe(hexOf(theirs.bytes(text)));
        expect(portable.sha256Hex(text)).toBe(node.sha256Hex(text));
      }
    }),
  );
});
