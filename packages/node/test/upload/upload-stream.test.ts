import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { type ByteStream, type ControlPlane, crc64 } from '@partway/core';
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createSpillFiles } from '../../src/files/spill-files.ts';
import { uploadStream } from '../../src/upload-stream.ts';

vi.mock('../../src/files/spill-files.ts', async (original) => {
  const actual = await original<typeof import('../../src/files/spill-files.ts')>();
  return { createSpillFiles: vi.fn(actual.createSpillFiles) };
});

const MEBIBYTE = 1024 * 1024;
const partSize = 100 * 1024;
const credentials = { accessKeyId: 'key-id', accessKeySecret: 'key-secret' };
const bytes = randomBytes(6 * MEBIBYTE + 1);
let emulator: OssEmulator;
let folder: string;
let controlPlane: ControlPlane;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-upload-stream-'));
  emulator = await startOssEmulator({ buckets: ['media'], credentials });
  const { endpoint, region } = emulator;
  const store = createOssObjectStore({ bucket: 'media', region, endpoint, credentials });
  controlPlane = createCoordinator({ store });
});
afterEach(async () => {
  emulator.faults.clear();
  vi.mocked(createSpillFiles).mockClear();
  expect(emulator.model.uploads('media')).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
});
afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true });
});

async function expectStored(key: string, content: Uint8Array = bytes): Promise<void> {
  const object = emulator.model.object('media', key);
  expect(object?.crc64).toBe(crc64(content));
  expect(Buffer.compare((await object?.bytes()) ?? Buffer.alloc(0), content)).toBe(0);
}

async function* toPieces(content: Uint8Array = bytes): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < content.length; at += 70_001) yield content.slice(at, at + 70_001);
}

/** A stream of the generator's chunks. */
function webStream(
  generator = toPieces(),
  onCancel: () => void = () => undefined,
): NodeReadableStream<Uint8Array> {
  return new NodeReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await generator.next();
      if (done || value === undefined) controller.close();
      else controller.enqueue(value);
    },
    cancel: onCancel,
  });
}

/** Yields so many bytes, and then never another chunk or an end. */
async function* stuckAfter(size: number): AsyncGenerator<Uint8Array, void, void> {
  yield bytes.subarray(0, size);
  await new Promise(() => undefined);
}

/** The same as a Readable. */
function stuckReadable(size: number): Readable {
  const stream = new Readable({ read: () => undefined });
  stream.push(bytes.subarray(0, size));
  return stream;
}

const kinds: readonly [string, () => ByteStream][] = [
  ['a Readable', () => Readable.from(toPieces(), { objectMode: false })],
  ['a web stream', () => webStream()],
  ['a generator', () => toPieces()],
];

describe.each(kinds)('%s', (kind, open) => {
  test('is stored byte for byte', async () => {
    const { result } = uploadStream(open(), { controlPlane, key: kind, partSize });
    expect(await result).toMatchObject({ size: bytes.length, crc64: crc64(bytes) });
    await expectStored(kind);
  });

  test('is stored in temporary files when the memory is full', async () => {
    const spilled = countSpilledParts();
    const { faults } = emulator;
    faults.add({ operation: 'UploadPart', nth: 2, effect: { kind: 'resetAfterBytes', bytes: 50_000 } });
    faults.add({ operation: 'UploadPart', nth: 4, effect: { kind: 'dropResponse' } });
    faults.add({ operation: 'UploadPart', nth: 5, effect: { kind: 'corruptIncoming' } });
    const key = `${kind}, spilled`;
    const options = { controlPlane, key, partSize, memoryMax: MEBIBYTE, directory: folder };
    const upload = uploadStream(open(), { ...options, retry: { baseMs: 1 } });
    expect(await upload.result).toMatchObject({ size: bytes.length, crc64: crc64(bytes) });
    expect(upload.snapshot().retries).toBeGreaterThanOrEqual(2);
    expect(spilled.count()).toBeGreaterThanOrEqual(2);
    await expectStored(key);
  });
});

/** Counts the parts that are stored in temporary files from now on. */
function countSpilledParts(): { count(): number } {
  let count = 0;
  const make = vi.mocked(createSpillFiles).getMockImplementation();
  vi.mocked(createSpillFiles).mockImplementationOnce((directory) => {
    const spill = make?.(directory);
    if (spill === undefined) throw new Error('no implementation');
    return {
      open(sizeMax) {
        count += 1;
        return spill.open(sizeMax);
      },
    };
  });
  return { count: () => count };
}

