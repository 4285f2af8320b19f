/**
 * CRC-64/XZ in AssemblyScript, built twice by build.mjs: with SIMD and without. The caller writes the
 * register to the first eight bytes of the memory and a piece of the message to BUFFER, calls `eliminate` for
 * each piece but the last and `finish` for the last, and reads the register from the same place.
 *
 * Most of a message is divided by a sparse multiple of the polynomial P instead of by P itself. The sum of
 * x^e over the exponents in `subtractLong` is 0 modulo P, and so is that of x^(16e). As a divisor of the
 * message in words of 16 bits, all its coefficients are 0 or 1: the long division is an XOR of the quotient
 * with itself, for many words at a time. The remainder has as many words as the divisor's degree. It is
 * divided by a multiple of lower degree, in words of 8 bits, and the second remainder by P.
 */

/** Bytes of a word: the shortest for which `subtractLong` does not load bytes that it has just stored. */
const WORD: usize = 2;
const LONG_DEGREE: usize = 1403 * WORD;
/** From this size the division by this multiple is faster. */
const LONG_MIN: usize = ASC_FEATURE_SIMD ? 6144 : 16384;
const SHORT_DEGREE: usize = 524;
const SHORT_MIN: usize = 1024;

/** Quotients are multiples of it. */
const STEP: usize = 16;

const REGISTER: usize = 0;
/** Eight tables of 256 entries: table k is for a byte with k bytes after it. */
const TABLES: usize = 64;
export const BUFFER: usize = 19328;
export const BUFFER_MAX: usize = 96 * 1024;
/** The end of the quotient so far, directly before the buffer. Between messages it is all zeros. */
const HISTORY: usize = BUFFER - LONG_DEGREE;
/** The remainders of the long and of the short divisor. Zeros precede them, as they precede the buffer. */
const LONG_REST: usize = BUFFER + BUFFER_MAX + 1024;
const SHORT_REST: usize = LONG_REST + LONG_DEGREE + 1024;

// biome-ignore lint/correctness/noPrecisionLoss: AssemblyScript's integers have 64 bits.
const POLYNOMIAL: u64 = 0xc96c5795d7870f42;

for (let byte: usize = 0; byte < 256; byte++) {
  let crc: u64 = byte;
  for (let table: usize = 0; table < 8; table++) {
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (POLYNOMIAL & -(crc & 1));
    store<u64>(TABLES + table * 2048 + byte * 8, crc);
  }
}

/** Folds `size` bytes of the buffer when more follow: a multiple of STEP, and at least LONG_MIN. */
export function eliminate(size: usize): void {
  addRegister(BUFFER);
  subtractLong(HISTORY, BUFFER, size);
  memory.copy(HISTORY, HISTORY + size, LONG_DEGREE);
}

/** Folds the last `size` bytes, at least LONG_MIN if there was an `eliminate` before. */
export function finish(size: usize): void {
  let from = BUFFER;
  if (size >= LONG_MIN) {
    addRegister(from);
    const quotient = (size - LONG_DEGREE) & ~(STEP - 1);
    subtractLong(from - LONG_DEGREE, from, quotient);
    memory.copy(LONG_REST, from + quotient, size - quotient);
    // The quotient ends here.
    memory.fill(from + quotient, 0, LONG_DEGREE);
    subtractLong(from + quotient - LONG_DEGREE, LONG_REST, (LONG_DEGREE + STEP - 1) & ~(STEP - 1));
    memory.fill(HISTORY, 0, LONG_DEGREE);
    from = LONG_REST;
    size -= quotient;
  }
  if (size >= SHORT_MIN) {
    addRegister(from);
    const quotient = (size - SHORT_DEGREE) & ~(STEP - 1);
    subtractShort(from - SHORT_DEGREE, from, quotient);
    memory.copy(SHORT_REST, from + quotient, size - quotient);
    memory.fill(from + quotient, 0, SHORT_DEGREE);
    subtractShort(from + quotient - SHORT_DEGREE, SHORT_REST, (SHORT_DEGREE + STEP - 1) & ~(STEP - 1));
    from = SHORT_REST;
    size -= quotient;
  }
  store<u64>(REGISTER, fold(load<u64>(REGISTER), from, size));
}

