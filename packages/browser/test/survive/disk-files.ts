import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { utimes, writeFile } from 'node:fs/promises';

/**
 * A file no part of which is like another, or like any of another seed: the stream of a cipher. Its time of
 * modification is given, and not now, so that a test decides whether a file has changed.
 */
export async function writeSeededFile(
  path: string,
  { size, seed, modifiedAt = 1_700_000_000 }: SeededFile,
): Promise<void> {
  await writeFile(path, seededBytes(size, seed));
  await utimes(path, modifiedAt, modifiedAt);
}

export interface SeededFile {
  readonly size: number;
  readonly seed: number;
  /** Seconds since the epoch. */
  readonly modifiedAt?: number;
}

async function* seededBytes(size: number, seed: number): AsyncGenerator<Uint8Array, void, void> {
  const zeros = Buffer.alloc(1024 * 1024);
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  for (let left = size; left > 0; left -= zeros.length) {
    yield cipher.update(zeros.subarray(0, Math.min(left, zeros.length)));
  }
}

/** SHA-256, piece by piece: neither a file nor an object is ever held whole. */
export async function digestOf(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}

export function digestOfFile(path: string): Promise<string> {
  return digestOf(createReadStream(path, { highWaterMark: 1024 * 1024 }));
}
