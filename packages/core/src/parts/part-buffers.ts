import type { PartBuffer, PartBuffers } from '../ports.ts';

/** Memory is allocated in blocks of this size, which are reused. */
export const BLOCK_SIZE: number = 1024 * 1024;

/**
 * Stores parts in at most `memoryMax` bytes of memory, and further ones in `spill`. Without `spill` they stay
 * in memory too.
 */
export function createPartBuffers(memoryMax: number, spill?: PartBuffers): PartBuffers {
  const free: Uint8Array[] = [];
  let reservedBytes = 0;
  return {
    async open(sizeMax) {
      const bytes = Math.ceil(sizeMax / BLOCK_SIZE) * BLOCK_SIZE;
      if (reservedBytes + bytes > memoryMax && spill !== undefined) return spill.open(sizeMax);
      reservedBytes += bytes;
      return createMemoryBuffer(free, () => {
        reservedBytes -= bytes;
        // Blocks beyond the budget, or of larger parts, are left to the garbage collector.
        free.splice(Math.floor(memoryMax / BLOCK_SIZE));
      });
    },
  };
}

function createMemoryBuffer(free: Uint8Array[], onRelease: () => void): PartBuffer {
  let blocks: Uint8Array[] = [];
  let size = 0;
  let isReleased = false;
  return {
    get size() {
      return size;
    },
    async append(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const used = size % BLOCK_SIZE;
        if (used === 0) blocks.push(free.pop() ?? new Uint8Array(BLOCK_SIZE));
        const piece = bytes.subarray(at, at + BLOCK_SIZE - used);
        blocks.at(-1)?.set(piece, used);
        at += piece.length;
        size += piece.length;
      }
    },
    async *chunks() {
      for (const [index, block] of blocks.entries()) yield block.subarray(0, size - index * BLOCK_SIZE);
    },
    async release() {
      if (isReleased) return;
      isReleased = true;
      free.push(...blocks);
      blocks = [];
      onRelease();
    },
  };
}