/** The register is added to the next eight bytes. */
function addRegister(at: usize): void {
  store<u64>(at, load<u64>(at) ^ load<u64>(REGISTER));
  store<u64>(REGISTER, 0);
}

/**
 * Subtracts the divisor's lower terms, multiplied with the quotient, from the words at `target`: the
 * exponents are the distances from `quotient`. With `target` one degree behind `quotient` the differences are
 * the next words of the quotient.
 */
function subtractLong(quotient: usize, target: usize, size: usize): void {
  const end = target + size;
  while (target < end) {
    if (ASC_FEATURE_SIMD) {
      let sum = v128.xor(load<v128>(target), load<v128>(quotient));
      sum = v128.xor(sum, load<v128>(quotient, 153 * WORD));
      sum = v128.xor(sum, load<v128>(quotient, 509 * WORD));
      sum = v128.xor(sum, load<v128>(quotient, 1008 * WORD));
      sum = v128.xor(sum, load<v128>(quotient, 1162 * WORD));
      sum = v128.xor(sum, load<v128>(quotient, 1251 * WORD));
      sum = v128.xor(sum, load<v128>(quotient, 1286 * WORD));
      store<v128>(target, sum);
    } else {
      let a = load<u64>(target) ^ load<u64>(quotient);
      let b = load<u64>(target, 8) ^ load<u64>(quotient, 8);
      a ^= load<u64>(quotient, 153 * WORD);
      b ^= load<u64>(quotient, 153 * WORD + 8);
      a ^= load<u64>(quotient, 509 * WORD);
      b ^= load<u64>(quotient, 509 * WORD + 8);
      a ^= load<u64>(quotient, 1008 * WORD);
      b ^= load<u64>(quotient, 1008 * WORD + 8);
      a ^= load<u64>(quotient, 1162 * WORD);
      b ^= load<u64>(quotient, 1162 * WORD + 8);
      a ^= load<u64>(quotient, 1251 * WORD);
      b ^= load<u64>(quotient, 1251 * WORD + 8);
      a ^= load<u64>(quotient, 1286 * WORD);
      b ^= load<u64>(quotient, 1286 * WORD + 8);
      store<u64>(target, a);
      store<u64>(target, b, 8);
    }
    quotient += STEP;
    target += STEP;
  }
}

/** Like `subtractLong`, in words of one byte. */
function subtractShort(quotient: usize, target: usize, size: usize): void {
  const end = target + size;
  while (target < end) {
    store<u64>(
      target,
      load<u64>(target) ^
        load<u64>(quotient) ^
        load<u64>(quotient, 6) ^
        load<u64>(quotient, 31) ^
        load<u64>(quotient, 144) ^
        load<u64>(quotient, 265) ^
        load<u64>(quotient, 320) ^
        load<u64>(quotient, 383) ^
        load<u64>(quotient, 389) ^
        load<u64>(quotient, 402),
    );
    quotient += 8;
    target += 8;
  }
}

/** The register after `size` bytes, computed with the tables alone. */
function fold(register: u64, from: usize, size: usize): u64 {
  const end = from + size;
  while (from + 8 <= end) {
    const x = register ^ load<u64>(from);
    // Each byte of x times eight, the size of an entry. Added in pairs, which depend less on each other.
    const a = load<u64>(<usize>((x << 3) & 2040), TABLES + 7 * 2048);
    const b = load<u64>(<usize>((x >> 5) & 2040), TABLES + 6 * 2048);
    const c = load<u64>(<usize>((x >> 13) & 2040), TABLES + 5 * 2048);
    const d = load<u64>(<usize>((x >> 21) & 2040), TABLES + 4 * 2048);
    const e = load<u64>(<usize>((x >> 29) & 2040), TABLES + 3 * 2048);
    const f = load<u64>(<usize>((x >> 37) & 2040), TABLES + 2 * 2048);
    const g = load<u64>(<usize>((x >> 45) & 2040), TABLES + 2048);
    const h = load<u64>(<usize>((x >> 53) & 2040), TABLES);
    register = a ^ b ^ (c ^ d) ^ (e ^ f ^ (g ^ h));
    from += 8;
  }
  while (from < end) {
    register = (register >> 8) ^ load<u64>(<usize>(((register ^ load<u8>(from)) & 255) << 3), TABLES);
    from++;
  }
  return register;
}
