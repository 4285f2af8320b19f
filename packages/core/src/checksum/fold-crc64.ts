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
