import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UploadError } from '@partway/core';
import { createPartBody, type Source, sourceChangedError } from '@partway/core/ports';
import { unreadableError } from '../transport/node-error.ts';
import { createFileReader, sharedBuffers } from './file-reader.ts';

/**
 * Opens a regular file as a {@link Source}. Parts are read by position from one file descriptor, 1 MiB at a
 * time, each with one buffer that is used again: memory grows with the parts read at once, not with their
 * size.
 *
 * A file that is written to meanwhile is noticed by its size and modification time, once for every 32 MiB
 * that are read and before its last bytes are given: `source_changed`. The engine looks once more, by
 * `fingerprint`, when all parts have been sent. A file that cannot be opened or read is `source_unreadable`.
 * A file replaced under its name still yields the opened bytes.
 */
export async function createFileSource(path: string | URL): Promise<Source> {
  const absolutePath = resolve(path instanceof URL ? fileURLToPath(path) : path);
  const { file, opened } = await openRegularFile(absolutePath);
  const size = Number(opened.size);
  /** For the first fingerprint, requested at once: another stat is expensive for a small file. */
  let justOpened: BigIntStats | undefined = opened;

  async function assertUnchanged(): Promise<void> {
    const now = await file.stat({ bigint: true }).catch(throwUnreadable);
    const isSame = now.size === opened.size && now.mtimeNs === opened.mtimeNs && now.ino === opened.ino;
    if (!isSame) throw sourceChangedError('its size or modification time is another');
  }

  /** A stat is dear beside a part of a few MiB. */
  let uncheckedBytes = 0;
  function check(end: number, length: number): Promise<void> | undefined {
    uncheckedBytes += length;
    // The bytes of one read are consistent with each other.
    const isWhole = length > 0 && length === size;
    if (uncheckedBytes < UNCHECKED_MAX && (end < size || isWhole)) return undefined;
    uncheckedBytes = 0;
    return assertUnchanged();
  }

  const reader = createFileReader({
    fd: file.fd,
    size,
    buffers: sharedBuffers,
    failure: unreadableError,
    check,
  });

  return {
    identity: `file:${absolutePath}`,
    size,
    async fingerprint() {
      const now = justOpened ?? (await file.stat({ bigint: true }).catch(throwUnreadable));
      justOpened = undefined;
      return `file:${absolutePath}:${now.size}:${now.mtimeNs}:${now.ino}:${now.dev}`;
    },
    part: (offset, size) => createPartBody({ size, read: () => reader.range(offset, offset + size) }),
    async close() {
      await reader.stop();
      await file.close();
    },
  };
}

/** So many bytes are read at most before it is found out that the file has changed. */
const UNCHECKED_MAX = 32 * 1024 * 1024;

interface OpenedFile {
  readonly file: FileHandle;
  readonly opened: BigIntStats;
}

async function openRegularFile(path: string): Promise<OpenedFile> {
  const file = await open(path, constants.O_RDONLY | NOT_WAITING).catch(throwUnreadable);
  try {
    const opened = await file.stat({ bigint: true }).catch(throwUnreadable);
    if (opened.isFile()) return { file, opened };
  } catch (reason) {
    await file.close();
    throw reason;
  }
  await file.close();
  throw new UploadError({
    code: 'source_unreadable',
    message: 'the path names no regular file',
    disposition: 'permanent',
    hint: 'Only regular files can be uploaded: their parts are read, and read again, by position.',
  });
}

/** Opening a named pipe would block until a writer opens it. Windows has neither. */
const NOT_WAITING = constants.O_NONBLOCK ?? 0;

function throwUnreadable(reason: unknown): never {
  throw unreadableError(reason);
}
