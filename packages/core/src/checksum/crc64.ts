import { chooseEngine } from './crc64-engine.ts';
import type { Crc64Register, FoldCrc64 } from './fold-crc64.ts';

export { type ChecksummedPiece, combineCrc64 } from './combine-crc64.ts';

/**
 * CRC-64/XZ, the checksum OSS reports of every part and object: the ECMA-182 polynomial reflected, start and
 * final XOR all ones.
 */
export interface Crc64 {
  update(bytes: Uint8Array): void;
  /** The CRC64 of all bytes so far, as OSS prints it. */
  digest(): string;
}

/** Chosen by the first CRC64: importing this costs nothing. */
let fold: FoldCrc64 | undefined;

export function createCrc64(): Crc64 {
  fold ??= chooseEngine().fold;
  const foldBytes = fold;
  const register: Crc64Register = { high: -1, low: -1 };
  return {
    update: (bytes) => foldBytes(register, bytes),
    digest: () => String((BigInt(~register.high >>> 0) << 32n) | BigInt(~register.low >>> 0)),
  };
}

/** The CRC64 of `bytes` alone. */
export function crc64(bytes: Uint8Array): string {
  const crc = createCrc64();
  crc.update(bytes);
  return crc.digest();
}
