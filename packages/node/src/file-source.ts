import { read } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPartBody, type Source, sourceChangedError, UploadError } from '@partway/core';
import { unreadableError } from './node-error.ts';

/**
 * Opens a regular file as a {@link Source}. Parts are read by position from one file descriptor, 1 MiB at a
 * time, each with two buffers that are used again: memory grows with the parts read at once, not with their
 * size.
 *
 * A file that is written to meanwhile is noticed by its size and modification time, before and after each
 * part: `source_changed`. One that cannot be opened or read is `source_unreadable`. One that is replaced
 * under its name goes on giving the bytes that were opened.
 */
export async function createFileSource(path: string | URL): Promise<Source> {
  const absolutePath = resolve(path instanceof URL ? fileURLToPath(path) : path);
  const file = await openRegularFile(absolutePath);
  const opened = await file.stat({ bigint: true });
  const buffers = createBufferPool();
  const readsUnderWay = new Set<Promise<void>>();

  async function assertUnchanged(): Promise<void> {
    const now = await file.stat({ bigint: true }).catch(throwUnreadable);
    const isSame = now.size === opened.size && now.mtimeNs === opened.mtimeNs && now.ino === opened.ino;
    if (!isSame) throw sourceChangedError('its size or modification time is another');
  }

  /** Fills the start of `buffer`. The file is looked at once more beside the last read of a part. */
  function startRead(buffer: Uint8Array, length: number, position: number, end: number): Promise<void> {
    const filled = fill(file.fd, buffer, length, position);
    const done = position + length === end ? filled.then(assertUnchanged) : filled;
    readsUnderWay.add(done);
    const forget = (): void => void readsUnderWay.delete(done);
    // Also keeps a failure nobody waits for any more, of a part that was stopped, from being unhandled.
    done.then(forget, forget);
    return done;
  }

  /** Reads the next chunk while the last one is being sent. */
  async function* readRange(offset: number, end: number): AsyncGenerator<Uint8Array, void, void> {
    await assertUnchanged();
    if (offset === end) return;
    let [current, next] = [buffers.take(), buffers.take()];
    let length = Math.min(CHUNK_SIZE, end - offset);
    let reading = startRead(current, length, offset, end);
    try {
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
      // A buffer being read into must not be lent to another part.
      await Promise.allSettled([reading]);
      buffers.giveBack(current, next);
    }
  }

  return {
    identity: `file:${absolutePath}`,
    size: Number(opened.size),
    async fingerprint() {
      const { size, mtimeNs, ino, dev } = await file.stat({ bigint: true }).catch(throwUnreadable);
      return `file:${absolutePath}:${size}:${mtimeNs}:${ino}:${dev}`;
    },
    part: (offset, size) => createPartBody({ size, read: () => readRange(offset, offset + size) }),
    async close() {
      // A descriptor closed during a read might be another file by the time the read begins.
      await Promise.allSettled(readsUnderWay);
      await file.close();
    },
  };
}

const CHUNK_SIZE = 1024 * 1024;

/** Large allocations begin 16 bytes into a page; on some CPUs copying from there takes twice as long. */
const ALIGNMENT_OFFSET = 48;

interface BufferPool {
  take(): Uint8Array;
  giveBack(...buffers: Uint8Array[]): void;
}

function createBufferPool(): BufferPool {
  const free: Uint8Array[] = [];
  return {
    take: () =>
      free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_SIZE + ALIGNMENT_OFFSET).subarray(ALIGNMENT_OFFSET),
    giveBack: (...buffers) => void free.push(...buffers),
  };
}

/** Reads exactly `length` bytes. The callback form of `read`: the one that costs least. */
function fill(fd: number, buffer: Uint8Array, length: number, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let filled = 0;
    const readRest = (): void => read(fd, buffer, filled, length - filled, position + filled, onRead);
    const onRead = (error: Error | null, bytesRead: number): void => {
      filled += bytesRead;
      if (error !== null) reject(unreadableError(error));
      else if (bytesRead === 0) reject(sourceChangedError('it became shorter'));
      else if (filled === length) resolve();
      else readRest();
    };
    readRest();
  });
}

async function openRegularFile(path: string): Promise<FileHandle> {
  // Before opening: opening a named pipe waits for somebody to write to it.
  const found = await stat(path).catch(throwUnreadable);
  if (!found.isFile()) {
    throw new UploadError({
      code: 'source_unreadable',
      message: 'the path names no regular file',
      disposition: 'permanent',
      hint: 'Only regular files can be uploaded: their parts are read, and read again, by position.',
    });
  }
  return await open(path, 'r').catch(throwUnreadable);
}

function throwUnreadable(reason: unknown): never {
  throw unreadableError(reason);
}
