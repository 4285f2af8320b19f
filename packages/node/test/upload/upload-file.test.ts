import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ControlPlane, crc64 } from '@partway/core';
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { uploadFile } from '../../src/upload-file.ts';

const KIBIBYTE = 1024;
const credentials = { accessKeyId: 'key-id', accessKeySecret: 'key-secret' };
const bytes = randomBytes(1_000_003);
let emulator: OssEmulator;
let folder: string;
let path: string;
let controlPlane: ControlPlane;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-upload-file-'));
  path = join(folder, 'file');
  await writeFile(path, bytes);
  emulator = await startOssEmulator({ buckets: ['media'], credentials });
  const { endpoint, region } = emulator;
  const store = createOssObjectStore({ bucket: 'media', region, endpoint, credentials });
  controlPlane = createCoordinator({ store });
});
afterEach(() => emulator.faults.clear());
afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true });
});

async function claimStored(key: string): Promise<void> {
  const object = emulator.model.object('media', key);
  expect(object?.crc64).toBe(crc64(bytes));
  expect(Buffer.compare((await object?.bytes()) ?? Buffer.alloc(0), bytes)).toBe(0);
  expect(emulator.model.uploads('media')).toEqual([]);
}

test.each([
  ['in parts', 'parts', 100 * KIBIBYTE],
  ['in one request', 'single', 1024 * KIBIBYTE],
])('a file is stored %s, byte for byte', async (_, key, partSize) => {
  const { result } = uploadFile(pathToFileURL(path), { controlPlane, key, partSize, concurrency: 4 });
  expect(await result).toMatchObject({ size: bytes.length, crc64: crc64(bytes) });
  await claimStored(key);
});

test.each([
  ['0 B', 0],
  ['1 B', 1],
  ['100 KiB - 1', 100 * KIBIBYTE - 1],
  ['exactly one part', 100 * KIBIBYTE],
  ['exactly 5 parts', 500 * KIBIBYTE],
  ['5 parts + 1 B', 500 * KIBIBYTE + 1],
])('a file of %s comes back identical', async (name, size) => {
  const file = join(folder, String(size));
  await writeFile(file, bytes.subarray(0, size));
  const key = `sizes/${name}`;
  await uploadFile(file, { controlPlane, key, partSize: 100 * KIBIBYTE }).result;
  const stored = (await emulator.model.object('media', key)?.bytes()) ?? Buffer.alloc(0);
  expect(Buffer.compare(stored, bytes.subarray(0, size))).toBe(0);
});

test('an empty file is stored', async () => {
  const empty = join(folder, 'empty');
  await writeFile(empty, '');
  const { result } = uploadFile(empty, { controlPlane, key: 'empty' });
  expect(await result).toMatchObject({ size: 0, crc64: '0' });
});

test('lost connections, lost answers and refusals for a while do not show in the object', async () => {
  const { faults } = emulator;
  faults.add({ operation: 'UploadPart', nth: 1, effect: { kind: 'resetAfterBytes', bytes: 50_000 } });
  faults.add({ operation: 'UploadPart', nth: 3, effect: { kind: 'dropResponse' } });
  faults.add({ operation: 'UploadPart', nth: 4, effect: { kind: 'truncateResponse', bytes: 30 } });
  faults.add({ operation: 'UploadPart', nth: 5, effect: { kind: 'refuse', status: 503, code: 'Busy' } });
  faults.add({ operation: 'UploadPart', nth: 6, effect: { kind: 'corruptIncoming' } });
  const retry = { baseMs: 1 };
  const upload = uploadFile(path, { controlPlane, key: 'faults', partSize: 100 * KIBIBYTE, retry });
  await upload.result;
  expect(upload.snapshot().retries).toBeGreaterThanOrEqual(4);
  await claimStored('faults');
});

test('aborting closes the connections of parts that are not answered, and leaves nothing [pain-18]', async () => {
  emulator.faults.add({ operation: 'UploadPart', effect: { kind: 'silent' } });
  const upload = uploadFile(path, { controlPlane, key: 'aborted', partSize: 100 * KIBIBYTE });
  await new Promise<void>((resolve) => {
    upload.subscribe((event) => {
      if (event.type === 'part-progress') resolve();
    });
  });
  await upload.abort();
  await expect(upload.result).rejects.toMatchObject({ code: 'aborted' });
  expect(emulator.model.uploads('media')).toEqual([]);
});

test('a file that grows meanwhile is not stored, and leaves nothing [pain-26]', async () => {
  const growing = join(folder, 'growing');
  await writeFile(growing, bytes);
  const upload = uploadFile(growing, {
    controlPlane,
    key: 'growing',
    partSize: 100 * KIBIBYTE,
    concurrency: 1,
  });
  await new Promise<void>((resolve) => {
    upload.subscribe((event) => {
      if (event.type === 'part-confirmed' && event.partNumber === 1) resolve(appendFile(growing, 'more'));
    });
  });
  await expect(upload.result).rejects.toMatchObject({ code: 'source_changed', disposition: 'permanent' });
  expect(emulator.model.object('media', 'growing')).toBeUndefined();
  expect(emulator.model.uploads('media')).toEqual([]);
});

test('a file that is not there rejects the result', async () => {
  const { result } = uploadFile(join(folder, 'nothing'), { controlPlane, key: 'key' });
  await expect(result).rejects.toMatchObject({ code: 'source_unreadable' });
});

test('a wrong option is told at once', () => {
  expect(() => uploadFile('', { controlPlane, key: 'key' })).toThrow(TypeError);
  expect(() => uploadFile(new URL('https://a.example/'), { controlPlane, key: 'key' })).toThrow(TypeError);
  expect(() => uploadFile('file', { controlPlane, key: 'key', concurrency: 0 })).toThrow(RangeError);
});
