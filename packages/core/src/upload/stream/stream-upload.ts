import type { StreamUploadOptions } from '../../options.ts';
import { createPartBuffers } from '../../parts/part-buffers.ts';
import { firstPartSize } from '../../parts/part-plan.ts';
import type { PartBuffers } from '../../ports.ts';
import { assertObjectOptions, resolveMemoryMax, resolveOptions } from '../../resolve-options.ts';
import { type Budget, NO_BUDGET } from '../concurrency/budget.ts';
import type { RunPorts } from '../run-context.ts';
import { createUpload, type Upload } from '../upload.ts';
import type { ByteStream } from './part-cutter.ts';
import { createStreamRunner } from './stream-runner.ts';

/** The ports of an upload of a stream, which can be read only once. */
export interface StreamPorts extends Omit<RunPorts, 'checkpoints'> {
  /** Read once, from its current position to its end. */
  readonly stream: ByteStream;
  /** Keeps the parts for which memory has no room. `undefined`: memory keeps them all the same. */
  readonly spill: PartBuffers | undefined;
}

/**
 * Starts the upload of a stream, which is read only as fast as OSS confirms parts. Throws a `TypeError` or
 * `RangeError` for a wrong option; any other failure rejects `result`.
 */
export function startStreamUpload(ports: StreamPorts, options: StreamUploadOptions): Upload {
  const { memoryMax, ...uploadOptions } = options;
  const memory = createStreamMemory(resolveMemoryMax(memoryMax), ports.spill);
  return createStreamUpload(ports, uploadOptions, memory, NO_BUDGET);
}

/** The same with memory and a budget that other uploads may share. */
export function createStreamUpload(
  ports: StreamPorts,
  options: Omit<StreamUploadOptions, 'memoryMax'>,
  { buffers, partsWithin }: StreamMemory,
  budget: Budget,
): Upload {
  assertObjectOptions(options);
  const resolved = resolveOptions(options);
  const firstSize = firstPartSize(resolved.partSize);
  return createUpload(
    { ...ports, checkpoints: undefined },
    { ...resolved, concurrencyMax: Math.min(resolved.concurrencyMax, partsWithin(firstSize)) },
    createStreamRunner(ports.stream, buffers, firstSize),
    budget,
  );
}

/** Where the parts of streams are kept until OSS has confirmed them. */
export interface StreamMemory {
  readonly buffers: PartBuffers;
  /** Parts of this size, in bytes, that may be in flight before `spill` has to keep most of them. */
  partsWithin(partSize: number): number;
}

/** `memoryMax` is in bytes. */
export function createStreamMemory(memoryMax: number, spill: PartBuffers | undefined): StreamMemory {
  return {
    buffers: createPartBuffers(memoryMax, spill),
    partsWithin: (partSize) => Math.max(STREAM_PARTS_MIN, Math.floor(memoryMax / partSize)),
  };
}

/** Fewer would leave a long link idle between two parts. */
const STREAM_PARTS_MIN = 4;
