import { createTablesFold } from './crc64-tables.ts';
import { type Crc64, createCrc64From, type FoldCrc64 } from './fold-crc64.ts';

/** Created at the first CRC64, so that the import computes no tables. */
let fold: FoldCrc64 | undefined;

/**
 * Like `createCrc64`, without WebAssembly: several times slower, and smaller in a bundle.
 */
export function createPortableCrc64(): Crc64 {
  fold ??= createTablesFold();
  return createCrc64From(fold);
}
