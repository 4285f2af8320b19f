import { chooseEngine } from './crc64-engine.ts';
import { type Crc64, createCrc64From, type FoldCrc64 } from './fold-crc64.ts';

export { type ChecksummedPiece, combineCrc64 } from './combine-crc64.ts';
export type { Crc64 } from './fold-crc64.ts';

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
