import { createTablesFold } from './crc64-tables.ts';
import { type Crc64, crc64By, type FoldCrc64 } from './fold-crc64.ts';

/** Made for the first CRC64: importing this costs nothing. */
let fold: FoldCrc64 | undefined;

/**
 * A CRC64 that brings no WebAssembly into a bundle: several times slower than that of `createCrc64`, and
 * smaller.
 */
export function createPortableCrc64(): Crc64 {
  fold ??= createTablesFold();
  return crc64By(fold);
}
