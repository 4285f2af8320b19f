import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crc64 } from '@partway/core';
import type { PartBody, Source } from '@partway/core/ports';
import { sourceConformance } from '@partway/core/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFileSource } from './file-source.ts';

const never = new AbortController().signal;
const MEBIBYTE = 1024 * 1024;
let folder: string;
let fileCount = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-file-source-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(bytes: Uint8Array): Promise<string> {
  fileCount += 1;
  const path = join(folder, String(fileCount));
  await writeFile(path, bytes);
  // Long ago, so that any later write shows in the modification time however coarse it is.
  await utimes(path, 1, 1);
  return path;
}

async function openOf(bytes: Uint8Array): Promise<Source> {
  return createFileSource(await fileOf(bytes));
}

async function drain(part: PartBody): Promise<number> {
  let size = 0;
  for await (const chunk of part.chunks(never)) size += chunk.length;
  return size;
}

test.each(sourceConformance({ open: openOf }))('a file source $name', ({ run }) => run());

test('every range of a file has the CRC64 of its bytes, across the edges of chunks', async () => {
  const bytes = randomBytes(3 * MEBIBYTE + 1);
  const source = await openOf(bytes);
  const edge = fc.oneof(
    fc.integer({ min: 0, max: bytes.length }),
    fc.constantFrom(MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 2 * MEBIBYTE, 3 * MEBIBYTE, bytes.length),
  );
  await fc.assert(
    fc.asyncProperty(edge, edge, async (one, other) => {
      const [start, end] = [Math.min(one, other), Math.max(one, other)];
      const part = source.part(start, end - start);
      expect(await drain(part)).toBe(end - start);
      expect(await part.crc64(never)).toBe(crc64(bytes.subarray(start, end)));
    }),
    { numRuns: 40 },
  );
  await source.close();
});

test('a file is also named by a URL', async () => {
  const path = await fileOf(Buffer.from('hello'));
  const source = await createFileSource(pathToFileURL(path));
  expect(source.size).toBe(5);
  await source.close();
});

test('chunks come in one buffer that is used again, whatever the size of the part [pain-22]', async () => {
  const source = await openOf(Buffer.alloc(64 * MEBIBYTE));
  const buffers = new Set<ArrayBufferLike>();
  for await (const chunk of source.part(0, source.size).chunks(never)) buffers.add(chunk.buffer);
  for await (const chunk of source.part(0, source.size).chunks(never)) buffers.add(chunk.buffer);
  expect(buffers.size).toBe(1);
  await source.close();
});

test('buffers come back from a reading that was stopped, and no two readings share one', async () => {
  const source = await openOf(Buffer.alloc(8 * MEBIBYTE));
  const buffers = new Set<ArrayBufferLike>();
  for (let round = 0; round < 5; round++) {
    const stop = new AbortController();
    const passes = [0, 1].map(() => source.part(0, source.size).chunks(stop.signal)[Symbol.asyncIterator]());
    const held = await Promise.all(passes.map((pass) => pass.next()));
    const inUse = held.map(({ value }) => value?.buffer);
    expect(new Set(inUse).size).toBe(2);
    for (const buffer of inUse) if (buffer !== undefined) buffers.add(buffer);
    stop.abort(new Error('stopped'));
    await Promise.allSettled(passes.map((pass) => pass.next()));
  }
  expect(buffers.size).toBe(2);
  await source.close();
});

test('a chunk stays unchanged until the next one is requested', async () => {
  const bytes = randomBytes(4 * MEBIBYTE);
  const source = await openOf(bytes);
  const pass = source.part(0, source.size).chunks(never)[Symbol.asyncIterator]();
  const { value } = await pass.next();
  // Another reading runs to its end meanwhile.
  await drain(source.part(0, source.size));
  expect(Buffer.compare(value ?? Buffer.alloc(0), bytes.subarray(0, MEBIBYTE))).toBe(0);
  await pass.return?.();
  await source.close();
});

