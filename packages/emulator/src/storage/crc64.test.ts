import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { combineCrc64, createCrc64 } from './crc64.ts';

interface Vectors {
  readonly values: readonly { Desc: string; Crc: string; Len: number }[];
  readonly combine: readonly { Desc: string; Crc1: string; Crc2: string; Len2: number; Combined: string }[];
}
const vectors = JSON.parse(
  readFileSync(new URL('../../../../test/vectors/crc64.json', import.meta.url), 'utf8'),
) as Vectors;

/** The vectors describe long inputs in words. */
const spelled: Readonly<Record<string, Uint8Array>> = {
  "100KiB of 'A'": new Uint8Array(102_400).fill(65),
  "100KiB of 'B'": new Uint8Array(102_400).fill(66),
  '1MiB of 0x00': new Uint8Array(1_048_576),
};

test.each(vectors.values)('the CRC64 of "$Desc" is as expected', ({ Desc, Crc, Len }) => {
  const bytes = spelled[Desc] ?? Buffer.from(Desc);
  expect(bytes.length).toBe(Len);
  expect(crcOf(bytes)).toBe(Crc);
});

test.each(vectors.combine)('combining returns the expected $Desc', ({ Crc1, Crc2, Len2, Combined }) => {
  const pieces = [
    { crc64: Crc1, size: 1 },
    { crc64: Crc2, size: Len2 },
  ];
  expect(combineCrc64(pieces)).toBe(Combined);
});

test('bytes split anywhere have the same CRC64, updated or combined', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (cuts) => {
      const crc = createCrc64();
      for (const cut of cuts) crc.update(cut);
      const whole = bitByBit(Buffer.concat(cuts));
      expect(crc.digest()).toBe(whole);
      expect(combineCrc64(cuts.map((cut) => ({ crc64: crcOf(cut), size: cut.length })))).toBe(whole);
    }),
  );
});

test('10,000 parts of the same size are combined quickly', () => {
  const part = new Uint8Array(100).fill(7);
  const crc = createCrc64();
  for (let n = 0; n < 10_000; n++) crc.update(part);
  const parts = new Array<{ crc64: string; size: number }>(10_000).fill({ crc64: crcOf(part), size: 100 });
  const start = performance.now();
  expect(combineCrc64(parts)).toBe(crc.digest());
  expect(performance.now() - start).toBeLessThan(2000);
});

function crcOf(bytes: Uint8Array): string {
  const crc = createCrc64();
  crc.update(bytes);
  return crc.digest();
}

/** The definition, without a table. */
function bitByBit(bytes: Uint8Array): string {
  let crc = 0xffffffffffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ (crc & 1n ? 0xc96c5795d7870f42n : 0n);
  }
  return String(BigInt.asUintN(64, ~crc));
}
