import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { crc64 } from '@partway/core';
import { createSeededRandom } from '@partway/core/testing';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterAll, beforeAll, expect, test } from 'vitest';

const PART = 102_400;
const PARTS = 60;
const IN_FLIGHT = 4;
const random = createSeededRandom(5);
const bytes = new Uint8Array(PARTS * PART - 1).map(() => random.next() * 256);
let folder: string;
let emulator: OssEmulator;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-kill-'));
  await writeFile(join(folder, 'file'), bytes);
  emulator = await startOssEmulator({
    buckets: ['media'],
    credentials: { accessKeyId: 'AK', accessKeySecret: 'SK' },
  });
});

afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true });
});

/** Runs the upload, kills it after so many confirmed parts, and returns the last line of its output. */
async function run(killAfter: number): Promise<string> {
  const script = fileURLToPath(new URL('./interrupted-upload.mjs', import.meta.url));
  const child = spawn(process.execPath, [
    script,
    join(folder, 'file'),
    emulator.endpoint,
    join(folder, 'checkpoints'),
  ]);
  const exited = once(child, 'exit');
  let last = '';
  let confirmed = 0;
  for await (const line of createInterface(child.stdout)) {
    last = line;
    confirmed += 1;
    if (confirmed === killAfter) child.kill('SIGKILL');
  }
  await exited;
  return last;
}

test('after repeated SIGKILL the next process completes the upload and resends few parts [pain-11]', async () => {
  const puts = emulator.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 1 } });
  const kills = 6;
  for (let kill = 1; kill <= kills; kill++) await run(kill * 8);
  expect(await run(Number.POSITIVE_INFINITY)).toBe(`done ${crc64(bytes)}`);
  expect(puts.matchedCount).toBeLessThanOrEqual(PARTS + kills * IN_FLIGHT);
  const stored = await emulator.model.object('media', 'killed')?.bytes();
  expect(stored !== undefined && Buffer.compare(stored, bytes) === 0).toBe(true);
  expect(emulator.model.uploads('media')).toEqual([]);
  expect(await readdir(join(folder, 'checkpoints'))).toEqual([]);
});
