/**
 * The CRC64 of a few bytes, bit by bit: for a name, which needs no speed, and so brings neither tables nor
 * WebAssembly along.
 */
export function crc64Bitwise(bytes: Uint8Array): bigint {
  let crc = ALL_ONES;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ (crc & 1n ? POLYNOMIAL : 0n);
  }
  return crc ^ ALL_ONES;
}

const ALL_ONES = 2n ** 64n - 1n;
/** That of ECMA-182, reflected. */
const POLYNOMIAL = 0xc96c5795d7870f42n;
