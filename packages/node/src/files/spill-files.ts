import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UploadError } from '@partway/core';
import type { PartBuffer, PartBuffers } from '@partway/core/ports';
import { type BufferPool, createFileReader, sharedBuffers } from './file-reader.ts';

/**
 * Keeps parts of a stream in temporary files of `directory` (default: the system's), one a part, readable by
 * their owner alone. A file loses its name as soon as it is open, so that even SIGKILL leaves no byte of it;
 * on Windows, which does not allow that, it is removed when it is released. Memory is 1 MiB for the part
 * that is being filled, and 1 MiB for each that is being read.
 *
 * Rejects with `source_unreadable` when a file cannot be opened, written or read. `release` never rejects.
 */
export function createSpillFiles(directory: string = tmpdir()): PartBuffers {
  if (typeof directory !== 'string' || directory === '') {
    throw new TypeError('directory must be the path of a directory');
  }
  const failure = (cause: unknown): UploadError => notKeptError(directory, cause);
  return {
    async open() {
      const file = await openTemporary(directory).catch((reason: unknown) => {
        throw failure(reason);
      });
      return spillFile(file, sharedBuffers, failure);
    },
  };
}

interface TemporaryFile {
  readonly file: FileHandle;
  /** `undefined` when it has no name any more. */
  readonly path: string | undefined;
}

async function openTemporary(directory: string): Promise<TemporaryFile> {
  const path = join(directory, `partway-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  if (process.platform === 'win32') return { file, path };
  const isNameless = await unlink(path).then(
    () => true,
    () => false,
  );
  return { file, path: isNameless ? undefined : path };
}

function spillFile(
  { file, path }: TemporaryFile,
  buffers: BufferPool,
  failure: (reason: unknown) => UploadError,
): PartBuffer {
  const reader = createFileReader({ fd: file.fd, buffers, failure });
  const block = createBlock(buffers);
  let size = 0;
  let writing: Promise<void> = Promise.resolve();
  let released: Promise<void> | undefined;

  /** Writes what the block holds: everything before it is in the file. */
  async function flush(): Promise<void> {
    const held = block.bytes();
    await writeAll(file, held, size - held.length).catch((reason: unknown) => {
      throw failure(reason);
    });
    block.clear();
  }

  /** Serialises writes. After a failure the others fail too: bytes are missing. */
  function serialise(write: () => Promise<void>): Promise<void> {
    writing = writing.then(write);
    return writing;
  }

  async function close(): Promise<void> {
    await Promise.allSettled([writing, reader.stop()]);
    block.clear();
    // The bytes are no longer needed, so a failure does not matter.
    await file.close().catch(() => undefined);
    if (path !== undefined) await rm(path, { force: true }).catch(() => undefined);
  }

  return {
    get size() {
      return size;
    },
    append: (bytes) =>
      serialise(async () => {
        for (let at = 0; at < bytes.length; ) {
          const taken = block.add(bytes.subarray(at));
          at += taken;
          size += taken;
          if (block.isFull()) await flush();
        }
      }),
    async *chunks() {
      await serialise(flush);
      yield* reader.range(0, size);
    },
    release() {
      released ??= close();
      return released;
    },
  };
}

/** Gathers small pieces: a write costs the same however little it writes. */
function createBlock(buffers: BufferPool) {
  let buffer: Uint8Array | undefined;
  let length = 0;
  return {
    /** Copies as much as there is room for, and gives how much that is. */
    add(bytes: Uint8Array): number {
      buffer ??= buffers.take();
      const piece = bytes.subarray(0, buffer.length - length);
      buffer.set(piece, length);
      length += piece.length;
      return piece.length;
    },
    bytes: (): Uint8Array => buffer?.subarray(0, length) ?? new Uint8Array(),
    isFull: (): boolean => length === buffer?.length,
    /** Also returns its buffer, until it is needed again. */
    clear(): void {
      if (buffer !== undefined) buffers.giveBack(buffer);
      buffer = undefined;
      length = 0;
    },
  };
}

/** The system may take less than it is given. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

function notKeptError(directory: string, cause: unknown): UploadError {
  return new UploadError({
    code: 'source_unreadable',
    message: 'a part could not be kept in a temporary file',
    disposition: 'permanent',
    hint: `Free some space in ${directory}, or name another directory for temporary files; see the cause.`,
    cause,
  });
}
