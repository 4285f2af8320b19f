import type { Upload, Uploader } from '@partway/core';
import { createUploader } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createWorld, type World } from '../stages/world.ts';

const PART = 102_400;
const random = createSeededRandom(17);
const bytes = new Uint8Array(60 * PART).map(() => random.next() * 256);

function begin(world: World, uploader: Uploader, key: string, size: number): Upload {
  const ports = world.portsOf(createInMemorySource(bytes.subarray(0, size)));
  return uploader.start(ports, { key, partSize: PART, concurrency: 8 });
}

test('many uploads share one budget of requests, and each starts with a permit [pain-10] [pain-23]', async () => {
  const world = createWorld();
  world.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 50 } });
  const uploader = createUploader({ concurrency: 4, filesMax: 3 });
  const uploads = Array.from({ length: 12 }, (_, n) => begin(world, uploader, `file-${n}`, 3 * PART));
  let uploadsMax = 0;
  for (const upload of uploads) {
    upload.subscribe(() => {
      uploadsMax = Math.max(uploadsMax, world.model.uploads(BUCKET).length);
    });
  }
  await world.settled(Promise.all(uploads.map(({ result }) => result)));
  expect(Math.max(...world.partsInFlight)).toBe(4);
  expect(uploadsMax).toBe(3);
  expect(world.model.keys(BUCKET)).toHaveLength(12);
});

test('a large file does not starve the small ones [pain-23]', async () => {
  const world = createWorld();
  for (const operation of ['UploadPart', 'PutObject'] as const) {
    world.faults.add({ operation, effect: { kind: 'latency', ms: 50 } });
  }
  const uploader = createUploader({ concurrency: 4, filesMax: 2 });
  const large = begin(world, uploader, 'large', bytes.length);
  const ended: string[] = [];
  const small = Array.from({ length: 20 }, (_, n) => begin(world, uploader, `small-${n}`, 20_000));
  for (const upload of small) void upload.result.then(() => ended.push('small'));
  void large.result.then(() => ended.push('large'));
  await world.settled(Promise.all([large, ...small].map(({ result }) => result)));
  // One of each turn of two: the large one's 60 parts leave room for more than 20 small ones.
  expect(ended.indexOf('large')).toBeGreaterThan(10);
});

test('while an upload is being completed the next one sends', async () => {
  const world = createWorld();
  for (const operation of ['PutObject', 'HeadObject'] as const) {
    world.faults.add({ operation, effect: { kind: 'latency', ms: 50 } });
  }
  const uploader = createUploader({ filesMax: 1 });
  const startedAt = world.clock.now();
  const uploads = Array.from({ length: 10 }, (_, n) => begin(world, uploader, `small-${n}`, 20_000));
  await world.settled(Promise.all(uploads.map(({ result }) => result)));
  // One after another they would take 100 ms each.
  expect(world.clock.now() - startedAt).toBe(11 * 50);
});

test('without filesMax twice as many uploads start as requests are in flight', async () => {
  const world = createWorld();
  world.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 50 } });
  const uploader = createUploader({ concurrency: 2 });
  const uploads = Array.from({ length: 20 }, (_, n) => begin(world, uploader, `file-${n}`, 6 * PART));
  let begunMax = 0;
  for (const upload of uploads) {
    upload.subscribe(() => {
      begunMax = Math.max(begunMax, world.model.uploads(BUCKET).length);
    });
  }
  let begunByTwo: number | undefined;
  uploads[0]?.subscribe(({ type }) => {
    if (type !== 'part-confirmed' || begunByTwo !== undefined) return;
    begunByTwo = begunMax;
    uploader.setConcurrency(5);
  });
  await world.settled(Promise.all(uploads.map(({ result }) => result)));
  expect([begunByTwo, begunMax]).toEqual([4, 10]);
});

test('an upload that waits for its turn can be aborted, and one that is paused gives its turn away', async () => {
  const world = createWorld();
  const uploader = createUploader({ filesMax: 1 });
  const first = begin(world, uploader, 'first', 3 * PART);
  const second = begin(world, uploader, 'second', 3 * PART);
  const third = begin(world, uploader, 'third', 3 * PART);
  first.pause();
  await Promise.all([world.settled(second.abort()), world.settled(third.result)]);
  await expect(second.result).rejects.toMatchObject({ code: 'aborted' });
  expect(first.snapshot().phase).toBe('paused');
  first.resume();
  await world.settled(first.result);
  expect(world.model.keys(BUCKET)).toEqual(['first', 'third']);
  expect(world.model.uploads(BUCKET)).toEqual([]);
});

test('setConcurrency lowers and raises the requests in flight', async () => {
  const world = createWorld();
  world.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 50 } });
  const uploader = createUploader({ concurrency: 2 });
  const upload = begin(world, uploader, 'file', 30 * PART);
  let confirmed = 0;
  upload.subscribe(({ type }) => {
    if (type === 'part-confirmed' && ++confirmed === 10) uploader.setConcurrency(6);
  });
  await world.settled(upload.result);
  expect(Math.max(...world.partsInFlight.slice(0, 10))).toBe(2);
  expect(Math.max(...world.partsInFlight)).toBe(6);
});

test('a budget is a number in its bounds, and memory bounds the requests too', async () => {
  expect(() => createUploader({ concurrency: 0 })).toThrow(
    /^concurrency must be a whole number from 1 to 256/,
  );
  expect(() => createUploader({ filesMax: 0 })).toThrow(/^filesMax must be/);
  expect(() => createUploader({ memoryMax: 1 })).toThrow(/^memoryMax must be/);
  const world = createWorld();
  world.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 50 } });
  const uploader = createUploader({ concurrency: 16, memoryMax: 12 * 1024 ** 2 });
  await world.settled(begin(world, uploader, 'file', 12 * PART).result);
  expect(Math.max(...world.partsInFlight)).toBe(3);
});

test('an abort waits for no slot that others hold', async () => {
  const world = createWorld();
  world.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 60_000 } });
  const uploader = createUploader({ concurrency: 2 });
  const slow = begin(world, uploader, 'slow', 8 * PART);
  const waiting = begin(world, uploader, 'waiting', 8 * PART);
  waiting.subscribe(({ type }) => {
    if (type === 'opened') void waiting.abort();
  });
  const startedAt = world.clock.now();
  await expect(world.settled(waiting.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(world.clock.now() - startedAt).toBeLessThan(60_000);
  await world.settled(slow.abort());
});
