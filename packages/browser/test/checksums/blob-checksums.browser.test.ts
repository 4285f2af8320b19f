import { crc64 } from '@partway/core';
import { expect, test } from 'vitest';
import { createBlobSourceWithChecksums } from '../../src/blob-source.ts';
import { createBlobChecksums } from '../../src/crc64/blob-checksums.ts';
import { computeCrc64InPage } from '../../src/crc64/crc64-in-page.ts';
import { startWorker } from '../../src/crc64/worker-client.ts';

const signal = new AbortController().signal;

/** Bytes of which no two megabytes are alike. */
function noise(size: number): Uint8Array<ArrayBuffer> {
  let state = size;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 24;
  });
}

const bytes = noise(5 * 1024 * 1024 + 321);
const blob = new Blob([bytes]);

/** Counts started and ended workers, and records the messages posted to them. */
function countedWorkers(): { start(): Worker; started: number; ended: number; posted: unknown[] } {
  const counted = {
    started: 0,
    ended: 0,
    posted: [] as unknown[],
    start() {
      const worker = startWorker();
      counted.started += 1;
      const { postMessage, terminate } = worker;
      worker.postMessage = (message: unknown) => {
        counted.posted.push(message);
        postMessage.call(worker, message);
      };
      worker.terminate = () => {
        counted.ended += 1;
        terminate.call(worker);
      };
      return worker;
    },
  };
  return counted;
}

/** A worker that fails at every start. */
function brokenWorkers(start: () => Worker): { start(): Worker; started: number } {
  const counted = {
    started: 0,
    start() {
      counted.started += 1;
      return start();
    },
  };
  return counted;
}

test('one worker serves several Blobs at once', async () => {
  const workers = countedWorkers();
  const checksums = createBlobChecksums(workers.start)();
  const sizes = [1024 * 1024, 3_000_000, bytes.length];
  const taken = await Promise.all(sizes.map((size) => checksums.crc64(blob.slice(0, size))));
  expect(taken).toEqual(sizes.map((size) => crc64(bytes.subarray(0, size))));
  expect(workers.posted).toHaveLength(sizes.length);
  expect(workers.started).toBe(1);
  checksums.close();
});

test('the first large Blob starts the worker, and closing the last source ends it', async () => {
  const workers = countedWorkers();
  const open = createBlobChecksums(workers.start);
  const [one, other] = [open(), open()];
  expect(await one.crc64(new Blob(['123456789']))).toBe('11051210869376104954');
  expect(workers.started).toBe(0);
  await one.crc64(blob);
  await other.crc64(blob);
  one.close();
  one.close();
  expect(workers.ended).toBe(0);
  other.close();
  expect([workers.started, workers.ended]).toEqual([1, 1]);
  const next = open();
  expect(await next.crc64(blob)).toBe(crc64(bytes));
  next.close();
  expect([workers.started, workers.ended]).toEqual([2, 2]);
});

test('closing a source stops its own CRC64s and no others', async () => {
  const workers = countedWorkers();
  const open = createBlobChecksums(workers.start);
  const [one, other] = [open(), open()];
  const [stopped, taken] = [one.crc64(blob), other.crc64(blob)];
  one.close();
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  expect(workers.posted).toContainEqual({ id: 1, blob: undefined });
  expect(await taken).toBe(crc64(bytes));
  other.close();
  await expect(other.crc64(blob)).rejects.toMatchObject({ name: 'AbortError' });
  expect([workers.started, workers.ended]).toEqual([1, 1]);
});

test('a source without a CRC64 request keeps no worker alive', async () => {
  const workers = countedWorkers();
  const open = createBlobChecksums(workers.start);
  const [first] = [open(), open()];
  await first.crc64(blob);
  first.close();
  expect(workers.ended).toBe(1);
});

test.each([
  [
    'cannot be made',
    () => {
      throw new DOMException('not here', 'SecurityError');
    },
  ],
  ['cannot be loaded', () => new Worker('/no/such/worker.js', { type: 'module' })],
  ['breaks', () => new Worker('data:text/javascript,throw new Error("broken")', { type: 'module' })],
])('a worker that %s is tried once, then the page computes the CRC64s', async (_, start) => {
  const workers = brokenWorkers(start);
  const open = createBlobChecksums(workers.start);
  const [one, other] = [open(), open()];
  const taken = await Promise.all([one.crc64(blob), one.crc64(blob.slice(0, 2_000_000)), other.crc64(blob)]);
  expect(taken).toEqual([crc64(bytes), crc64(bytes.subarray(0, 2_000_000)), crc64(bytes)]);
  one.close();
  other.close();
  const next = open();
  expect(await next.crc64(blob)).toBe(crc64(bytes));
  next.close();
  expect(workers.started).toBe(1);
});

test('the event loop of the page runs after every step of a CRC64 computed in the page', async () => {
  let turns = 0;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    turns += 1;
    port2.postMessage(undefined);
  };
  port2.postMessage(undefined);
  expect(await computeCrc64InPage(blob, signal)).toBe(crc64(bytes));
  port1.close();
  expect(turns).toBeGreaterThanOrEqual(bytes.length / (256 * 1024) - 1);
});

test('memory read for a CRC64 is released at once, not by the garbage collector', async () => {
  const watched = new Blob([bytes]);
  const buffers: ArrayBuffer[] = [];
  watched.slice = (start, end) => {
    const slice = blob.slice(start, end);
    slice.arrayBuffer = async () => {
      expect(buffers.map(({ byteLength }) => byteLength)).toEqual(buffers.map(() => 0));
      const buffer = await Blob.prototype.arrayBuffer.call(slice);
      buffers.push(buffer);
      return buffer;
    };
    return slice;
  };
  expect(await computeCrc64InPage(watched, signal)).toBe(crc64(bytes));
  expect(buffers.length).toBeGreaterThan(5);
});

test('the CRC64 of a part is computed once, while it is sent', async () => {
  const workers = countedWorkers();
  const source = createBlobSourceWithChecksums(blob, createBlobChecksums(workers.start)());
  const part = source.part(1000, 4_000_000);
  const both = [part.startCrc64(), part.startCrc64()];
  expect(workers.posted).toHaveLength(1);
  expect(await part.crc64(signal)).toBe(crc64(bytes.subarray(1000, 4_001_000)));
  expect(await part.crc64(signal)).toBe(crc64(bytes.subarray(1000, 4_001_000)));
  expect(await Promise.all(both)).toEqual([undefined, undefined]);
  expect(workers.posted).toHaveLength(1);
  await source.close();
  expect(workers.ended).toBe(1);
});
