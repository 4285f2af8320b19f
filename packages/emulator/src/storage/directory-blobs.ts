import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Blobs, createDigester, type StoredBlob } from './blobs.ts';

/**
 * Stores each blob as a file with a random name. Blocks of zeros become holes, so that a test can upload a
 * sparse file far larger than the disk.
 *
 * @param directory The folder of the files. It is created if needed; unfinished files of an earlier process
 * are removed.
 */
export async function createDirectoryBlobs(directory: string): Promise<Blobs> {
  await mkdir(directory, { recursive: true });
  await removeUnfinishedFiles(directory);
  const pathOf = (blobId: string): string => join(directory, blobId);
  return {
    write: (body) => writeFile(directory, body),
    read: (blobId, start, end) => readFile(pathOf(blobId), start, end),
    corrupt: (blobId, offset) => flipBit(pathOf(blobId), offset),
    remove: (blobId) => rm(pathOf(blobId), { force: true }),
  };
}

/** The file gets its final name when it is complete. The suffix marks files that a killed process left. */
async function writeFile(directory: string, body: AsyncIterable<Uint8Array>): Promise<StoredBlob> {
  const blobId = randomUUID();
  const path = join(directory, blobId);
  const unfinished = path + UNFINISHED;
  try {
    const digester = createDigester();
    const file = await open(unfinished, 'wx');
    try {
      let position = 0;
      for await (const chunk of body) {
        digester.update(chunk);
        await writeSparsely(file, chunk, position);
        position += chunk.length;
      }
      await file.truncate(position);
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
    return { blobId, ...digester.digest() };
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Writes the bytes between blocks of zeros. Skipped bytes read as zeros, also inside a block. */
async function writeSparsely(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  let start = 0;
  let end = 0;
  while (end < chunk.length) {
    const next = Math.min(end + BLOCK - ((position + end) % BLOCK), chunk.length);
    if (isZero(chunk.subarray(end, next))) {
      await writeFully(file, chunk.subarray(start, end), position + start);
      start = next;
    }
    end = next;
  }
  await writeFully(file, chunk.subarray(start, end), position + start);
}

function isZero(bytes: Uint8Array): boolean {
  return ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const rest = bytes.length - written;
    written += (await file.write(bytes, written, rest, position + written)).bytesWritten;
  }
}

/** Every chunk has its own memory, because a socket may hold several chunks at once. */
async function* readFile(path: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  try {
    for (let position = start; position < end; ) {
      const size = Math.min(end - position, CHUNK);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(size), 0, size, position);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function flipBit(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    if ((await file.read(byte, 0, 1, offset)).bytesRead === 0)
      throw new RangeError(`the blob has no byte at ${offset}`);
    byte.writeUInt8(byte.readUInt8() ^ 1);
    await writeFully(file, byte, offset);
  } finally {
    await file.close();
  }
}

/** Removes only files named by this module, since the directory belongs to the user. */
async function removeUnfinishedFiles(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (/^[0-9a-f-]{36}\.unfinished$/.test(name)) await rm(join(directory, name), { force: true });
  }
}

const UNFINISHED = '.unfinished';
const BLOCK = 4096;
const CHUNK: number = 1024 * 1024;
const ZEROS: Buffer = Buffer.alloc(BLOCK);
