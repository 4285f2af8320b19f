import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceUnreadableError } from '@partway/core/internal';
import { createPartBody, type Source, sourceChangedError } from '@partway/core/ports';
import { fileReadError } from '../transport/node-error.ts';
import { createFileReader, sharedBuffers } from './file-reader.ts';

/**
 * Opens a regular file as a {@link Source}. Parts are read by position from one file descriptor, 1 MiB at a
 * time. Each read in progress has one buffer of 1 MiB, so memory grows with the parts that are read at once,
 * not with their size.
 *
 * Rejects with code `source_unreadable` if the file cannot be opened or is not a regular file; so does a read
 * that fails. If the size or modification time changes, a read rejects with `source_changed`: checked every
 * 32 MiB and before the last bytes. If another file takes its name, the opened file is read to its end.
 */
export async function createFileSource(path: string | URL): Promise<Source> {
  const absolutePath = resolve(path instanceof URL ? fileURLToPath(path) : path);
  const { file, opened } = await openRegularFile(absolutePath);
  const size = Number(opened.size);
  /** For the first fingerprint, which is requested at once: another stat would slow down a small file. */
  let statsOfOpen: BigIntStats | undefined = opened;

  async function assertUnchanged(): Promise<void> {
    const current = await file.stat({ bigint: true }).catch(throwReadError);
    const isUnchanged =
      current.size === opened.size && current.mtimeNs === opened.mtimeNs && current.ino === opened.ino;
    if (!isUnchanged) throw sourceChangedError('its size or modification time is different');
  }

  /** A stat is slow compared with the read of a few MiB. */
  let uncheckedBytes = 0;
  function check(end: number, length: number): Promise<void> | undefined {
    uncheckedBytes += length;
    // A file that one read returned whole is consistent: all of its bytes are of the same time.
    const isWholeFile = length > 0 && length === size;
    if (uncheckedBytes < UNCHECKED_MAX && (end < size || isWholeFile)) return undefined;
    uncheckedBytes = 0;
    return assertUnchanged();
  }

  const reader = createFileReader({
    fd: file.fd,
    size,
    buffers: sharedBuffers,
    createError: fileReadError,
    check,
  });

  return {
    identity: `file:${absolutePath}`,
    size,
    async fingerprint() {
      const { size, mtimeNs, ino, dev } =
        statsOfOpen ?? (await file.stat({ bigint: true }).catch(throwReadError));
      statsOfOpen = undefined;
      return `file:${absolutePath}:${size}:${mtimeNs}:${ino}:${dev}`;
    },
    part: (offset, size) => createPartBody({ size, read: () => reader.range(offset, offset + size) }),
    async close() {
      await reader.stop();
      await file.close();
    },
  };
}

/** The number of bytes after which the file is checked for changes. */
const UNCHECKED_MAX = 32 * 1024 * 1024;

interface OpenedFile {
  readonly file: FileHandle;
  readonly opened: BigIntStats;
}

async function openRegularFile(path: string): Promise<OpenedFile> {
  const file = await open(path, constants.O_RDONLY | NON_BLOCKING).catch(throwReadError);
  try {
    const opened = await file.stat({ bigint: true }).catch(throwReadError);
    if (opened.isFile()) return { file, opened };
  } catch (reason) {
    await file.close();
    throw reason;
  }
  await file.close();
  throw sourceUnreadableError(`${path} is not a regular file`, {
    hint: 'Upload anything else as a stream: parts of a file are read by position, and possibly again.',
  });
}

/** Without it, opening a named pipe waits for a writer. Windows has neither. */
const NON_BLOCKING = constants.O_NONBLOCK ?? 0;

function throwReadError(reason: unknown): never {
  throw fileReadError(reason);
}
