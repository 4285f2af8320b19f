import type { FoldCrc64 } from './portable-crc64.ts';

/** The exports of packages/core/wasm/crc64.ts. */
interface Crc64Exports {
  readonly memory: WebAssembly.Memory;
  readonly BUFFER: WebAssembly.Global;
  readonly BUFFER_MAX: WebAssembly.Global;
  eliminate(size: number): void;
  finish(size: number): void;
}

/** Longer messages are processed in pieces of this size. The last piece is at least a third of the buffer. */
const PIECE_SIZE = 64 * 1024;

/**
 * Compiles a module of crc64-modules.ts, or throws. One instance computes all CRC64s: it keeps no state of a
 * message between calls.
 */
export function createWasmFold(hexadecimal: string): FoldCrc64 {
  const wasm = Uint8Array.from(hexadecimal.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm));
  const { memory, BUFFER, BUFFER_MAX, eliminate, finish } = exports as unknown as Crc64Exports;
  const state = new DataView(memory.buffer);
  const buffer = new Uint8Array(memory.buffer, BUFFER.value, BUFFER_MAX.value);

  return (register, bytes) => {
    state.setInt32(0, register.low, true);
    state.setInt32(4, register.high, true);
    let rest = bytes;
    while (rest.length > buffer.length) {
      buffer.set(rest.subarray(0, PIECE_SIZE));
      eliminate(PIECE_SIZE);
      rest = rest.subarray(PIECE_SIZE);
    }
    buffer.set(rest);
    finish(rest.length);
    register.low = state.getInt32(0, true);
    register.high = state.getInt32(4, true);
  };
}
