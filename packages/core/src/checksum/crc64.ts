import { chooseEngine } from './crc64-engine.ts';
import { type Crc64, crc64By, type FoldCrc64 } from './fold-crc64.ts';

export { type ChecksummedPiece, combineCrc64 } from './combine-crc64.ts';
export type { Crc64 } from './fold-crc64.ts';

/** Chosen by the first CRC64: importing this costs nothing. */
let fold: FoldCrc64 | undefined;

export function createCrc64(): Crc64 {
  fold ??= chooseEngine().fold;
  return crc64By(fold);
}

/** The CRC64 of `bytes` alone. */
export function crc64(bytes: Uint8Array): string {
  const crc = createCrc64();
  crc.update(bytes);
  return crc.digest();
}
