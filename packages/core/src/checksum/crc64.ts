/**
 * CRC-64/XZ, the checksum OSS reports of every part and object: the ECMA-182 polynomial reflected, start and
 * final XOR all ones. Kept as two 32-bit halves, since numbers cannot hold 64 bits and BigInt is forty times
 * slower.
 */
export interface Crc64 {
  update(bytes: Uint8Array): void;
  /** The CRC64 of all bytes so far, as OSS prints it. */
  digest(): string;
}

export function createCrc64(): Crc64 {
  let high = 0xffffffff;
  let low = 0xffffffff;
  return {
    update(bytes) {
      const end = bytes.length - (bytes.length % 8);
      for (let i = 0; i < end; i += 8) {
        // Every index below is inside the block of eight, and every table index is a byte.
        const a =
          (low ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24))) >>> 0;
        const b =
          (high ^ (bytes[i + 4]! | (bytes[i + 5]! << 8) | (bytes[i + 6]! << 16) | (bytes[i + 7]! << 24))) >>>
          0;
        const a0 = 1792 + (a & 255);
        const a1 = 1536 + ((a >>> 8) & 255);
        const a2 = 1280 + ((a >>> 16) & 255);
        const a3 = 1024 + (a >>> 24);
        const b0 = 768 + (b & 255);
        const b1 = 512 + ((b >>> 8) & 255);
        const b2 = 256 + ((b >>> 16) & 255);
        const b3 = b >>> 24;
        low = LOW[a0]! ^ LOW[a1]! ^ LOW[a2]! ^ LOW[a3]! ^ LOW[b0]! ^ LOW[b1]! ^ LOW[b2]! ^ LOW[b3]!;
        high = HIGH[a0]! ^ HIGH[a1]! ^ HIGH[a2]! ^ HIGH[a3]! ^ HIGH[b0]! ^ HIGH[b1]! ^ HIGH[b2]! ^ HIGH[b3]!;
      }
      for (let i = end; i < bytes.length; i++) {
        const index = (low ^ bytes[i]!) & 255;
        low = ((low >>> 8) | (high << 24)) ^ LOW[index]!;
        high = (high >>> 8) ^ HIGH[index]!;
      }
    },
    digest: () => String(toBigInt(~high, ~low)),
  };
}

/** The CRC64 of `bytes` alone. */
export function crc64(bytes: Uint8Array): string {
  const crc = createCrc64();
  crc.update(bytes);
  return crc.digest();
}

/** What `combineCrc64` needs of each piece. */
export interface ChecksummedPiece {
  readonly crc64: string;
  readonly size: number;
}

/**
 * The CRC64 of the pieces one after another, from theirs alone. Appending n bytes multiplies a CRC by x^(8n)
 * modulo the polynomial; equal sizes share their multiplier, so that 10,000 equal parts cost one.
 */
export function combineCrc64(pieces: Iterable<ChecksummedPiece>): string {
  const multipliers = new Map<number, bigint>();
  let combined = 0n;
  for (const piece of pieces) {
    let multiplier = multipliers.get(piece.size);
    if (multiplier === undefined) {
      multiplier = powerOfX(8n * BigInt(piece.size));
      multipliers.set(piece.size, multiplier);
    }
    combined = multiply(combined, multiplier) ^ BigInt(piece.crc64);
  }
  return String(combined);
}

const POLYNOMIAL = 0xc96c5795d7870f42n;
/** The polynomial 1 with its bits reflected, as all CRCs here are. */
const ONE = 1n << 63n;

function powerOfX(exponent: bigint): bigint {
  let result = ONE;
  let square = ONE >> 1n;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

/** The product of two reflected polynomials modulo the polynomial. */
function multiply(a: bigint, b: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = ONE; bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ POLYNOMIAL : shifted >> 1n;
  }
  return product;
}

function toBigInt(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** Eight tables of 256, one after another: table k advances a byte by k further zero bytes. */
const [HIGH, LOW] = makeTables();

function makeTables(): [Int32Array, Int32Array] {
  const high = new Int32Array(8 * 256);
  const low = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = BigInt(byte);
    for (let table = 0; table < 8; table++) {
      for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ POLYNOMIAL : crc >> 1n;
      high[table * 256 + byte] = Number(crc >> 32n);
      low[table * 256 + byte] = Number(crc & 0xffffffffn);
    }
  }
  return [high, low];
}
