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

/** Uploads many files within one budget of requests and memory, and lets none of them starve. */
export interface Uploader {
  /** Begins the upload when its turn has come; until then its phase is `opening`, and OSS hears nothing. */
  start(ports: UploadPorts, options: UploadOptions): Upload;
  startStream(ports: StreamPorts, options: Omit<StreamUploadOptions, 'memoryMax'>): Upload;
  /** Requests in flight from now on, 1 to 256. */
  setConcurrency(concurrency: number): void;
}

/** A part in flight takes a chunk of 1 MiB, and as much for what is not sent of it yet. */
const SLOT_MEMORY = 2 * 1024 ** 2;

/**
 * Throws a `RangeError` that names the option. `spill` keeps the parts of streams for which there is no
 * memory.
 */
export function createUploader(options: UploaderOptions = {}, spill?: PartBuffers): Uploader {
  const { concurrency, concurrencyMax, filesMax, memoryMax } = resolveUploaderOptions(options);
  const slotsWithin = (wanted: number): number =>
    Math.max(1, Math.min(wanted, Math.floor(memoryMax / 2 / SLOT_MEMORY)));
  const budget = createBudget({
    slots: concurrency === 'auto' ? 'auto' : slotsWithin(concurrency),
    slotsMax: slotsWithin(concurrencyMax),
    turns: filesMax,
  });
  const memory = createStreamMemory(Math.floor(memoryMax / 2), spill);
  return {
    start(ports, uploadOptions) {
      assertObjectOptions(uploadOptions);
      return createUpload(ports, resolveOptions(uploadOptions), createSourceRunner(ports), budget);
    },
    startStream: (ports, uploadOptions) => createStreamUpload(ports, uploadOptions, memory, budget),
    setConcurrency(wanted) {
      assertUploaderConcurrency(wanted);
      budget.setSlots(slotsWithin(wanted));
    },
  };
}
