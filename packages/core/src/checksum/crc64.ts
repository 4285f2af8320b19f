import { assert } from '../errors.ts';
import { SCALAR_MODULE, SIMD_MODULE } from './crc64-modules.ts';
import { createWasmFold } from './crc64-wasm.ts';
import { type Crc64, createCrc64From, createTablesFold, type FoldCrc64 } from './portable-crc64.ts';

export type { Crc64 } from './portable-crc64.ts';

/** Chosen at the first CRC64, so that the import does not compile anything. */
let fold: FoldCrc64 | undefined;

/**
 * Starts a CRC64 of bytes that arrive in pieces. The first call compiles WebAssembly where the platform
 * allows it.
 */
export function createCrc64(): Crc64 {
  fold ??= chooseEngine().fold;
  return createCrc64From(fold);
}

/** The CRC64 of `bytes`, an unsigned decimal. */
export function crc64(bytes: Uint8Array): string {
  const crc = createCrc64();
  crc.update(bytes);
  return crc.digest();
}

/** An implementation of CRC64. */
export interface Crc64Engine {
  readonly name: 'simd' | 'scalar' | 'tables';
  readonly fold: FoldCrc64;
}

/**
 * The fastest engine of the platform. WebAssembly may be missing, forbidden by a Content-Security-Policy, or
 * without SIMD: each of these throws.
 */
export function chooseEngine(): Crc64Engine {
  try {
    return { name: 'simd', fold: createWasmFold(SIMD_MODULE) };
  } catch {}
  try {
    return { name: 'scalar', fold: createWasmFold(SCALAR_MODULE) };
  } catch {}
  return { name: 'tables', fold: createTablesFold() };
}

/** One piece for `combineCrc64`. */
export interface ChecksummedPiece {
  /** The CRC64 of the piece, an unsigned decimal. */
  readonly crc64: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * The CRC64 of the concatenated pieces, computed from their CRC64s and sizes alone. Appending n bytes
 * multiplies a CRC by x^(8n) modulo the polynomial; equal sizes share the multiplier, so 10,000 equal parts
 * need only one.
 */
export function combineCrc64(pieces: Iterable<ChecksummedPiece>): string {
  const multipliers = new Map<number, Polynomial>();
  let combined = ZERO;
  for (const { size, crc64 } of pieces) {
    let multiplier = multipliers.get(size);
    if (multiplier === undefined) {
      multiplier = powerForBytes(size);
      multipliers.set(size, multiplier);
    }
    const { high, low } = multiply(combined, multiplier);
    const appended = readCrc64(crc64);
    combined = { high: high ^ appended.high, low: low ^ appended.low };
  }
  return writeCrc64(combined);
}

/**
 * A polynomial of degree below 64 with reflected bits, like all CRCs here: the highest bit of `high` is the
 * coefficient of x^0. Signs have no meaning.
 */
interface Polynomial {
  readonly high: number;
  readonly low: number;
}

/** Splits 64 bits into two numbers, and joins them. */
const BITS = new DataView(new ArrayBuffer(8));

function readCrc64(decimal: string): Polynomial {
  BITS.setBigUint64(0, BigInt(decimal));
  return { high: BITS.getInt32(0), low: BITS.getInt32(4) };
}

function writeCrc64({ high, low }: Polynomial): string {
  BITS.setInt32(0, high);
  BITS.setInt32(4, low);
  return String(BITS.getBigUint64(0));
}

const ZERO: Polynomial = { high: 0, low: 0 };
const ONE: Polynomial = { high: 1 << 31, low: 0 };
const X_TO_THE_8: Polynomial = { high: 1 << 23, low: 0 };

/** The product modulo the polynomial: the sum of b·x^n over the terms x^n of `a`. */
function multiply(a: Polynomial, b: Polynomial): Polynomial {
  let high = 0;
  let low = 0;
  let { high: shiftedHigh, low: shiftedLow } = b;
  for (let n = 0; n < 64; n++) {
    const taken = -(((n < 32 ? a.high : a.low) >>> (31 - (n % 32))) & 1);
    high ^= shiftedHigh & taken;
    low ^= shiftedLow & taken;
    const carry = -(shiftedLow & 1);
    shiftedLow = ((shiftedLow >>> 1) | (shiftedHigh << 31)) ^ (0xd7870f42 & carry);
    shiftedHigh = (shiftedHigh >>> 1) ^ (0xc96c5795 & carry);
  }
  return { high, low };
}

/** x^(8·size) modulo the polynomial. */
function powerForBytes(size: number): Polynomial {
  assert(Number.isSafeInteger(size) && size >= 0, 'size is a whole number of bytes');
  let power = ONE;
  for (let rest = size, n = 0; rest > 0; rest = Math.floor(rest / 2), n++) {
    if (rest % 2 === 1) power = multiply(power, squareAt(n));
  }
  return power;
}

/** Cache of x^(8·2^n), by n. */
const SQUARES: Polynomial[] = [X_TO_THE_8];

function squareAt(n: number): Polynomial {
  const known = SQUARES[n];
  if (known !== undefined) return known;
  const root = squareAt(n - 1);
  const square = multiply(root, root);
  SQUARES[n] = square;
  return square;
}
