// biome-ignore-all lint/style/noNonNullAssertion: every index is inside its block of eight, or a byte.

/**
 * CRC-64/XZ, which OSS reports for every part and object: the reflected ECMA-182 polynomial; the initial
 * value and the final XOR are all ones.
 */
export interface Crc64 {
  /** Appends bytes. */
  update(bytes: Uint8Array): void;
  /** The CRC64 of all bytes so far, an unsigned decimal as OSS prints it. */
  digest(): string;
}

/** Two 32-bit halves, since numbers cannot hold 64 bits and BigInt is far slower. Signs have no meaning. */
export interface Crc64Register {
  high: number;
  low: number;
}

/** Updates `register` with `bytes`. */
export type FoldCrc64 = (register: Crc64Register, bytes: Uint8Array) => void;

export function createCrc64From(fold: FoldCrc64): Crc64 {
  const register: Crc64Register = { high: -1, low: -1 };
  return {
    update: (bytes) => fold(register, bytes),
    digest: () => String((BigInt(~register.high >>> 0) << 32n) | BigInt(~register.low >>> 0)),
  };
}

/** Created at the first CRC64, so that the import computes no tables. */
let fold: FoldCrc64 | undefined;

/**
 * Like `createCrc64`, without WebAssembly: several times slower, and smaller in a bundle.
 */
export function createPortableCrc64(): Crc64 {
  fold ??= createTablesFold();
  return createCrc64From(fold);
}

/** Slicing by eight in plain JavaScript: the fallback, and the reference for the other engines. */
export function createTablesFold(): FoldCrc64 {
  const [HIGH, LOW] = createTables();
  return (register, bytes) => {
    let { high, low } = register;
    const end = bytes.length - (bytes.length % 8);
    for (let i = 0; i < end; i += 8) {
      const a = low ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
      const b = high ^ (bytes[i + 4]! | (bytes[i + 5]! << 8) | (bytes[i + 6]! << 16) | (bytes[i + 7]! << 24));
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
    register.high = high;
    register.low = low;
  };
}

/** Eight tables of 256 entries: table k advances a byte by k further zero bytes. */
function createTables(): [high: Int32Array, low: Int32Array] {
  const highs = new Int32Array(8 * 256);
  const lows = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let high = 0;
    let low = byte;
    for (let table = 0; table < 8; table++) {
      for (let bit = 0; bit < 8; bit++) {
        const carry = -(low & 1);
        low = ((low >>> 1) | (high << 31)) ^ (0xd7870f42 & carry);
        high = (high >>> 1) ^ (0xc96c5795 & carry);
      }
      highs[table * 256 + byte] = high;
      lows[table * 256 + byte] = low;
    }
  }
  return [highs, lows];
}
