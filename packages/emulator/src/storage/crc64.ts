/**
 * Computes CRC-64/XZ, the checksum that OSS reports for every part and object: the polynomial of ECMA-182,
 * reflected, with all bits inverted before and after. The register is two 32-bit halves, because a number
 * cannot hold 64 bits and BigInt is far too slow for bodies.
 */
export interface Crc64 {
  update(bytes: Uint8Array): void;
  /** The CRC64 of all bytes so far, as an unsigned decimal. */
  digest(): string;
}

export function createCrc64(): Crc64 {
  let low = -1;
  let high = -1;
  const stepBytes = (bytes: Uint8Array, from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      const at = ((low ^ bytes[i]!) & 0xff) << 1;
      low = ((low >>> 8) | (high << 24)) ^ TABLES[at]!;
      high = (high >>> 8) ^ TABLES[at + 1]!;
    }
  };
  return {
    update(bytes) {
      const whole = bytes.length - (bytes.length % 8);
      for (let i = 0; i < whole; i += 8) {
        const x = low ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
        const y =
          high ^ (bytes[i + 4]! | (bytes[i + 5]! << 8) | (bytes[i + 6]! << 16) | (bytes[i + 7]! << 24));
        // The first of the eight bytes is followed by seven, the last by none: it uses the first table.
        const p = 3584 | ((x << 1) & 510);
        const q = 3072 | ((x >>> 7) & 510);
        const r = 2560 | ((x >>> 15) & 510);
        const s = 2048 | ((x >>> 23) & 510);
        const t = 1536 | ((y << 1) & 510);
        const u = 1024 | ((y >>> 7) & 510);
        const v = 512 | ((y >>> 15) & 510);
        const w = (y >>> 23) & 510;
        low =
          TABLES[p]! ^
          TABLES[q]! ^
          TABLES[r]! ^
          TABLES[s]! ^
          TABLES[t]! ^
          TABLES[u]! ^
          TABLES[v]! ^
          TABLES[w]!;
        high =
          TABLES[p + 1]! ^
          TABLES[q + 1]! ^
          TABLES[r + 1]! ^
          TABLES[s + 1]! ^
          TABLES[t + 1]! ^
          TABLES[u + 1]! ^
          TABLES[v + 1]! ^
          TABLES[w + 1]!;
      }
      stepBytes(bytes, whole, bytes.length);
    },
    digest: () => String((BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0)),
  };
}

/**
 * Computes the CRC64 of concatenated pieces from their CRC64s. Fast when many pieces have the same size.
 */
export function combineCrc64(pieces: Iterable<{ crc64: string; size: number }>): string {
  const appenders = new Map<number, readonly Matrix[]>();
  let combined = 0n;
  for (const { crc64, size } of pieces) {
    combined =
      findAppenders(size, appenders).reduce((crc, matrix) => apply(matrix, crc), combined) ^ BigInt(crc64);
  }
  return String(combined);
}

/** A linear map over GF(2), as its columns, the column of the lowest bit first. */
type Matrix = readonly bigint[];

/**
 * The maps that together append `size` zero bytes to a CRC. The first use of a size applies the squares one
 * by one. From its second use on they are multiplied into one map, which pays only if the size recurs.
 */
function findAppenders(size: number, known: Map<number, readonly Matrix[]>): readonly Matrix[] {
  const before = known.get(size);
  const [first, ...others] = before ?? collectSquares(size);
  if (first === undefined) return [];
  const appender = before === undefined ? [first, ...others] : [others.reduce(multiply, first)];
  known.set(size, appender);
  return appender;
}

/** The maps of 2ⁿ zero bytes for each bit n of `size`, in any order, since powers of a map commute. */
function collectSquares(size: number): Matrix[] {
  const found: Matrix[] = [];
  let square = BYTE;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) found.push(square);
    square = squareMatrix(square);
  }
  return found;
}

function squareMatrix(matrix: Matrix): Matrix {
  const known = SQUARES.get(matrix);
  if (known !== undefined) return known;
  const square = multiply(matrix, matrix);
  SQUARES.set(matrix, square);
  return square;
}

function multiply(a: Matrix, b: Matrix): Matrix {
  return b.map((column) => apply(a, column));
}

function apply(matrix: Matrix, vector: bigint): bigint {
  let result = 0n;
  let rest = vector;
  for (const column of matrix) {
    if ((rest & 1n) === 1n) result ^= column;
    rest >>= 1n;
  }
  return result;
}

const POLYNOMIAL = 0xc96c5795d7870f42n;
/** Appends one zero bit: every bit moves down by one, and the lowest is replaced by the polynomial. */
const BIT: Matrix = Array.from({ length: 64 }, (_, n) => (n === 0 ? POLYNOMIAL : 1n << BigInt(n - 1)));
const SQUARES: Map<Matrix, Matrix> = new Map();
const BYTE: Matrix = squareMatrix(squareMatrix(squareMatrix(BIT)));

/** Eight tables of 256 pairs, low half then high half. Table n is for a byte followed by n zero bytes. */
const TABLES: Int32Array = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 512);
  for (let byte = 0; byte < 256; byte++) {
    let crc = apply(BYTE, BigInt(byte));
    for (let n = 0; n < 8; n++) {
      tables[n * 512 + byte * 2] = Number(BigInt.asIntN(32, crc));
      tables[n * 512 + byte * 2 + 1] = Number(BigInt.asIntN(32, crc >> 32n));
      crc = apply(BYTE, crc);
    }
  }
  return tables;
}
