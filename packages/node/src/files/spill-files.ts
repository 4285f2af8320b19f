import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UploadError } from '@partway/core';
import { sourceUnreadableError } from '@partway/core/internal';
import type { PartBuffer, PartBuffers } from '@partway/core/ports';
import { type BufferPool, createFileReader, sharedBuffers } from './file-reader.ts';

/**
 * Stores parts of a stream in temporary files, one per part, which only their owner can read. `directory`
 * defaults to the system's directory for temporary files. A file is unlinked as soon as it is open, so that
 * not even SIGKILL leaves one behind; on Windows, which does not allow that, it is removed on release. It
 * takes 1 MiB of memory for the part that is being written, and 1 MiB for each part that is being read.
 *
 * A file that cannot be opened, written or read rejects with code `source_unreadable`. `release` never
 * rejects. Throws a `TypeError` if `directory` is not a non-empty string.
 */
export function createSpillFiles(directory: string = tmpdir()): PartBuffers {
  if (typeof directory !== 'string' || directory === '') {
    throw new TypeError('directory must be the path of a directory');
  }
  const createError = (cause: unknown): UploadError => temporaryFileError(directory, cause);
  return {
    async open() {
      const file = await openTemporaryFile(directory).catch((reason: unknown) => {
        throw createError(reason);
      });
      return createSpillFile(file, sharedBuffers, createError);
    },
  };
}

interface TemporaryFile {
  readonly file: FileHandle;
  /** `undefined` once it is unlinked. */
  readonly path: string | undefined;
}

async function openTemporaryFile(directory: string): Promise<TemporaryFile> {
  const path = join(directory, `partway-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  if (process.platform === 'win32') return { file, path };
  const isUnlinked = await unlink(path).then(
    () => true,
    () => false,
  );
  return { file, path: isUnlinked ? undefined : path };
}

function createSpillFile(
  { file, path }: TemporaryFile,
  buffers: BufferPool,
  createError: (reason: unknown) => UploadError,
): PartBuffer {
  const reader = createFileReader({ fd: file.fd, buffers, createError });
  const block = createBlock(buffers);
  let size = 0;
  let writing: Promise<void> = Promise.resolve();
  let released: Promise<void> | undefined;

  /** Writes the block behind the bytes that the file has already. */
  async function flush(): Promise<void> {
    const bytes = block.bytes();
    await writeAll(file, bytes, size - bytes.length).catch((reason: unknown) => {
      throw createError(reason);
    });
    block.clear();
  }

  /** Runs one write after the other. After a failure the next ones fail too: the file is incomplete. */
  function enqueue(write: () => Promise<void>): Promise<void> {
    writing = writing.then(write);
    return writing;
  }

  async function close(): Promise<void> {
    await Promise.allSettled([writing, reader.stop()]);
    block.clear();
    // The bytes are no longer needed, so a failure has no effect on the upload.
    await file.close().catch(() => undefined);
    if (path !== undefined) await rm(path, { force: true }).catch(() => undefined);
  }

  return {
    get size() {
      return size;
    },
    append: (bytes) =>
      enqueue(async () => {
        for (let at = 0; at < bytes.length; ) {
          const added = block.add(bytes.subarray(at));
          at += added;
          size += added;
          if (block.isFull()) await flush();
        }
      }),
    async *chunks() {
      await enqueue(flush);
      yield* reader.range(0, size);
    },
    release() {
      released ??= close();
      return released;
    },
  };
}

/** Collects small pieces: a write costs the same for one byte as for many. */
function createBlock(buffers: BufferPool) {
  let buffer: Uint8Array | undefined;
  let length = 0;
  return {
    /** Copies as many bytes as fit, and returns their number. */
    add(bytes: Uint8Array): number {
      buffer ??= buffers.acquire();
      const piece = bytes.subarray(0, buffer.length - length);
      buffer.set(piece, length);
      length += piece.length;
      return piece.length;
    },
    bytes: (): Uint8Array => buffer?.subarray(0, length) ?? new Uint8Array(),
    isFull: (): boolean => length === buffer?.length,
    /** Also releases the memory, until bytes are added again. */
    clear(): void {
      if (buffer !== undefined) buffers.release(buffer);
      buffer = undefined;
      length = 0;
    },
  };
}

/** A single write may take fewer bytes than it is given. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

function temporaryFileError(directory: string, cause: unknown): UploadError {
  return sourceUnreadableError(`a temporary file in ${directory} cannot be opened, written or read`, {
    hint: `See the cause. Free space in ${directory}, or choose another directory for temporary files.`,
    cause,
  });
}
