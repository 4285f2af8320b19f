import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ControlPlane, crc64 } from '@partway/core';
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type UploadFileOptions, uploadFile } from '../../src/upload-file.ts';
import { uploadStream } from '../../src/upload-stream.ts';
import { createUploader } from '../../src/uploader.ts';
import { type CoordinatorServer, startCoordinatorServer } from '../stages/coordinator-server.ts';

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

async function expectStored(key: string): Promise<void> {
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
  await expectStored(key);
});

test.each([
  ['0 B', 0],
  ['1 B', 1],
  ['100 KiB - 1', 100 * KIBIBYTE - 1],
  ['exactly one part', 100 * KIBIBYTE],
  ['exactly 5 parts', 500 * KIBIBYTE],
  ['5 parts + 1 B', 500 * KIBIBYTE + 1],
])('a file of %s is stored byte for byte', async (name, size) => {
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

test('lost connections, lost responses and transient errors do not change the object', async () => {
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
  await expectStored('faults');
});

test('abort closes the connections of parts without a response and removes the upload [pain-18]', async () => {
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

test('a file that grows during the upload rejects with `source_changed` and is not stored [pain-26]', async () => {
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

test('a missing file rejects with `source_unreadable`', async () => {
  const { result } = uploadFile(join(folder, 'nothing'), { controlPlane, key: 'key' });
  await expect(result).rejects.toMatchObject({ code: 'source_unreadable' });
});

test('an invalid option throws', () => {
  expect(() => uploadFile('', { controlPlane, key: 'key' })).toThrow(TypeError);
  expect(() => uploadFile(new URL('https://a.example/'), { controlPlane, key: 'key' })).toThrow(TypeError);
  expect(() => uploadFile('file', { controlPlane, key: 'key', concurrency: 0 })).toThrow(RangeError);
});

describe('with an endpoint', () => {
  let server: CoordinatorServer;

  beforeAll(async () => {
    server = await startCoordinatorServer(emulator, credentials);
  });
  afterAll(() => server.close());

  test('a file, a stream and an upload of an uploader are stored', async () => {
    const { endpoint, headers } = server;
    const uploader = createUploader();
    await uploadFile(path, { endpoint: new URL(endpoint), headers, key: 'endpoint/file' }).result;
    const stream = () => createReadStream(path);
    await uploadStream(stream(), { endpoint, headers, key: 'endpoint/stream' }).result;
    await uploader.uploadFile(path, { endpoint, headers, key: 'endpoint/uploader' }).result;
    await uploader.uploadStream(stream(), { endpoint, headers, key: 'endpoint/stream-of-uploader' }).result;
    for (const key of ['file', 'stream', 'uploader', 'stream-of-uploader']) {
      await expectStored(`wei/endpoint/${key}`);
    }
  });

  test('headers are sent to the endpoint: without them the coordinator rejects the upload', async () => {
    const { result } = uploadFile(path, { endpoint: server.endpoint, key: 'endpoint/stranger' });
    await expect(result).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

test.each<[string, Partial<UploadFileOptions>, string]>([
  ['neither endpoint nor controlPlane', {}, 'endpoint or controlPlane is required'],
  ['an endpoint without an origin', { endpoint: '/uploads' }, 'endpoint must be'],
  ['an endpoint with a query', { endpoint: 'https://a.example/uploads?a=1' }, 'endpoint must be'],
  ['a control plane without methods', { controlPlane: {} as ControlPlane }, 'controlPlane must be'],
])('%s throws a TypeError', (_, connection, message) => {
  expect(() => uploadFile(path, { ...connection, key: 'key' })).toThrow(TypeError);
  expect(() => uploadFile(path, { ...connection, key: 'key' })).toThrow(message);
  expect(() => uploadStream(createReadStream(path), { ...connection, key: 'key' })).toThrow(message);
});

test('endpoint and headers cannot be combined with controlPlane', () => {
  const endpoint = 'https://a.example/uploads';
  expect(() => uploadFile(path, { endpoint, controlPlane, key: 'key' })).toThrow(TypeError);
  expect(() => uploadFile(path, { headers: {}, controlPlane, key: 'key' })).toThrow(
    'headers requires endpoint',
  );
});
