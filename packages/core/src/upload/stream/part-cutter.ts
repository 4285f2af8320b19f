import { rejectOnAbort } from '../../abort.ts';
import { createCrc64 } from '../../checksum/crc64.ts';
import { sourceUnreadableError, UploadError } from '../../errors.ts';
import { createPartBody } from '../../parts/part-body.ts';
import type { PartBody, PartBuffer, PartBuffers } from '../../ports.ts';

/** Bytes of unknown length that can be read once: Node's Readable, a web ReadableStream, a generator. */
export type ByteStream = AsyncIterable<Uint8Array> | WebStream;

/** The part of `ReadableStream` that is used: not every browser can iterate over it. */
export interface WebStream {
  /** Locks the stream to one reader. */
  getReader(): {
    /** Reads the next chunk. */
    read(): Promise<{
      /** Whether the stream has ended. */
      readonly done: boolean;
      /** The chunk; `undefined` at the end. */
      readonly value?: Uint8Array | undefined;
    }>;
    /** Ends the stream before its end. */
    cancel(reason?: unknown): Promise<void>;
  };
}

/** A part of a stream, kept until it is released. */
export interface KeptPart {
  /** Bytes. */
  readonly size: number;
  /** Opens the bytes for one reader. */
  open(): PartBody;
  /** Frees the memory or the file of the part. */
  release(): Promise<void>;
}

/** Cuts a stream into parts, one after another, and reads only the bytes of the requested part. */
export interface PartCutter {
  /**
   * Reads the next part: `size` bytes, or fewer at the end of the stream; `undefined` after its end. After an
   * abort the next call continues with the bytes that were read. Rejects with `source_unreadable` when the
   * stream fails.
   */
  next(size: number, signal: AbortSignal): Promise<KeptPart | undefined>;
  /** Cancels the stream and releases the part that was being read. */
  close(): Promise<void>;
}

export function createPartCutter(stream: ByteStream, buffers: PartBuffers): PartCutter {
  const chunks = iteratorOf(stream);
  let reading: Promise<IteratorResult<Uint8Array>> | undefined;
  let rest: Uint8Array | undefined;
  let open: PartBuffer | undefined;
  let crc = createCrc64();
  let isEnded = false;

  /** The next chunk, valid until the next call. */
  async function read(signal: AbortSignal): Promise<Uint8Array | undefined> {
    const next = (): Promise<IteratorResult<Uint8Array>> => {
      reading ??= chunks.next().catch(throwUnreadable);
      return reading;
    };
    const { done, value } = await rejectOnAbort(next, signal);
    reading = undefined;
    if (done) return undefined;
    if (!(value instanceof Uint8Array)) throw notBytesError(value);
    return value;
  }

  async function fill(buffer: PartBuffer, size: number, signal: AbortSignal): Promise<void> {
    while (buffer.size < size) {
      const chunk = rest ?? (await read(signal));
      if (chunk === undefined) {
        isEnded = true;
        return;
      }
      const piece = chunk.subarray(0, size - buffer.size);
      rest = piece.length < chunk.length ? chunk.subarray(piece.length) : undefined;
      crc.update(piece);
      await buffer.append(piece);
    }
  }

  return {
    async next(size, signal) {
      if (isEnded) return undefined;
      open ??= await buffers.open(size);
      await fill(open, size, signal);
      const buffer = open;
      open = undefined;
      const crc64 = crc.digest();
      crc = createCrc64();
      if (buffer.size > 0) return createKeptPart(buffer, crc64);
      await buffer.release();
      return undefined;
    },
    async close() {
      isEnded = true;
      await open?.release();
      open = undefined;
      // Not awaited: a generator that waits for its own source returns only after it.
      chunks.return?.().catch(() => undefined);
    },
  };
}

/** Its CRC64 is that of the stream: a buffer that returns other bytes is detected. */
function createKeptPart(buffer: PartBuffer, crc64: string): KeptPart {
  const { size } = buffer;
  return {
    size,
    open: () => createPartBody({ size, crc64, read: () => buffer.chunks() }),
    release: () => buffer.release(),
  };
}

function iteratorOf(stream: ByteStream): AsyncIterator<Uint8Array> {
  if (Symbol.asyncIterator in stream) return stream[Symbol.asyncIterator]();
  const reader = stream.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      return done || value === undefined ? { done: true, value: undefined } : { done: false, value };
    },
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

function throwUnreadable(cause: unknown): never {
  if (cause instanceof UploadError) throw cause;
  throw sourceUnreadableError('the stream failed before its end', {
    hint: 'See the cause. A stream cannot be read again: upload it from its start.',
    cause,
  });
}

function notBytesError(value: unknown): UploadError {
  return sourceUnreadableError(`the stream yielded a ${typeof value} instead of bytes`, {
    hint: 'Create it without an encoding (setEncoding) and without objectMode.',
  });
}
