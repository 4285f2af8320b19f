import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { combineCrc64 } from '@partway/core';
import { createCRC64 } from 'hash-wasm';
import type { Crc64Table } from './sink/responses.ts';

let directory: string | undefined;

/** A path in a folder of this run's own, which `removeFiles` removes. */
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
  crc64sOf(partSize: number): Crc64Table;
}

const GRAIN_SIZE = 128 * 1024;

/**
 * Writes a file of whole grains. The CRC64 of every grain is taken once, by another library than ours, and
 * those of any part are their combinations: so the sink need not compute any.
 */
export async function createTestFile(name: string, size: number): Promise<TestFile> {
  const path = temporaryPath(name);
  const grains = await writeGrains(path, size / GRAIN_SIZE);
  const whole = combineCrc64(grains);
  return {
    path,
    size,
    crc64sOf(partSize) {
      const perPart = partSize / GRAIN_SIZE;
      const table: Record<string, string> = { [`whole:${size}`]: whole };
      for (let at = 0; at < grains.length; at += perPart) {
        const part = grains.slice(at, at + perPart);
        table[`${at / perPart + 1}:${part.length * GRAIN_SIZE}`] = combineCrc64(part);
      }
      return table;
    },
  };
}

interface Grain {
  readonly size: number;
  readonly crc64: string;
}

async function writeGrains(path: string, count: number): Promise<readonly Grain[]> {
  const bytes = new Uint32Array(GRAIN_SIZE / 4);
  const crc = await createCRC64();
  const grains: Grain[] = [];
  const file = await open(path, 'w');
  try {
    for (let index = 0; index < count; index++) {
      scramble(bytes, index);
      await file.write(bytes);
      const hexadecimal = crc.init().update(bytes).digest('hex');
      grains.push({ size: GRAIN_SIZE, crc64: String(BigInt(`0x${hexadecimal}`)) });
    }
  } finally {
    await file.close();
  }
  return grains;
}

/** Other bytes for each grain, none of which repeat: xorshift32. */
function scramble(bytes: Uint32Array, seed: number): void {
  let state = (seed + 1) * 0x9e3779b1;
  for (let index = 0; index < bytes.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state;
  }
}
