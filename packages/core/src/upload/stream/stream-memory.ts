import { createPartBuffers } from '../../parts/part-buffers.ts';
import type { PartBuffers } from '../../ports.ts';

/** Where the parts of streams are kept until they are confirmed. */
export interface StreamMemory {
  readonly buffers: PartBuffers;
  /** Parts of this size that may be in flight before most of them have to be kept elsewhere. */
  partsWithin(partSize: number): number;
}

export function createStreamMemory(memoryMax: number, spill: PartBuffers | undefined): StreamMemory {
  return {
    buffers: createPartBuffers(memoryMax, spill),
    partsWithin: (partSize) => Math.max(STREAM_PARTS_MIN, Math.floor(memoryMax / partSize)),
  };
}

/** Fewer would leave a long link idle between two parts. */
const STREAM_PARTS_MIN = 4;
