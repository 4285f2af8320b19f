import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { combineCrc64 } from '@partway/core';
import { createCRC64 } from 'hash-wasm';
import type { Crc64Table } from './sink/responses.ts';

let directory: string | undefined;

/** A path in the temporary folder of this run, which `removeFiles` removes. */
export function temporaryPath(name: string): string {
  directory ??= mkdtempSync(join(tmpdir(), 'partway-bench-'));
  return join(directory, name);
}

export function removeFiles(): void {
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  directory = undefined;
}

/** A file of known bytes, in the page cache because it was just written. */
export interface TestFile {
  readonly path: string;
  readonly size: number;
  /** The CRC64s that OSS must return for each part of this size, and for the object. */
  computeCrc64s(partSize: number): Crc64Table;
}

const BLOCK_SIZE = 128 * 1024;

/**
 * Writes a file of blocks. The CRC64 of each block is computed once, by another library than ours. The CRC64s
 * of parts are combined from them, so that the sink computes none.
 */
export async function createTestFile(name: string, size: number): Promise<TestFile> {
  const path = temporaryPath(name);
  const blocks = await writeBlocks(path, size / BLOCK_SIZE);
  const whole = combineCrc64(blocks);
  return {
    path,
    size,
    computeCrc64s(partSize) {
      const perPart = partSize / BLOCK_SIZE;
      const table: Record<string, string> = { [`whole:${size}`]: whole };
      for (let at = 0; at < blocks.length; at += perPart) {
        const part = blocks.slice(at, at + perPart);
        table[`${at / perPart + 1}:${part.length * BLOCK_SIZE}`] = combineCrc64(part);
      }
      return table;
    },
  };
}

interface Block {
  readonly size: number;
  readonly crc64: string;
}

async function writeBlocks(path: string, count: number): Promise<readonly Block[]> {
  const bytes = new Uint32Array(BLOCK_SIZE / 4);
  const crc = await createCRC64();
  const blocks: Block[] = [];
  const file = await open(path, 'w');
  try {
    for (let index = 0; index < count; index++) {
      fillPseudoRandom(bytes, index);
      await file.write(bytes);
      const hexadecimal = crc.init().update(bytes).digest('hex');
      blocks.push({ size: BLOCK_SIZE, crc64: String(BigInt(`0x${hexadecimal}`)) });
    }
  } finally {
    await file.close();
  }
  return blocks;
}

/** Different bytes for each block, without repetition: xorshift32. */
function fillPseudoRandom(bytes: Uint32Array, seed: number): void {
  let state = (seed + 1) * 0x9e3779b1;
  for (let index = 0; index < bytes.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state;
  }
}
