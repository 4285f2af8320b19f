import type { Upload, Uploader } from '@partway/core';
import { createUploader } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(17);
const bytes = new Uint8Array(60 * PART).map(() => random.next() * 256);

function begin(harness: Harness, uploader: Uploader, key: string, size: number): Upload {
  const ports = harness.createPorts(createInMemorySource(bytes.subarray(0, size)));
  return uploader.start(ports, { key, partSize: PART, concurrency: 8 });
}

test('many uploads share one budget of requests, and each starts with a permit [pain-10] [pain-23]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 50 } });
  const uploader = createUploader({ concurrency: 4, filesMax: 3 });
  const uploads = Array.from({ length: 12 }, (_, n) => begin(harness, uploader, `file-${n}`, 3 * PART));
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
  const large = begin(harness, uploader, 'large', bytes.length);
  const ended: string[] = [];
  const small = Array.from({ length: 20 }, (_, n) => begin(harness, uploader, `small-${n}`, 20_000));
  for (const upload of small) void upload.result.then(() => ended.push('small'));
  void large.result.then(() => ended.push('large'));
  await harness.runUntilSettled(Promise.all([large, ...small].map(({ result }) => result)));
  // One of each turn of two: the large one's 60 parts leave room for more than 20 small ones.
  expect(ended.indexOf('large')).toBeGreaterThan(10);
});

test('while an upload is being completed the next one sends', async () => {
  const harness = createHarness();
  for (const operation of ['PutObject', 'HeadObject'] as const) {
    harness.faults.add({ operation, effect: { kind: 'latency', ms: 50 } });
  }
  const uploader = createUploader({ filesMax: 1 });
  const startedAt = harness.clock.now();
  const uploads = Array.from({ length: 10 }, (_, n) => begin(harness, uploader, `small-${n}`, 20_000));
  await harness.runUntilSettled(Promise.all(uploads.map(({ result }) => result)));
  // One after another they would take 100 ms each.
  expect(harness.clock.now() - startedAt).toBe(11 * 50);
});

test('without filesMax twice as many uploads start as requests are in flight', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 50 } });
  const uploader = createUploader({ concurrency: 2 });
  const uploads = Array.from({ length: 20 }, (_, n) => begin(harness, uploader, `file-${n}`, 6 * PART));
  let begunMax = 0;
  for (const upload of uploads) {
    upload.subscribe(() => {
      begunMax = Math.max(begunMax, harness.model.uploads(BUCKET).length);
    });
  }
  let begunByTwo: number | undefined;
  uploads[0]?.subscribe(({ type }) => {
    if (type !== 'part-confirmed' || begunByTwo !== undefined) return;
    begunByTwo = begunMax;
    uploader.setConcurrency(5);
  });
  await harness.runUntilSettled(Promise.all(uploads.map(({ result }) => result)));
  expect([begunByTwo, begunMax]).toEqual([4, 10]);
});

test('an upload that waits for its turn can be aborted, and one that is paused gives its turn away', async () => {
  const harness = createHarness();
  const uploader = createUploader({ filesMax: 1 });
  const first = begin(harness, uploader, 'first', 3 * PART);
  const second = begin(harness, uploader, 'second', 3 * PART);
  const third = begin(harness, uploader, 'third', 3 * PART);
  first.pause();
  await Promise.all([harness.runUntilSettled(second.abort()), harness.runUntilSettled(third.result)]);
  await expect(second.result).rejects.toMatchObject({ code: 'aborted' });
  expect(first.snapshot().phase).toBe('paused');
  first.resume();
  await harness.runUntilSettled(first.result);
  expect(harness.model.keys(BUCKET)).toEqual(['first', 'third']);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('setConcurrency lowers and raises the requests in flight', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 50 } });
  const uploader = createUploader({ concurrency: 2 });
  const upload = begin(harness, uploader, 'file', 30 * PART);
  let confirmed = 0;
  upload.subscribe(({ type }) => {
    if (type === 'part-confirmed' && ++confirmed === 10) uploader.setConcurrency(6);
  });
  await harness.runUntilSettled(upload.result);
  expect(Math.max(...harness.partsInFlight.slice(0, 10))).toBe(2);
  expect(Math.max(...harness.partsInFlight)).toBe(6);
});

test('a budget is a number in its bounds, and memory bounds the requests too', async () => {
  expect(() => createUploader({ concurrency: 0 })).toThrow(
    /^concurrency must be a whole number from 1 to 256/,
  );
  expect(() => createUploader({ filesMax: 0 })).toThrow(/^filesMax must be/);
  expect(() => createUploader({ memoryMax: 1 })).toThrow(/^memoryMax must be/);
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 50 } });
  const uploader = createUploader({ concurrency: 16, memoryMax: 12 * 1024 ** 2 });
  await harness.runUntilSettled(begin(harness, uploader, 'file', 12 * PART).result);
  expect(Math.max(...harness.partsInFlight)).toBe(3);
});

test('an abort waits for no slot that others hold', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 60_000 } });
  const uploader = createUploader({ concurrency: 2 });
  const slow = begin(harness, uploader, 'slow', 8 * PART);
  const waiting = begin(harness, uploader, 'waiting', 8 * PART);
  waiting.subscribe(({ type }) => {
    if (type === 'opened') void waiting.abort();
  });
  const startedAt = harness.clock.now();
  await expect(harness.runUntilSettled(waiting.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(harness.clock.now() - startedAt).toBeLessThan(60_000);
  await harness.runUntilSettled(slow.abort());
});
