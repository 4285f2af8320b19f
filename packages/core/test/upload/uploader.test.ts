import type { Upload, Uploader } from '@partway/core';
import { createUploader } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(17);
const bytes = new Uint8Array(60 * PART).map(() => random.next() * 256);

function start(harness: Harness, uploader: Uploader, key: string, size: number): Upload {
  const ports = harness.createPorts(createInMemorySource(bytes.subarray(0, size)));
  return uploader.start(ports, { key, partSize: PART, concurrency: 8 });
}

test('many uploads share `concurrency` requests, and `filesMax` limits started uploads [pain-10] [pain-23]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 50 } });
  const uploader = createUploader({ concurrency: 4, filesMax: 3 });
  const uploads = Array.from({ length: 12 }, (_, n) => start(harness, uploader, `file-${n}`, 3 * PART));
  let uploadsMax = 0;
  for (const upload of uploads) {
    upload.subscribe(() => {
      uploadsMax = Math.max(uploadsMax, harness.model.uploads(BUCKET).length);
    });
  }
  await harness.runUntilSettled(Promise.all(uploads.map(({ result }) => result)));
  expect(Math.max(...harness.partsInFlight)).toBe(4);
  expect(uploadsMax).toBe(3);
  expect(harness.model.keys(BUCKET)).toHaveLength(12);
});

test('a large file does not starve the small ones [pain-23]', async () => {
  const harness = createHarness();
  for (const operation of ['UploadPart', 'PutObject'] as const) {
    harness.faults.add({ operation, effect: { kind: 'latency', ms: 50 } });
  }
  const uploader = createUploader({ concurrency: 4, filesMax: 2 });
  const large = start(harness, uploader, 'large', bytes.length);
  const completed: string[] = [];
  const small = Array.from({ length: 20 }, (_, n) => start(harness, uploader, `small-${n}`, 20_000));
  for (const upload of small) void upload.result.then(() => completed.push('small'));
  void large.result.then(() => completed.push('large'));
  await harness.runUntilSettled(Promise.all([large, ...small].map(({ result }) => result)));
  // The requests alternate: during the 60 parts of the large file all 20 small files are sent.
  expect(completed.indexOf('large')).toBeGreaterThan(10);
});

test('the next upload sends while the previous one completes', async () => {
  const harness = createHarness();
  for (const operation of ['PutObject', 'HeadObject'] as const) {
    harness.faults.add({ operation, effect: { kind: 'latency', ms: 50 } });
  }
  const uploader = createUploader({ filesMax: 1 });
  const startedAt = harness.clock.now();
  const uploads = Array.from({ length: 10 }, (_, n) => start(harness, uploader, `small-${n}`, 20_000));
  await harness.runUntilSettled(Promise.all(uploads.map(({ result }) => result)));
  // In sequence they would take 100 ms each.
  expect(harness.clock.now() - startedAt).toBe(11 * 50);
});

test('filesMax defaults to twice the concurrency, also after setConcurrency', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 50 } });
  const uploader = createUploader({ concurrency: 2 });
  const uploads = Array.from({ length: 20 }, (_, n) => start(harness, uploader, `file-${n}`, 6 * PART));
  let startedMax = 0;
  for (const upload of uploads) {
    upload.subscribe(() => {
      startedMax = Math.max(startedMax, harness.model.uploads(BUCKET).length);
    });
  }
  let startedMaxByTwo: number | undefined;
  uploads[0]?.subscribe(({ type }) => {
    if (type !== 'part-confirmed' || startedMaxByTwo !== undefined) return;
    startedMaxByTwo = startedMax;
    uploader.setConcurrency(5);
  });
  await harness.runUntilSettled(Promise.all(uploads.map(({ result }) => result)));
  expect([startedMaxByTwo, startedMax]).toEqual([4, 10]);
});

test('a waiting upload can be aborted, and a paused upload releases its permit', async () => {
  const harness = createHarness();
  const uploader = createUploader({ filesMax: 1 });
  const first = start(harness, uploader, 'first', 3 * PART);
  const second = start(harness, uploader, 'second', 3 * PART);
  const third = start(harness, uploader, 'third', 3 * PART);
  first.pause();
  await Promise.all([harness.runUntilSettled(second.abort()), harness.runUntilSettled(third.result)]);
  await expect(second.result).rejects.toMatchObject({ code: 'aborted' });
  expect(first.snapshot().phase).toBe('paused');
  first.resume();
  await harness.runUntilSettled(first.result);
  expect(harness.model.keys(BUCKET)).toEqual(['first', 'third']);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('setConcurrency changes the number of requests in flight', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 50 } });
  const uploader = createUploader({ concurrency: 2 });
  const upload = start(harness, uploader, 'file', 30 * PART);
  let confirmed = 0;
  upload.subscribe(({ type }) => {
    if (type === 'part-confirmed' && ++confirmed === 10) uploader.setConcurrency(6);
  });
  await harness.runUntilSettled(upload.result);
  expect(Math.max(...harness.partsInFlight.slice(0, 10))).toBe(2);
  expect(Math.max(...harness.partsInFlight)).toBe(6);
});

test('options out of range throw, and memoryMax limits the requests in flight', async () => {
  expect(() => createUploader({ concurrency: 0 })).toThrow(
    /^concurrency must be a whole number from 1 to 256/,
  );
  expect(() => createUploader({ filesMax: 0 })).toThrow(/^filesMax must be/);
  expect(() => createUploader({ memoryMax: 1 })).toThrow(/^memoryMax must be/);
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 50 } });
  const uploader = createUploader({ concurrency: 16, memoryMax: 12 * 1024 ** 2 });
  await harness.runUntilSettled(start(harness, uploader, 'file', 12 * PART).result);
  expect(Math.max(...harness.partsInFlight)).toBe(3);
});

test('abort does not wait for a permit that another upload holds', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 60_000 } });
  const uploader = createUploader({ concurrency: 2 });
  const slow = start(harness, uploader, 'slow', 8 * PART);
  const waiting = start(harness, uploader, 'waiting', 8 * PART);
  waiting.subscribe(({ type }) => {
    if (type === 'opened') void waiting.abort();
  });
  const startedAt = harness.clock.now();
  await expect(harness.runUntilSettled(waiting.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(harness.clock.now() - startedAt).toBeLessThan(60_000);
  await harness.runUntilSettled(slow.abort());
});
