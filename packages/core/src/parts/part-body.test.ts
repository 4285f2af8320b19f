import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc64 } from '../checksum/crc64.ts';
import type { PartBody } from '../ports.ts';
import { createPartBody } from './part-body.ts';

const never = new AbortController().signal;

async function* inChunks(bytes: Uint8Array, chunkSize: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkSize) yield bytes.subarray(at, at + chunkSize);
}

async function readAll(body: PartBody): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.chunks(never)) chunks.push(chunk.slice());
  return Buffer.concat(chunks);
}

test('chunks are passed through, and crc64 is the CRC64 of their bytes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 50 }),
      async (bytes, chunkSize) => {
        const body = createPartBody({ size: bytes.length, read: () => inChunks(bytes, chunkSize) });
        expect(Buffer.compare(await readAll(body), bytes)).toBe(0);
        expect(await body.crc64(never)).toBe(crc64(bytes));
      },
    ),
  );
});

test('after a complete pass crc64 does not read again', async () => {
  const bytes = new Uint8Array(100).fill(7);
  let passes = 0;
  const body = createPartBody({
    size: 100,
    read: () => {
      passes += 1;
      return inChunks(bytes, 30);
    },
  });
  await readAll(body);
  expect(await body.crc64(never)).toBe(crc64(bytes));
  expect(passes).toBe(1);
});

test('a pass is complete when the last chunk was consumed', async () => {
  const bytes = new Uint8Array(60).fill(7);
  let passes = 0;
  const body = createPartBody({
    size: 60,
    read: () => {
      passes += 1;
      return inChunks(bytes, 30);
    },
  });
  const pass = body.chunks(never)[Symbol.asyncIterator]();
  await pass.next();
  await pass.next();
  await body.crc64(never);
  expect(passes).toBe(1);
});

test('without a complete pass crc64 reads the bytes', async () => {
  const bytes = new Uint8Array(100).fill(9);
  const body = createPartBody({ size: 100, read: () => inChunks(bytes, 30) });
  for await (const _chunk of body.chunks(never)) break;
  expect(await body.crc64(never)).toBe(crc64(bytes));
});

test('two parallel passes do not mix', async () => {
  const bytes = Uint8Array.from({ length: 90 }, (_, index) => index);
  const body = createPartBody({ size: 90, read: () => inChunks(bytes, 30) });
  const [one, two] = [body.chunks(never), body.chunks(never)].map((pass) => pass[Symbol.asyncIterator]());
  for (let step = 0; step < 3; step++) {
    expect(await one?.next()).toEqual(await two?.next());
  }
  expect(await body.crc64(never)).toBe(crc64(bytes));
});

test.each([
  ['fewer', 99, 'a part has 99 of 100 bytes'],
  ['more', 101, 'a part has more than 100 bytes'],
])('%s bytes than the size of the part reject with source_changed', async (_, given, detail) => {
  const body = createPartBody({ size: 100, read: () => inChunks(new Uint8Array(given), 1) });
  await expect(readAll(body)).rejects.toMatchObject({ code: 'source_changed', disposition: 'permanent' });
  await expect(readAll(body)).rejects.toThrow(detail);
  await expect(body.crc64(never)).rejects.toMatchObject({ code: 'source_changed' });
});

test('an error of read is passed on unchanged', async () => {
  const broken = new Error('the disk is on fire');
  const body = createPartBody({
    size: 1,
    // biome-ignore lint/correctness/useYield: it fails before the first chunk
    async *read() {
      throw broken;
    },
  });
  await expect(readAll(body)).rejects.toBe(broken);
});

test('abort rejects a pass with the reason and closes the reader', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  let closed = false;
  const body = createPartBody({
    size: 100,
    async *read() {
      try {
        yield* inChunks(new Uint8Array(100), 10);
      } finally {
        closed = true;
      }
    },
  });
  const pass = body.chunks(stop.signal)[Symbol.asyncIterator]();
  await pass.next();
  stop.abort(reason);
  await expect(pass.next()).rejects.toBe(reason);
  expect(closed).toBe(true);
  await expect(body.crc64(stop.signal)).rejects.toBe(reason);
});
