/** Two 32-bit halves, since numbers cannot hold 64 bits and BigInt is far slower. Signs mean nothing. */
export interface Crc64Register {
  high: number;
  low: number;
}

/** Takes `bytes` into `register`. */
export type FoldCrc64 = (register: Crc64Register, bytes: Uint8Array) => void;
