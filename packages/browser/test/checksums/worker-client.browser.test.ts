import { crc64 } from '@partway/core';
import { expect, test } from 'vitest';
import { createWorkerClient, startWorker } from '../../src/crc64/worker-client.ts';

const signal = new AbortController().signal;
const bytes = Uint8Array.from({ length: 3_000_001 }, (_, index) => (index * 31) ^ (index >>> 8));
const blob = new Blob([bytes]);

test('the worker computes the CRC64s and stays available', async () => {
  let isLost = false;
  const line = createWorkerClient(startWorker(), () => {
    isLost = true;
  });
  const taken = await Promise.all([
    line.computeCrc64(blob, signal),
    line.computeCrc64(blob.slice(7), signal),
  ]);
  expect(taken).toEqual([crc64(bytes), crc64(bytes.subarray(7))]);
  expect(await line.computeCrc64(new Blob([]), signal)).toBe('0');
  expect(isLost).toBe(false);
  line.close();
});

test("an aborted request rejects with the signal's reason, and the worker stays available", async () => {
  const line = createWorkerClient(startWorker(), () => undefined);
  const stop = new AbortController();
  const [stopped, taken] = [line.computeCrc64(blob, stop.signal), line.computeCrc64(blob, signal)];
  const reason = new Error('the caller cancelled');
  stop.abort(reason);
  await expect(stopped).rejects.toBe(reason);
  await expect(line.computeCrc64(blob, stop.signal)).rejects.toBe(reason);
  expect(await taken).toBe(crc64(bytes));
  line.close();
});

test('a worker that never becomes ready is reported as lost', async () => {
  let lostCount = 0;
  const silent = new Worker('data:text/javascript,', { type: 'module' });
  const line = createWorkerClient(
    silent,
    () => {
      lostCount += 1;
    },
    0,
  );
  expect(await line.computeCrc64(blob, signal)).toBe(undefined);
  expect(lostCount).toBe(1);
  expect(await line.computeCrc64(blob, signal)).toBe(undefined);
});
