import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { combineCrc64, crc64, createCrc64 } from './crc64.ts';
import { createPortableCrc64 } from './portable-crc64.ts';

interface Vectors {
  readonly values: readonly { Desc: string; Crc: string; Len: number }[];
  readonly combine: readonly { Desc: string; Crc1: string; Crc2: string; Len2: number; Combined: string }[];
}
const vectors = JSON.parse(
  readFileSync(new URL('../../../../test/vectors/crc64.json', import.meta.url), 'utf8'),
) as Vectors;

/** The vectors describe long inputs with words. */
function bytesOf(description: string): Uint8Array {
  if (description === "100KiB of 'A'") return new Uint8Array(102_400).fill(65);
  if (description === "100KiB of 'B'") return new Uint8Array(102_400).fill(66);
  if (description === '1MiB of 0x00') return new Uint8Array(1_048_576);
  return new TextEncoder().encode(description);
}

test.each(vectors.values)('crc64 equals that of the SDKs for "$Desc"', ({ Desc, Crc, Len }) => {
  const bytes = bytesOf(Desc);
  expect(bytes.length).toBe(Len);
  expect(crc64(bytes)).toBe(Crc);
});

test.each(vectors.combine)('combineCrc64 equals the vector $Desc', ({ Crc1, Crc2, Len2, Combined }) => {
  expect(
    combineCrc64([
      { crc64: Crc1, size: 1 },
      { crc64: Crc2, size: Len2 },
    ]),
  ).toBe(Combined);
});

test('updates and combined pieces have the CRC64 of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 12 }), (pieces) => {
      const whole = new Uint8Array(pieces.flatMap((piece) => [...piece]));
      const crc = createCrc64();
      for (const piece of pieces) crc.update(piece);
      expect(crc.digest()).toBe(crc64(whole));
      expect(combineCrc64(pieces.map((piece) => ({ crc64: crc64(piece), size: piece.length })))).toBe(
        crc64(whole),
      );
    }),
  );
});

test('a flipped bit changes the CRC64', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), (bytes, at) => {
      const flipped = bytes.slice();
      const index = at % bytes.length;
      flipped[index] = (bytes[index] ?? 0) ^ (1 << (at % 8));
      expect(crc64(flipped)).not.toBe(crc64(bytes));
    }),
  );
});

test('the alignment of the bytes in their buffer does not affect the CRC64', () => {
  const buffer = new Uint8Array(64).map((_, index) => index * 37);
  for (let offset = 0; offset < 9; offset++) {
    expect(crc64(buffer.subarray(offset, offset + 50))).toBe(crc64(buffer.slice(offset, offset + 50)));
  }
});

test('createPortableCrc64 computes the same CRC64 without WebAssembly', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 12 }), (pieces) => {
      const crc = createPortableCrc64();
      for (const piece of pieces) crc.update(piece);
      expect(crc.digest()).toBe(crc64(new Uint8Array(pieces.flatMap((piece) => [...piece]))));
    }),
  );
});
