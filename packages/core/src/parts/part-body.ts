import { assert } from '../assert.ts';
import { createCrc64 } from '../checksum/crc64.ts';
import { UploadError } from '../errors.ts';
import type { PartBody } from '../ports.ts';

export interface PartBodyOptions {
  /** Bytes `read` must give. */
  readonly size: number;
  /** What the bytes are known to be. Default: what the first pass gives. */
  readonly crc64?: string | undefined;
  /** Reads the part from its start. Each call is a pass of its own; a chunk need last only until the next. */
  readonly read: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
}

/**
 * Makes a `PartBody` of a way to read: takes the CRC64 on the way, and rejects with `source_changed` when
 * `read` gives more or fewer bytes than `size`, or other bytes than in an earlier pass. Passes may run side
 * by side: each has a CRC64 of its own.
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
        throw sourceChangedError(`it gave more than the ${size} bytes of a part`);
      }
      crc.update(chunk);
      // Before the last yield, not after it: whoever has taken the last byte need not ask once more.
      if (readBytes === size) lastCrc64 = sameAsBefore(crc.digest());
      yield chunk;
      signal.throwIfAborted();
    }
    if (readBytes < size) throw sourceChangedError(`it gave ${readBytes} of the ${size} bytes of a part`);
    lastCrc64 = sameAsBefore(crc.digest());
    return lastCrc64;
  }

  function sameAsBefore(crc64: string): string {
    firstCrc64 ??= crc64;
    if (firstCrc64 === crc64) return crc64;
    lastCrc64 = undefined;
    throw sourceChangedError('a part gave other bytes than when it was read before');
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

/** What a source throws when its bytes are not those the upload began with. `detail` ends the message. */
export function sourceChangedError(detail: string, cause?: unknown): UploadError {
  return new UploadError({
    code: 'source_changed',
    message: `the source changed while it was uploaded: ${detail}`,
    disposition: 'permanent',
    hint: 'Start a new upload once nothing writes to the source any more.',
    cause,
  });
}
