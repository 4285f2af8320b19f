import { mkdtemp, open, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlPlane, crc64, type UploadEvent } from '@partway/core';
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore, type OssObjectStoreOptions } from '@partway/core/oss';
import type { Transport } from '@partway/core/ports';
import { createSeededRandom } from '@partway/core/testing';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createFileCheckpoints } from '../../src/files/file-checkpoints.ts';
import { createUndiciTransport } from '../../src/transport/undici-transport.ts';
import { type UploadFileOptions, uploadFile } from '../../src/upload-file.ts';

// Problems that users of upload tools report about files and sockets: docs/explanation/reported-problems.md.

const PART = 102_400;
const credentials = { accessKeyId: 'key-id', accessKeySecret: 'key-secret' };
const random = createSeededRandom(29);
const bytes = Uint8Array.from({ length: 6 * PART + 1 }, () => random.next() * 256);
let emulator: OssEmulator;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-reported-problems-'));
  emulator = await startOssEmulator({ buckets: ['media'], credentials });
});
afterEach(() => emulator.faults.clear());
afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true });
});

function createControlPlane(fetch?: OssObjectStoreOptions['fetch']): ControlPlane {
  const { endpoint, region } = emulator;
  const custom = fetch === undefined ? {} : { fetch };
  const store = createOssObjectStore({ bucket: 'media', region, endpoint, credentials, ...custom });
  return createCoordinator({ store });
}

function createOptions(key: string): UploadFileOptions {
  return { controlPlane: createControlPlane(), key, partSize: PART, concurrency: 1, retry: { baseMs: 1 } };
}

async function writeNewFile(name: string, content = bytes): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function expectStored(key: string, content: Uint8Array): Promise<void> {
  const stored = await emulator.model.object('media', key)?.bytes();
  expect(stored !== undefined && Buffer.compare(stored, content) === 0).toBe(true);
  expect(emulator.model.uploads('media')).toEqual([]);
}

test('resuming a file that was edited with the same size and time stores no mixed object [pain-13]', async () => {
  const path = await writeNewFile('edited-later');
  await utimes(path, WHOLE_SECONDS, WHOLE_SECONDS);
  const checkpoints = createFileCheckpoints(join(folder, 'checkpoints'));
  const options = { ...createOptions('edited-later'), checkpoints };
  const fault = emulator.faults.add({
    operation: 'UploadPart',
    partNumber: 4,
    effect: { kind: 'resetAfterBytes', bytes: 1 },
  });
  const failing = uploadFile(path, { ...options, retry: { attemptsMax: 2, baseMs: 1 } });
  await expect(failing.result).rejects.toMatchObject({ code: 'network' });
  fault.remove();
  const edited = bytes.map((byte) => byte ^ 0xff);
  const file = await open(path, 'r+');
  await file.write(edited, 0, edited.length, 0);
  await file.close();
  await utimes(path, WHOLE_SECONDS, WHOLE_SECONDS);
  await uploadFile(path, options).result;
  await expectStored('edited-later', edited);
});

/** A time that `utimes` can set exactly. */
const WHOLE_SECONDS = 1_700_000_000;

test('a file edited during its upload rejects without a retry [pain-26]', async () => {
  const path = await writeNewFile('edited');
  const events: UploadEvent[] = [];
  const upload = uploadFile(path, {
    ...createOptions('edited'),
    onEvent: (event) => void events.push(event),
  });
  await new Promise<void>((resolve) => {
    upload.subscribe((event) => {
      if (event.type !== 'part-confirmed' || event.partNumber !== 1) return;
      resolve(writeFile(path, bytes.subarray(0, 2 * PART)));
    });
  });
  await expect(upload.result).rejects.toMatchObject({ code: 'source_changed', disposition: 'permanent' });
  expect(events.filter((event) => event.type === 'retrying')).toEqual([]);
  expect(emulator.model.uploads('media')).toEqual([]);
});

test('the reply of an application server in place of the response to Complete is no failure [pain-8]', async () => {
  const path = await writeNewFile('callback');
  const controlPlane = createControlPlane(async (url, init) => {
    const response = await fetch(url, init);
    if (init.method !== 'POST' || !new URL(url).searchParams.has('uploadId')) return response;
    await response.arrayBuffer();
    return Response.json({ Status: 'OK' });
  });
  const { result } = uploadFile(path, { ...createOptions('callback'), controlPlane });
  expect(await result).toMatchObject({ size: bytes.length, crc64: crc64(bytes), recovered: true });
  await expectStored('callback', bytes);
});

test.each(['a=b', 'a&b=c+d%3D', ' ?x=1#y', '片=段'])(
  'the key %s is signed correctly [pain-42]',
  async (name) => {
    const key = `odd/${name}`;
    const path = await writeNewFile('odd');
    await uploadFile(path, createOptions(key)).result;
    await expectStored(key, bytes);
    const small = await writeNewFile('small', bytes.subarray(0, 10));
    await uploadFile(small, createOptions(key)).result;
    await expectStored(key, bytes.subarray(0, 10));
  },
);

test.each<[string, boolean]>([
  ['no ETag and no CRC64', false],
  ['no ETag and no CRC64, after a corrupted part,', true],
])('a response with %s does not hang: ListParts proves the bytes [pain-5]', async (_, isCorrupted) => {
  const undici = createUndiciTransport();
  const hiding: Transport = {
    ...undici,
    mayHideHeaders: true,
    put: async (request) => ({ ...(await undici.put(request)), headers: {} }),
  };
  const path = await writeNewFile('hidden');
  if (isCorrupted) {
    emulator.faults.add({
      operation: 'UploadPart',
      partNumber: 2,
      times: 1,
      effect: { kind: 'corruptIncoming' },
    });
  }
  const upload = uploadFile(path, { ...createOptions('hidden'), transport: hiding });
  await upload.result;
  expect(upload.snapshot().retries).toBe(0);
  await expectStored('hidden', bytes);
  await undici.close();
});
