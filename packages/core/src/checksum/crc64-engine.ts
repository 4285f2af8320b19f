import { SCALAR_MODULE, SIMD_MODULE } from './crc64-modules.ts';
import { createTablesFold } from './crc64-tables.ts';
import { createWasmFold } from './crc64-wasm.ts';
import type { FoldCrc64 } from './fold-crc64.ts';

/** An implementation of CRC64. */
export interface Crc64Engine {
  readonly name: 'simd' | 'scalar' | 'tables';
  readonly fold: FoldCrc64;
}

/**
 * The fastest engine of the platform. WebAssembly may be missing, forbidden by a Content-Security-Policy, or
 * without SIMD: each of these throws.
 */
export function chooseEngine(): Crc64Engine {
  try {
    return { name: 'simd', fold: createWasmFold(SIMD_MODULE) };
  } catch {}
  try {
    return { name: 'scalar', fold: createWasmFold(SCALAR_MODULE) };
  } catch {}
  return { name: 'tables', fold: createTablesFold() };
}
