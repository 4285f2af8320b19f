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

async function writeNewFile(bytes: Uint8Array): Promise<string> {
  fileCount += 1;
  const path = join(folder, String(fileCount));
  await writeFile(path, bytes);
  // Long ago, so that any later write changes the modification time, whatever its resolution.
  await utimes(path, 1, 1);
  return path;
}

async function openSource(bytes: Uint8Array): Promise<Source> {
  return createFileSource(await writeNewFile(bytes));
}

async function drain(part: PartBody): Promise<number> {
  let size = 0;
  for await (const chunk of part.chunks(never)) size += chunk.length;
  return size;
}

test.each(sourceConformance({ open: openSource }))('a file source $name', ({ run }) => run());

test('every range of a file has the CRC64 of its bytes, also across chunks', async () => {
  const bytes = randomBytes(3 * MEBIBYTE + 1);
  const source = await openSource(bytes);
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

test('accepts a file: URL', async () => {
  const path = await writeNewFile(Buffer.from('hello'));
  const source = await createFileSource(pathToFileURL(path));
  expect(source.size).toBe(5);
  await source.close();
});

test('all chunks of a part reuse one buffer, whatever its size [pain-22]', async () => {
  const source = await openSource(Buffer.alloc(64 * MEBIBYTE));
  const buffers = new Set<ArrayBufferLike>();
  for await (const chunk of source.part(0, source.size).chunks(never)) buffers.add(chunk.buffer);
  for await (const chunk of source.part(0, source.size).chunks(never)) buffers.add(chunk.buffer);
  expect(buffers.size).toBe(1);
  await source.close();
});

test('a stopped reader releases its buffer, and concurrent readers never share one', async () => {
  const source = await openSource(Buffer.alloc(8 * MEBIBYTE));
  const buffers = new Set<ArrayBufferLike>();
  for (let round = 0; round < 5; round++) {
    const stop = new AbortController();
    const passes = [0, 1].map(() => source.part(0, source.size).chunks(stop.signal)[Symbol.asyncIterator]());
    const first = await Promise.all(passes.map((pass) => pass.next()));
    const inUse = first.map(({ value }) => value?.buffer);
    expect(new Set(inUse).size).toBe(2);
    for (const buffer of inUse) if (buffer !== undefined) buffers.add(buffer);
    stop.abort(new Error('stopped'));
    await Promise.allSettled(passes.map((pass) => pass.next()));
  }
  expect(buffers.size).toBe(2);
  await source.close();
});

test('a chunk is not overwritten until the next one is requested', async () => {
  const bytes = randomBytes(4 * MEBIBYTE);
  const source = await openSource(bytes);
  const pass = source.part(0, source.size).chunks(never)[Symbol.asyncIterator]();
  const { value } = await pass.next();
  // Meanwhile another reader reads the whole file.
  await drain(source.part(0, source.size));
  expect(Buffer.compare(value ?? Buffer.alloc(0), bytes.subarray(0, MEBIBYTE))).toBe(0);
  await pass.return?.();
  await source.close();
});

test.each<[string, (path: string) => Promise<void>]>([
  ['grows', (path) => appendFile(path, 'more')],
  ['shrinks', (path) => truncate(path, MEBIBYTE)],
  ['becomes empty', (path) => truncate(path, 0)],
  ['is overwritten', (path) => writeFile(path, Buffer.alloc(4 * MEBIBYTE))],
])(
  'a file that %s between two parts rejects with `source_changed` before the last bytes of the file',
  async (_, change) => {
    const path = await writeNewFile(randomBytes(4 * MEBIBYTE));
    const source = await createFileSource(path);
    const before = await source.fingerprint();
    await drain(source.part(0, MEBIBYTE));
    await change(path);
    const failure = { code: 'source_changed', disposition: 'permanent' };
    await expect(drain(source.part(2 * MEBIBYTE, 2 * MEBIBYTE))).rejects.toMatchObject(failure);
    expect(await source.fingerprint()).not.toBe(before);
    await source.close();
  },
);

test.each<[string, (path: string) => Promise<void>]>([
  ['grows', (path) => appendFile(path, 'more')],
  ['shrinks', (path) => truncate(path, 5)],
  ['is overwritten', (path) => writeFile(path, Buffer.alloc(4 * MEBIBYTE))],
])(
  'a file that %s while a part is read rejects with `source_changed` before its last chunk',
  async (_, change) => {
    const path = await writeNewFile(randomBytes(4 * MEBIBYTE));
    const source = await createFileSource(path);
    const lengths: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const chunk of source.part(0, source.size).chunks(never)) {
        if (lengths.push(chunk.length) === 1) await change(path);
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'source_changed' });
    expect(lengths.length).toBeLessThan(4);
    await source.close();
  },
);

test('a file that is overwritten rejects after 32 MiB, whatever the number of parts', async () => {
  const path = await writeNewFile(Buffer.alloc(64 * MEBIBYTE));
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

test('an empty file that grows rejects with `source_changed`', async () => {
  const path = await writeNewFile(Buffer.alloc(0));
  const source = await createFileSource(path);
  await appendFile(path, 'x');
  await expect(drain(source.part(0, 0))).rejects.toMatchObject({ code: 'source_changed' });
  await source.close();
});

test('a file that another file replaces under its name is read to its end', async () => {
  const bytes = randomBytes(MEBIBYTE);
  const path = await writeNewFile(bytes);
  const source = await createFileSource(path);
  await rename(await writeNewFile(randomBytes(MEBIBYTE)), path);
  expect(await source.part(0, MEBIBYTE).crc64(never)).toBe(crc64(bytes));
  await source.close();
});

test('two files with the same bytes have different fingerprints [pain-14]', async () => {
  const sources = [await openSource(Buffer.from('same')), await openSource(Buffer.from('same'))];
  const [one, other] = await Promise.all(sources.map((source) => source.fingerprint()));
  expect(one).not.toBe(other);
  await Promise.all(sources.map((source) => source.close()));
});

test.each([
  ['does not exist', 'nothing-here', /ENOENT/],
  ['is below a file', '1/below', /ENOTDIR/],
  ['is a directory', 'a-folder', /not a regular file/],
])('a path that %s rejects with `source_unreadable` and a hint', async (_, name, message) => {
  await writeNewFile(Buffer.from('x'));
  await mkdir(join(folder, 'a-folder'), { recursive: true });
  const opening = createFileSource(join(folder, name));
  await expect(opening).rejects.toMatchObject({ code: 'source_unreadable', disposition: 'permanent' });
  await expect(opening).rejects.toThrow(message);
  await expect(opening).rejects.toSatisfy((error: { hint?: string }) => (error.hint ?? '').length > 10);
});

test('a device rejects with `source_unreadable` without waiting', async () => {
  await expect(createFileSource('/dev/null')).rejects.toMatchObject({ code: 'source_unreadable' });
});

test('close waits for a read in progress', async () => {
  const source = await openSource(Buffer.alloc(4 * MEBIBYTE));
  const pass = source.part(0, source.size).chunks(never)[Symbol.asyncIterator]();
  const first = pass.next();
  await source.close();
  await expect(first).resolves.toMatchObject({ done: false });
  await expect(pass.next()).rejects.toThrow('closed');
});
