import { rejectOnAbort } from '../../abort.ts';
import { createCrc64 } from '../../checksum/crc64.ts';
import { UploadError } from '../../errors.ts';
import { createPartBody } from '../../parts/part-body.ts';
import type { PartBody, PartBuffer, PartBuffers } from '../../ports.ts';

/** Bytes that come once, and end nobody knows when: Node's Readable, a web ReadableStream, a generator. */
export type ByteStream = AsyncIterable<Uint8Array> | WebStream;

/** As much of a `ReadableStream` as is used: not every browser lets one iterate over it. */
export interface WebStream {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
    cancel(reason?: unknown): Promise<void>;
  };
}

/** A part of a stream, kept until it is released. */
export interface KeptPart {
  readonly size: number;
  open(): PartBody;
  release(): Promise<void>;
}

/** Cuts a stream into parts, one after another, and reads no further than it is asked to. */
export interface PartCutter {
  /**
   * The next part: `size` bytes, or fewer where the stream ends; `undefined` after its end. A wait that is
   * stopped loses nothing: the next call goes on with what was read. Rejects with `source_unreadable` when
   * the stream fails.
   */
  next(size: number, signal: AbortSignal): Promise<KeptPart | undefined>;
  /** Lets go of the stream, and of the part that was being read. */
  close(): Promise<void>;
}

export function createPartCutter(stream: ByteStream, buffers: PartBuffers): PartCutter {
  const chunks = iteratorOf(stream);
  let reading: Promise<IteratorResult<Uint8Array>> | undefined;
  let rest: Uint8Array | undefined;
  let open: PartBuffer | undefined;
  let crc = createCrc64();
  let isEnded = false;

  /** The next chunk, valid until one more is asked for. */
  async function read(signal: AbortSignal): Promise<Uint8Array | undefined> {
    const next = (): Promise<IteratorResult<Uint8Array>> => {
      reading ??= chunks.next().catch(throwUnreadable);
      return reading;
    };
    const { done, value } = await rejectOnAbort(next, signal);
    reading = undefined;
    if (done) return undefined;
    if (!(value instanceof Uint8Array)) throw notBytes(value);
    return value;
  }

  async function fill(buffer: PartBuffer, size: number, signal: AbortSignal): Promise<void> {
    while (buffer.size < size) {
      const chunk = rest ?? (await read(signal));
      if (chunk === undefined) {
        isEnded = true;
        return;
      }
      const wanted = chunk.subarray(0, size - buffer.size);
      rest = wanted.length < chunk.length ? chunk.subarray(wanted.length) : undefined;
      crc.update(wanted);
      await buffer.append(wanted);
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
      if (buffer.size > 0) return keptPart(buffer, crc64);
      await buffer.release();
      return undefined;
    },
    async close() {
      isEnded = true;
      await open?.release();
      open = undefined;
      // A generator that waits for its source would keep us waiting too.
      chunks.return?.().catch(() => undefined);
    },
  };
}

/** However it was kept, it must be read as it was given. */
function keptPart(buffer: PartBuffer, crc64: string): KeptPart {
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
  throw new UploadError({
    code: 'source_unreadable',
    message: 'the stream failed before its end',
    disposition: 'permanent',
    hint: 'See the cause. A stream cannot be read again: upload it from its start.',
    cause,
  });
}

function notBytes(value: unknown): UploadError {
  return new UploadError({
    code: 'source_unreadable',
    message: `the stream gave a ${typeof value} where bytes were expected`,
    disposition: 'permanent',
    hint: 'Give it without an encoding (setEncoding) and without objectMode.',
  });
}
