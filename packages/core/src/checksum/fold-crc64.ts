/**
 * CRC-64/XZ, the checksum OSS reports of every part and object: the ECMA-182 polynomial reflected, start and
 * final XOR all ones.
 */
export interface Crc64 {
  update(bytes: Uint8Array): void;
  /** The CRC64 of all bytes so far, as OSS prints it. */
  digest(): string;
}

/** Two 32-bit halves, since numbers cannot hold 64 bits and BigInt is far slower. Signs mean nothing. */
export interface Crc64Register {
  high: number;
  low: number;
}

/** Takes `bytes` into `register`. */
export type FoldCrc64 = (register: Crc64Register, bytes: Uint8Array) => void;

export function crc64By(fold: FoldCrc64): Crc64 {
  const register: Crc64Register = { high: -1, low: -1 };
  return {
    update: (bytes) => fold(register, bytes),
    digest: () => String((BigInt(~register.high >>> 0) << 32n) | BigInt(~register.low >>> 0)),
  };
}
