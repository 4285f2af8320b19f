import { read } from 'node:fs';
import type { UploadError } from '@partway/core';
import { sourceChangedError } from '@partway/core/ports';

/** Reads a file by position, in chunks of 1 MiB. */
export interface FileReader {
  /**
   * Reads from `offset` up to `end`. A chunk is valid until the next one is requested. Ranges may be read
   * side by side, each with one buffer that is used again. Nothing is read ahead: the system still sends the
   * end of a chunk while the next one is read, and other parts send meanwhile.
   */
  range(offset: number, end: number): AsyncGenerator<Uint8Array, void, void>;
  /**
   * Begins no more reads, and resolves when none is under way: a descriptor closed during a read might be
   * another file by the time the read begins.
   */
  stop(): Promise<void>;
}

export interface FileReaderOptions {
  /** Stays open until the reader has stopped. */
  readonly fd: number;
  /** Of the file, in bytes. One found to be longer, where that costs nothing, is `source_changed`. */
  readonly size?: number | undefined;
  readonly buffers: BufferPool;
  /** Converts the error of a failed read. */
  readonly failure: (reason: unknown) => UploadError;
  /**
   * Called after each read with its end position and length, before the bytes are yielded. Its error ends the
   * range.
   */
  readonly check?: ((end: number, length: number) => Promise<void> | undefined) | undefined;
}

export function createFileReader({ fd, size, buffers, failure, check }: FileReaderOptions): FileReader {
  const readsUnderWay = new Set<Promise<void>>();
  let isStopped = false;

  /** Fills the start of `buffer`. */
  async function readInto(buffer: Uint8Array, length: number, position: number): Promise<void> {
    if (isStopped) throw new Error('the file is closed');
    // At the end of the file there is no byte more.
    const wanted = position + length === size && length < buffer.length ? length + 1 : length;
    const reading = fill({ fd, failure }, buffer.subarray(0, wanted), length, position);
    readsUnderWay.add(reading);
    try {
      await reading;
    } finally {
      readsUnderWay.delete(reading);
    }
  }

  return {
    async *range(offset, end) {
      if (offset === end) return await check?.(end, 0);
      // Returned after the last read: a closed generator waits for its current read.
      const buffer = buffers.take();
      try {
        for (let at = offset; at < end; ) {
          const length = Math.min(CHUNK_SIZE, end - at);
          await readInto(buffer, length, at);
          at += length;
          const checking = check?.(at, length);
          if (checking !== undefined) await checking;
          yield length === CHUNK_SIZE ? buffer : buffer.subarray(0, length);
        }
      } finally {
        buffers.giveBack(buffer);
      }
    },
    async stop() {
      isStopped = true;
      await Promise.allSettled(readsUnderWay);
    },
  };
}

const CHUNK_SIZE = 1024 * 1024;

/** Large allocations begin 16 bytes into a page; on some CPUs copying from there takes twice as long. */
const ALIGNMENT_OFFSET = 48;

/** Buffers of 1 MiB, which are used again. */
export interface BufferPool {
  take(): Uint8Array;
  giveBack(buffer: Uint8Array): void;
}

export function createBufferPool(): BufferPool {
  const free: Uint8Array[] = [];
  return {
    take: () =>
      free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_SIZE + ALIGNMENT_OFFSET).subarray(ALIGNMENT_OFFSET),
    giveBack(buffer) {
      // Buffers beyond the limit are left to the garbage collector.
      if (free.length < FREE_MAX) free.push(buffer);
    },
  };
}

/** Enough for the usual number of parts in flight, twice. */
const FREE_MAX = 32;

/** Of all files of the process: many small ones would else allocate as many times. */
export const sharedBuffers: BufferPool = createBufferPool();

/**
 * Reads `length` bytes, and one more where the buffer has room for it, which must not be there. By the
 * callback form of `read`: the one that costs least.
 */
function fill(
  { fd, failure }: Pick<FileReaderOptions, 'fd' | 'failure'>,
  buffer: Uint8Array,
  length: number,
  position: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let filled = 0;
    const readRest = (): void => read(fd, buffer, filled, buffer.length - filled, position + filled, onRead);
    const onRead = (error: Error | null, bytesRead: number): void => {
      filled += bytesRead;
      if (error !== null) reject(failure(error));
      else if (bytesRead === 0) reject(sourceChangedError('it became shorter'));
      else if (filled > length) reject(sourceChangedError('it became longer'));
      else if (filled === length) resolve();
      else readRest();
    };
    readRest();
  });
}
