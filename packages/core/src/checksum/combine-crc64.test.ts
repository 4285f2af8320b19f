import fc from 'fast-check';
import { expect, test } from 'vitest';
import { combineCrc64, crc64 } from './crc64.ts';

/** One zero bit moves every bit of a reflected polynomial down by one. */
function timesX(polynomial: bigint): bigint {
  return (polynomial >> 1n) ^ (polynomial & 1n ? 0xc96c5795d7870f42n : 0n);
}

/** The definition: zero bits are appended one by one. */
function combineSlowly(pieces: readonly { crc64: string; size: number }[]): string {
  let combined = 0n;
  for (const piece of pieces) {
    for (let bit = 0; bit < piece.size * 8; bit++) combined = timesX(combined);
    combined ^= BigInt(piece.crc64);
  }
  return String(combined);
}

const pieces = fc.array(
  fc.record({ crc64: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(String), size: fc.nat(300) }),
  { maxLength: 8 },
);

test('combining equals appending zero bits one by one', () => {
  fc.assert(
    fc.property(pieces, (given) => {
      expect(combineCrc64(given)).toBe(combineSlowly(given));
    }),
  );
});

test('no pieces and empty pieces have the CRC64 of no bytes', () => {
  expect(combineCrc64([])).toBe(crc64(new Uint8Array()));
  expect(combineCrc64([{ crc64: crc64(new Uint8Array()), size: 0 }])).toBe('0');
});

test('one piece keeps its CRC64, for any value', () => {
  const edge = fc.tuple(fc.integer({ min: 0, max: 64 }), fc.integer({ min: -2, max: 2 }));
  const around = edge.map(([power, off]) => BigInt.asUintN(64, (1n << BigInt(power)) + BigInt(off)));
  const tens = fc.integer({ min: 0, max: 19 }).map((zeros) => 10n ** BigInt(zeros) - 1n);
  const any = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  fc.assert(
    fc.property(fc.oneof(around, tens, any), (value) => {
      expect(combineCrc64([{ crc64: String(value), size: 1 }])).toBe(String(value));
    }),
    { numRuns: 2000 },
  );
});

test('10,000 equal pieces and one of another size have the CRC64 of the whole', () => {
  const whole = new Uint8Array(10_000 * 64 + 17).map((_, index) => index * 31);
  const cuts = Array.from({ length: 10_001 }, (_, index) => whole.subarray(index * 64, (index + 1) * 64));
  expect(combineCrc64(cuts.map((cut) => ({ crc64: crc64(cut), size: cut.length })))).toBe(crc64(whole));
});

test('2^45 zero bytes combined from halves equal those combined from quarters', () => {
  const zeros = crc64(new Uint8Array(1 << 20));
  const twice = (piece: { crc64: string; size: number }): { crc64: string; size: number } => ({
    crc64: combineCrc64([piece, piece]),
    size: piece.size * 2,
  });
  let piece = { crc64: zeros, size: 1 << 20 };
  // Up to 2^45 bytes: beyond 32 bits.
  for (let doubling = 0; doubling < 25; doubling++) {
    const doubled = twice(piece);
    const quarter = { crc64: piece.crc64, size: piece.size };
    expect(combineCrc64([quarter, quarter, quarter, quarter])).toBe(twice(doubled).crc64);
    piece = doubled;
  }
});

test('a size that is not a whole number of bytes is rejected', () => {
  for (const size of [-1, 0.5, Number.NaN])
    expect(() => combineCrc64([{ crc64: '1', size }])).toThrow(/size/);
});
