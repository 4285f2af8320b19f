import { read } from 'node:fs';
import type { UploadError } from '@partway/core';
import { sourceChangedError } from '@partway/core/ports';

/** Reads a file by position, in chunks of 1 MiB. */
export interface FileReader {
  /**
   * Reads from `offset` to `end`. A chunk is valid until the next one is requested. Several ranges can be
   * read at once, each with one buffer that is reused. Nothing is read ahead: while a chunk is read, the
   * system still sends the end of the previous one, and other parts are being sent.
   */
  range(offset: number, end: number): AsyncGenerator<Uint8Array, void, void>;
  /**
   * Starts no more reads, and resolves when none is in progress. A descriptor that is closed before could
   * belong to another file when the read takes place.
   */
  stop(): Promise<void>;
}

export interface FileReaderOptions {
  /** Must stay open until the reader has stopped. */
  readonly fd: number;
  /** The file's size in bytes. A file that has become longer rejects with `source_changed`. */
  readonly size?: number | undefined;
  readonly buffers: BufferPool;
  /** Makes the error of a failed read. */
  readonly createError: (reason: unknown) => UploadError;
  /**
   * Called after each read, before its bytes are yielded, with their end in the file and their length. Its
   * error ends the range.
   */
  readonly check?: ((end: number, length: number) => Promise<void> | undefined) | undefined;
}

export function createFileReader({ fd, size, buffers, createError, check }: FileReaderOptions): FileReader {
  const readsInProgress = new Set<Promise<void>>();
  let isStopped = false;

  /** Fills the start of `buffer`. */
  async function readInto(buffer: Uint8Array, length: number, position: number): Promise<void> {
    if (isStopped) throw new Error('the file is closed');
    // At the end of the file the read requests one byte more, which must not exist.
    const isLast = position + length === size && length < buffer.length;
    const target = buffer.subarray(0, isLast ? length + 1 : length);
    const reading = fill({ fd, createError }, target, length, position);
    readsInProgress.add(reading);
    try {
      await reading;
    } finally {
      readsInProgress.delete(reading);
    }
  }

  return {
    async *range(offset, end) {
      if (offset === end) return await check?.(end, 0);
      // Released when no read uses it: a generator that is ended waits for its read in progress.
      const buffer = buffers.acquire();
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
        buffers.release(buffer);
      }
    },
    async stop() {
      isStopped = true;
      await Promise.allSettled(readsInProgress);
    },
  };
}

const CHUNK_SIZE = 1024 * 1024;

/** Large allocations start 16 bytes into a page; on some CPUs copying from there takes twice as long. */
const ALIGNMENT_OFFSET = 48;

/** Buffers of 1 MiB, which are reused. */
export interface BufferPool {
  acquire(): Uint8Array;
  release(buffer: Uint8Array): void;
}

export function createBufferPool(): BufferPool {
  const free: Uint8Array[] = [];
  return {
    acquire: () =>
      free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_SIZE + ALIGNMENT_OFFSET).subarray(ALIGNMENT_OFFSET),
    release(buffer) {
      // Further buffers, of a peak of many uploads, are garbage collected.
      if (free.length < FREE_MAX) free.push(buffer);
    },
  };
}

/** Twice the usual number of parts in flight. */
const FREE_MAX = 32;

/** For all files of the process: otherwise each of many small files would allocate a buffer. */
export const sharedBuffers: BufferPool = createBufferPool();

/**
 * Reads `length` bytes. If the buffer has room for one more, that byte must not exist. Uses the callback form
 * of `read`, which is the fastest.
 */
function fill(
  { fd, createError }: Pick<FileReaderOptions, 'fd' | 'createError'>,
  buffer: Uint8Array,
  length: number,
  position: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let filled = 0;
    const readRest = (): void => read(fd, buffer, filled, buffer.length - filled, position + filled, onRead);
    const onRead = (error: Error | null, bytesRead: number): void => {
      filled += bytesRead;
      if (error !== null) reject(createError(error));
      else if (bytesRead === 0) reject(sourceChangedError('it is shorter'));
      else if (filled > length) reject(sourceChangedError('it is longer'));
      else if (filled === length) resolve();
      else readRest();
    };
    readRest();
  });
}
