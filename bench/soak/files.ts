import { createCipheriv } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChecksummedPiece, combineCrc64, crc64, createCrc64 } from '@partway/core';
import { createSeededRandom } from '@partway/core/testing';
import type { SoakOptions } from './report.ts';
import { MIB } from './size.ts';

/** Creates a folder for one run, and removes it at the end, also after a failure. */
export async function withTemporaryFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'partway-soak-'));
  try {
    return await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes a file of random bytes, the same for the same seed. Resolves with its CRC64. */
export async function writeRandomFile(path: string, { seed, size }: SoakOptions): Promise<string> {
  const randomBytes = createSeededBytes(seed);
  const crc = createCrc64();
  const file = await open(path, 'wx');
  try {
    for (let at = 0; at < size; at += MIB) {
      const chunk = randomBytes(Math.min(MIB, size - at));
      crc.update(chunk);
      await file.appendFile(chunk);
    }
  } finally {
    await file.close();
  }
  return crc.digest();
}

const RANDOM_BLOCKS = 16;

/** Writes a sparse file of zeros with a few random blocks. Resolves with its CRC64. */
export async function writeSparseFile(path: string, { seed, size }: SoakOptions): Promise<string> {
  const random = createSeededRandom(seed);
  const randomBytes = createSeededBytes(seed);
  const blocks = new Map<number, string>();
  const file = await open(path, 'wx');
  try {
    await file.truncate(size);
    for (let block = 0; block < RANDOM_BLOCKS; block++) {
      const at = Math.floor(random.next() * Math.floor(size / MIB)) * MIB;
      const bytes = randomBytes(MIB);
      await file.write(bytes, 0, MIB, at);
      blocks.set(at, crc64(bytes));
    }
  } finally {
    await file.close();
  }
  return combineCrc64(createPieces(size, blocks));
}

/** The CRC64 is computed from the written blocks: reading the file would take as long as its upload. */
function* createPieces(size: number, blocks: ReadonlyMap<number, string>): Generator<ChecksummedPiece> {
  const zeros = { crc64: crc64(new Uint8Array(MIB)), size: MIB };
  for (let at = 0; at + MIB <= size; at += MIB) yield { ...zeros, crc64: blocks.get(at) ?? zeros.crc64 };
  const rest = size % MIB;
  if (rest > 0) yield { crc64: crc64(new Uint8Array(rest)), size: rest };
}

/** Whether the file consists of these bytes. */
export async function hasBytes(path: string, bytes: Uint8Array): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    let at = 0;
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: MIB })) {
      if (Buffer.compare(chunk as Buffer, bytes.subarray(at, at + chunk.length)) !== 0) return false;
      at += chunk.length;
    }
    return at === bytes.length;
  } finally {
    await file.close();
  }
}

/** AES in counter mode: random, and as fast as a disk. */
export function createSeededBytes(seed: number): (length: number) => Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed >>> 0);
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  return (length) => cipher.update(Buffer.alloc(length));
}
