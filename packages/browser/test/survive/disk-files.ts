import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** A file that no part of which is like another: the stream of a cipher, of as many bytes. */
export async function writeSeededFile(path: string, size: number, seed: number): Promise<void> {
  await pipeline(seededBytes(size, seed), createWriteStream(path));
  await setModified(path, 0);
}

/** The same time for every file, so that it is the test that decides when one changes: so many seconds later. */
export async function setModified(path: string, secondsLater: number): Promise<void> {
  const at = 1_700_000_000 + secondsLater;
  await utimes(path, at, at);
}

async function* seededBytes(size: number, seed: number): AsyncGenerator<Uint8Array, void, void> {
  const zeros = Buffer.alloc(1024 * 1024);
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  for (let left = size; left > 0; left -= zeros.length) {
    yield cipher.update(zeros.subarray(0, Math.min(left, zeros.length)));
  }
}

/** SHA-256, piece by piece: neither a file nor an object is ever held whole. */
export async function digestOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}

export function digestOfFile(path: string): Promise<string> {
  return digestOf(createReadStream(path, { highWaterMark: 1024 * 1024 }));
}
