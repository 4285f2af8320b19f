import { createCrc64 } from '../checksum/crc64.ts';
import { assert, UploadError } from '../errors.ts';
import type { PartBody } from '../ports.ts';

/** How to read one part. */
export interface PartBodyOptions {
  /** The bytes that `read` must yield. */
  readonly size: number;
  /** The known CRC64 of the bytes. Default: that of the first pass. */
  readonly crc64?: string | undefined;
  /** Reads the part from its start. Each call is a separate pass; a chunk is valid until the next one. */
  readonly read: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
}

/**
 * Creates a `PartBody` from a read function. Computes the CRC64 while it reads, and rejects with
 * `source_changed` when `read` yields more or fewer bytes than `size`, or other bytes than in an earlier
 * pass. Passes can run in parallel: each has its own CRC64.
 */
export function createPartBody({ size, crc64: known, read }: PartBodyOptions): PartBody {
  assert(Number.isSafeInteger(size) && size >= 0, 'size is a whole number of bytes');
  let lastCrc64: string | undefined;
  let firstCrc64 = known;

  async function* chunks(signal: AbortSignal): AsyncGenerator<Uint8Array, string, void> {
    const crc = createCrc64();
    let readBytes = 0;
    signal.throwIfAborted();
    for await (const chunk of read(signal)) {
      signal.throwIfAborted();
      if (chunk.length === 0) continue;
      readBytes += chunk.length;
      if (readBytes > size) {
        lastCrc64 = undefined;
        throw sourceChangedError(`a part has more than ${size} bytes`);
      }
      crc.update(chunk);
      // Before the last yield, not after it: the consumer of the last byte need not request another chunk.
      if (readBytes === size) lastCrc64 = assertUnchanged(crc.digest());
      yield chunk;
      signal.throwIfAborted();
    }
    if (readBytes < size) throw sourceChangedError(`a part has ${readBytes} of ${size} bytes`);
    lastCrc64 = assertUnchanged(crc.digest());
    return lastCrc64;
  }

  function assertUnchanged(crc64: string): string {
    firstCrc64 ??= crc64;
    if (firstCrc64 === crc64) return crc64;
    lastCrc64 = undefined;
    throw sourceChangedError('a part has other bytes than when it was read before');
  }

  return {
    size,
    chunks,
    async crc64(signal) {
      signal.throwIfAborted();
      if (lastCrc64 !== undefined) return lastCrc64;
      const pass = chunks(signal);
      let step = await pass.next();
      while (!step.done) step = await pass.next();
      return step.value;
    },
  };
}

/** The error of a source with other bytes than when the upload started. `detail` ends the message. */
export function sourceChangedError(detail: string, cause?: unknown): UploadError {
  return new UploadError({
    code: 'source_changed',
    message: `the source changed during the upload: ${detail}`,
    disposition: 'permanent',
    hint: 'Start a new upload when nothing writes to the source any more.',
    cause,
  });
}