test.each<[string, (path: string) => Promise<void>]>([
  ['grows', (path) => appendFile(path, 'more')],
  ['shrinks', (path) => truncate(path, MEBIBYTE)],
  ['becomes empty', (path) => truncate(path, 0)],
  ['is written again', (path) => writeFile(path, Buffer.alloc(4 * MEBIBYTE))],
])('a file that %s between two parts is noticed before the last bytes of the file', async (_, change) => {
  const path = await fileOf(randomBytes(4 * MEBIBYTE));
  const source = await createFileSource(path);
  const before = await source.fingerprint();
  await drain(source.part(0, MEBIBYTE));
  await change(path);
  const failure = { code: 'source_changed', disposition: 'permanent' };
  await expect(drain(source.part(2 * MEBIBYTE, 2 * MEBIBYTE))).rejects.toMatchObject(failure);
  expect(await source.fingerprint()).not.toBe(before);
  await source.close();
});

test.each<[string, (path: string) => Promise<void>]>([
  ['grows', (path) => appendFile(path, 'more')],
  ['shrinks', (path) => truncate(path, 5)],
  ['is written again', (path) => writeFile(path, Buffer.alloc(4 * MEBIBYTE))],
])('a file that %s while a part is read is noticed before its last chunk', async (_, change) => {
  const path = await fileOf(randomBytes(4 * MEBIBYTE));
  const source = await createFileSource(path);
  const given: number[] = [];
  const reading = async (): Promise<void> => {
    for await (const chunk of source.part(0, source.size).chunks(never)) {
      if (given.push(chunk.length) === 1) await change(path);
    }
  };
  await expect(reading()).rejects.toMatchObject({ code: 'source_changed' });
  expect(given.length).toBeLessThan(4);
  await source.close();
});

test('a file that is written again is noticed once 32 MiB of it were read, in however many parts', async () => {
  const path = await fileOf(Buffer.alloc(64 * MEBIBYTE));
  const source = await createFileSource(path);
  await utimes(path, 2, 2);
  const readParts = async (): Promise<number> => {
    for (let part = 0; part < 60; part++) {
      const reading = drain(source.part(part * MEBIBYTE, MEBIBYTE));
      if ((await reading.catch(() => 0)) === 0) return part;
    }
    return 60;
  };
  expect(await readParts()).toBe(31);
  await source.close();
});

test('an empty file that grows has changed', async () => {
  const path = await fileOf(Buffer.alloc(0));
  const source = await createFileSource(path);
  await appendFile(path, 'x');
  await expect(drain(source.part(0, 0))).rejects.toMatchObject({ code: 'source_changed' });
  await source.close();
});

test('a file replaced under its name still yields the opened bytes', async () => {
  const bytes = randomBytes(MEBIBYTE);
  const path = await fileOf(bytes);
  const source = await createFileSource(path);
  await rename(await fileOf(randomBytes(MEBIBYTE)), path);
  expect(await source.part(0, MEBIBYTE).crc64(never)).toBe(crc64(bytes));
  await source.close();
});

test('two files of the same bytes have other fingerprints [pain-14]', async () => {
  const sources = [await openOf(Buffer.from('same')), await openOf(Buffer.from('same'))];
  const [one, other] = await Promise.all(sources.map((source) => source.fingerprint()));
  expect(one).not.toBe(other);
  await Promise.all(sources.map((source) => source.close()));
});

test.each([
  ['is not there', 'nothing-here', /ENOENT/],
  ['lies under a file', '1/below', /ENOTDIR/],
  ['is a folder', 'a-folder', /no regular file/],
])('a path that %s cannot be read', async (_, name, message) => {
  await fileOf(Buffer.from('x'));
  await mkdir(join(folder, 'a-folder'), { recursive: true });
  const opening = createFileSource(join(folder, name));
  await expect(opening).rejects.toMatchObject({ code: 'source_unreadable', disposition: 'permanent' });
  await expect(opening).rejects.toThrow(message);
  await expect(opening).rejects.toSatisfy((error: { hint?: string }) => (error.hint ?? '').length > 10);
});

test('a named device is no file, and opening it does not wait', async () => {
  await expect(createFileSource('/dev/null')).rejects.toMatchObject({ code: 'source_unreadable' });
});

test('closing waits for a chunk being read', async () => {
  const source = await openOf(Buffer.alloc(4 * MEBIBYTE));
  const pass = source.part(0, source.size).chunks(never)[Symbol.asyncIterator]();
  const first = pass.next();
  await source.close();
  await expect(first).resolves.toMatchObject({ done: false });
  await expect(pass.next()).rejects.toThrow('closed');
});