test.each([0, 1, partSize - 1, partSize, partSize + 1])('a Readable of %d bytes is stored', async (size) => {
  const content = bytes.subarray(0, size);
  const key = `sizes/${size}`;
  await uploadStream(Readable.from(toPieces(content), { objectMode: false }), { controlPlane, key, partSize })
    .result;
  await expectStored(key, content);
});

test('a Readable that fails after some parts rejects with its error and leaves no upload', async () => {
  const stream = stuckReadable(2 * MEBIBYTE);
  const upload = uploadStream(stream, { controlPlane, key: 'destroyed', partSize });
  upload.subscribe((event) => {
    if (event.type === 'part-confirmed') stream.destroy(new Error('cable unplugged'));
  });
  await expect(upload.result).rejects.toMatchObject({
    code: 'source_unreadable',
    cause: { message: 'cable unplugged' },
  });
  expect(emulator.model.object('media', 'destroyed')).toBeUndefined();
});

test('a Readable destroyed before it is read fails only its upload', async () => {
  const stream = Readable.from(toPieces(), { objectMode: false });
  const upload = uploadStream(stream, { controlPlane, key: 'early', partSize });
  stream.destroy(new Error('cable unplugged'));
  await expect(upload.result).rejects.toMatchObject({ code: 'source_unreadable' });
  expect(emulator.model.object('media', 'early')).toBeUndefined();
});

test('abort destroys a Readable that yields no more chunks', async () => {
  const stream = stuckReadable(2 * MEBIBYTE);
  const upload = uploadStream(stream, { controlPlane, key: 'aborted', partSize });
  upload.subscribe((event) => {
    if (event.type === 'part-confirmed') upload.abort();
  });
  await expect(upload.result).rejects.toMatchObject({ code: 'aborted' });
  expect(stream.destroyed).toBe(true);
});

test('abort cancels a web stream that yields no more chunks', async () => {
  const cancelled = vi.fn();
  const stream = webStream(stuckAfter(2 * MEBIBYTE), cancelled);
  const upload = uploadStream(stream, { controlPlane, key: 'cancelled', partSize });
  upload.subscribe((event) => {
    if (event.type === 'part-confirmed') upload.abort();
  });
  await expect(upload.result).rejects.toMatchObject({ code: 'aborted' });
  expect(cancelled).toHaveBeenCalledOnce();
});

test('a stream of strings rejects and is destroyed', async () => {
  const stream = Readable.from(['text', 'more']);
  const { result } = uploadStream(stream, { controlPlane, key: 'strings', partSize });
  await expect(result).rejects.toMatchObject({ code: 'source_unreadable' });
  expect(stream.destroyed).toBe(true);
});

test('a missing directory for temporary files rejects and leaves no upload', async () => {
  const directory = join(folder, 'absent');
  const options = { controlPlane, key: 'no directory', partSize, memoryMax: MEBIBYTE, directory };
  await expect(uploadStream(toPieces(), options).result).rejects.toMatchObject({
    code: 'source_unreadable',
    hint: expect.stringContaining(directory),
  });
});

test('an invalid option throws at once and does not touch the stream', async () => {
  const options = { controlPlane, key: 'key' };
  const invalidStreams: readonly unknown[] = ['text', bytes, [bytes], undefined, null, 7, {}];
  for (const stream of invalidStreams) {
    expect(() => uploadStream(stream as ByteStream, options)).toThrow(/^stream must be a Readable/);
  }
  const stream = webStream();
  expect(() => uploadStream(stream, { ...options, memoryMax: 1 })).toThrow(RangeError);
  expect(() => uploadStream(stream, { ...options, directory: '' })).toThrow(TypeError);
  expect(() => uploadStream(stream, { ...options, controlPlane: {} as ControlPlane })).toThrow(TypeError);
  expect(stream.locked).toBe(false);
  stream.getReader();
  expect(() => uploadStream(stream, options)).toThrow(TypeError);
});

test('a stream that has ended throws and stores no empty object', async () => {
  const stream = Readable.from([bytes]);
  for await (const _ of stream);
  expect(() => uploadStream(stream, { controlPlane, key: 'ended' })).toThrow(TypeError);
  expect(emulator.model.object('media', 'ended')).toBeUndefined();
});
