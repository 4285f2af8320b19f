import { read } from 'node:fs';
import { sourceChangedError, type UploadError } from '@partway/core';

/** Reads a file by position, in chunks of 1 MiB. */
export interface FileReader {
  /**
   * Reads from `offset` up to `end`, each chunk while the last one is being used: a chunk is valid until the
   * next one is asked for. Ranges may be read side by side, each with two buffers that are used again.
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
  readonly buffers: BufferPool;
  /** What a read that fails is told as. */
  readonly failure: (reason: unknown) => UploadError;
  /** Runs beside the last read of each range, and before one that is long. What it throws ends the range. */
  readonly check?: (() => Promise<void>) | undefined;
}

export function createFileReader({ fd, buffers, failure, check }: FileReaderOptions): FileReader {
  const readsUnderWay = new Set<Promise<void>>();
  let isStopped = false;

  /** Fills the start of `buffer`. */
  function startRead(buffer: Uint8Array, length: number, position: number, end: number): Promise<void> {
    if (isStopped) throw new Error('the file is closed');
    const filled = fill({ fd, failure }, buffer, length, position);
    const done = position + length === end ? filled.then(check) : filled;
    readsUnderWay.add(done);
    const forget = (): void => void readsUnderWay.delete(done);
    // Also keeps a failure nobody waits for any more, of a part that was stopped, from being unhandled.
    done.then(forget, forget);
    return done;
  }

  return {
    async *range(offset, end) {
      if (offset === end) return await check?.();
      const isLong = end - offset > CHUNK_SIZE;
      if (end - offset > FAR) await check?.();
      let current = buffers.take();
      let next = isLong ? buffers.take() : current;
      let length = Math.min(CHUNK_SIZE, end - offset);
      let reading: Promise<void> | undefined;
      try {
        reading = startRead(current, length, offset, end);
        for (let at = offset; at < end; ) {
          await reading;
          const chunk = length === CHUNK_SIZE ? current : current.subarray(0, length);
          at += length;
          [current, next] = [next, current];
          length = Math.min(CHUNK_SIZE, end - at);
          if (length > 0) reading = startRead(current, length, at, end);
          yield chunk;
        }
      } finally {
        // A buffer being read into must not be lent to another reading.
        await Promise.allSettled([reading]);
        buffers.giveBack(...new Set([current, next]));
      }
    },
    async stop() {
      isStopped = true;
      await Promise.allSettled(readsUnderWay);
    },
  };
}

const CHUNK_SIZE = 1024 * 1024;
/** So much is not sent before it is found out that the file has changed. */
const FAR = 32 * CHUNK_SIZE;

/** Large allocations begin 16 bytes into a page; on some CPUs copying from there takes twice as long. */
const ALIGNMENT_OFFSET = 48;

/** Buffers of 1 MiB, which are used again. */
export interface BufferPool {
  take(): Uint8Array;
  giveBack(...buffers: Uint8Array[]): void;
}

export function createBufferPool(): BufferPool {
  const free: Uint8Array[] = [];
  return {
    take: () =>
      free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_SIZE + ALIGNMENT_OFFSET).subarray(ALIGNMENT_OFFSET),
    giveBack(...buffers) {
      free.push(...buffers);
      // What a burst of uploads has needed goes back to the runtime.
      free.splice(FREE_MAX);
    },
  };
}

/** Enough for sixteen parts in flight, the usual number. */
const FREE_MAX = 32;

/** Of all files of the process: many small ones would else allocate as many times. */
export const sharedBuffers: BufferPool = createBufferPool();

/** Reads exactly `length` bytes. The callback form of `read`: the one that costs least. */
function fill(
  { fd, failure }: Pick<FileReaderOptions, 'fd' | 'failure'>,
  buffer: Uint8Array,
  length: number,
  position: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let filled = 0;
    const readRest = (): void => read(fd, buffer, filled, length - filled, position + filled, onRead);
    const onRead = (error: Error | null, bytesRead: number): void => {
      filled += bytesRead;
      if (error !== null) reject(failure(error));
      else if (bytesRead === 0) reject(sourceChangedError('it became shorter'));
      else if (filled === length) resolve();
      else readRest();
    };
    readRest();
  });
}
