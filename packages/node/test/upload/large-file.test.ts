import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { presign } from '@partway/core/oss';
import { afterAll, beforeAll, expect, test } from 'vitest';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
let folder: string;
let endpoint: string;
let stopEmulator: () => Promise<void>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-large-'));
  const cli = fileURLToPath(new URL('../../../emulator/dist/cli.js', import.meta.url));
  const options = ['--port', '0', '--bucket', 'media', '--access-key-id', 'AK', '--access-key-secret', 'SK'];
  const emulator = spawn(process.execPath, [cli, ...options, '--data-dir', join(folder, 'oss')]);
  const [line] = await once(createInterface(emulator.stdout), 'line');
  endpoint = String(line).replace('partway-emulator listening on ', '');
  stopEmulator = async () => {
    emulator.kill();
    await once(emulator, 'exit');
  };
});

afterAll(async () => {
  await stopEmulator();
  await rm(folder, { recursive: true, force: true });
});

test('a file of 5 GiB with 8 parts in flight is stored with less than 200 MiB of memory [pain-22]', async () => {
  const path = join(folder, 'file');
  const size = 5 * GIB + 1;
  await makeSparseFile(path, size);
  const script = fileURLToPath(new URL('./upload-large-file.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, path, endpoint, '8']);
  const { object, partCount, inFlightMax, peakMemory } = JSON.parse(stdout);
  console.log(
    `5 GiB in ${partCount} parts, ${inFlightMax} in flight, peak ${Math.ceil(peakMemory / MIB)} MiB`,
  );
  expect(object.size).toBe(size);
  expect(inFlightMax).toBe(8);
  expect(peakMemory).toBeLessThan(200 * MIB);
  expect(await isSame(path, size)).toBe(true);
}, 170_000);

/** Zeros, which take no space on the disk, with some distinct bytes in every 64 MiB. */
async function makeSparseFile(path: string, size: number): Promise<void> {
  const file = await open(path, 'w');
  await file.truncate(size);
  for (let at = 0; at + MIB < size; at += 64 * MIB) await file.write(`offset ${at}`, at);
  await file.close();
}

/** Compares the file with the downloaded object, chunk by chunk. */
async function isSame(path: string, size: number): Promise<boolean> {
  const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
  const { url } = presign({
    method: 'GET',
    bucket: 'media',
    key: 'large',
    region: 'cn-hangzhou',
    endpoint,
    credentials,
  });
  const { body } = await fetch(url);
  if (body === null) return false;
  const file = createReadStream(path, { highWaterMark: MIB })[Symbol.asyncIterator]();
  let expected = Buffer.alloc(0);
  let compared = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      if (expected.length === 0) expected = Buffer.from((await file.next()).value ?? []);
      const length = Math.min(expected.length, chunk.length - at);
      if (length === 0 || expected.compare(chunk, at, at + length, 0, length) !== 0) return false;
      expected = expected.subarray(length);
      at += length;
      compared += length;
    }
  }
  return compared === size;
}
