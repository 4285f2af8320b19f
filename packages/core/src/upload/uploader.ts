import type { StreamUploadOptions, UploaderOptions, UploadOptions } from '../options.ts';
import type { PartBuffers } from '../ports.ts';
import {
  assertObjectOptions,
  assertUploaderConcurrency,
  resolveOptions,
  resolveUploaderOptions,
} from '../resolve-options.ts';
import { createBudget } from './concurrency/budget.ts';
import type { UploadPorts } from './run-context.ts';
import { createSourceRunner } from './run-upload.ts';
import { createStreamMemory, createStreamUpload, type StreamPorts } from './stream/stream-upload.ts';
import { createUpload, type Upload } from './upload.ts';

/** Uploads many files within one budget of requests and memory, with a fair share for each file. */
export interface Uploader {
  /**
   * Starts the upload of a source as soon as `filesMax` allows; until then its phase is `opening`, and
   * nothing is initiated in OSS. Throws a `TypeError` or `RangeError` for a wrong option.
   */
  start(ports: UploadPorts, options: UploadOptions): Upload;
  /** The same for a stream. The uploader's `memoryMax` applies. */
  startStream(ports: StreamPorts, options: Omit<StreamUploadOptions, 'memoryMax'>): Upload;
  /** Fixes the number of requests in flight of all uploads, 1 to 256. Throws a `RangeError`. */
  setConcurrency(concurrency: number): void;
}

/** The memory of a part in flight: a chunk of 1 MiB, and as much in the buffers of its request. */
const SLOT_MEMORY = 2 * 1024 ** 2;

/**
 * Creates an uploader. `spill` keeps the parts of streams for which memory has no room; without it they stay
 * in memory. Throws a `RangeError` that names the option.
 */
export function createUploader(options: UploaderOptions = {}, spill?: PartBuffers): Uploader {
  const { concurrency, concurrencyMax, filesMax, memoryMax } = resolveUploaderOptions(options);
  const limitByMemory = (slots: number): number =>
    Math.max(1, Math.min(slots, Math.floor(memoryMax / 2 / SLOT_MEMORY)));
  const budget = createBudget({
    slots: concurrency === 'auto' ? 'auto' : limitByMemory(concurrency),
    slotsMax: limitByMemory(concurrencyMax),
    uploadsMax: filesMax,
  });
  const memory = createStreamMemory(Math.floor(memoryMax / 2), spill);
  return {
    start(ports, uploadOptions) {
      assertObjectOptions(uploadOptions);
      return createUpload(ports, resolveOptions(uploadOptions), createSourceRunner(ports), budget);
    },
    startStream: (ports, uploadOptions) => createStreamUpload(ports, uploadOptions, memory, budget),
    setConcurrency(requests) {
      assertUploaderConcurrency(requests);
      budget.setSlots(limitByMemory(requests));
    },
  };
}
