import type { Upload, UploadOptions } from '@partway/core';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createWorld, KEY, type World } from '../stages/world.ts';

// Problems that users of upload tools report about cancel, pause and resume: docs/explanation/reported-problems.md.

const PART = 102_400;
const random = createSeededRandom(23);
const bytes = new Uint8Array(20 * PART).map(() => random.next() * 256);
const options: Partial<UploadOptions> = { partSize: PART, concurrency: 4 };
const source = createInMemorySource(bytes);

function createSlowWorld(): World {
  const world = createWorld();
  world.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
  return world;
}

async function expectStored({ model }: World, key = KEY): Promise<void> {
  const stored = await model.object(BUCKET, key)?.bytes();
  expect(stored !== undefined && Buffer.compare(stored, bytes) === 0).toBe(true);
  expect(model.uploads(BUCKET)).toEqual([]);
}

function afterParts(upload: Upload, partCount: number, then: () => void): void {
  let confirmed = 0;
  upload.subscribe((event) => {
    if (event.type !== 'part-confirmed') return;
    confirmed += 1;
    if (confirmed === partCount) then();
  });
}

test('cancelling one upload leaves the others alone, and the cancelled one does not complete [pain-18]', async () => {
  const world = createSlowWorld();
  const cancelled = world.start(source, { ...options, key: 'cancelled' });
  const kept = world.start(source, options);
  let aborting = Promise.resolve();
  let later: Upload | undefined;
  afterParts(cancelled, 3, () => {
    aborting = cancelled.abort();
    later = world.start(source, { ...options, key: 'later' });
  });
  await expect(world.settled(cancelled.result)).rejects.toMatchObject({ code: 'aborted' });
  await world.settled(Promise.all([aborting, kept.result, later?.result]));
  expect(world.model.keys(BUCKET)).toEqual(['later', KEY]);
  await expectStored(world);
  await expectStored(world, 'later');
});

test('once an abort has resolved nothing is sent any more, and OSS knows nothing of the upload [pain-18]', async () => {
  const world = createSlowWorld();
  const upload = world.start(source, options);
  const aborting = new Promise<void>((resolve) => {
    afterParts(upload, 3, () => resolve(upload.abort()));
  });
  await world.settled(aborting);
  const sent = world.operations.length;
  expect(world.model.uploads(BUCKET)).toEqual([]);
  expect(world.sleepersLeft()).toBe(0);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(world.operations).toHaveLength(sent);
});

test.each([1, 2, 3])(
  'pauses and resumes in quick succession (seed %i) complete once, and lose no part [pain-18] [pain-40]',
  async (seed) => {
    const world = createSlowWorld();
    const chance = createSeededRandom(seed);
    const upload = world.start(source, options);
    upload.subscribe((event) => {
      if (event.type === 'paused') upload.resume();
      if (event.type !== 'part-confirmed') return;
      const drawn = chance.next();
      if (drawn < 0.2) upload.pause();
      if (drawn < 0.1) upload.resume();
      if (drawn < 0.05) upload.pause();
    });
    await world.settled(upload.result);
    expect(world.events.some((event) => event.type === 'paused')).toBe(true);
    const completions = world.operations.filter((name) => name === 'CompleteMultipartUpload');
    expect(completions).toHaveLength(1);
    expect(world.operations.filter((name) => name === 'InitiateMultipartUpload')).toHaveLength(1);
    await expectStored(world);
  },
);

test('an upload can be resumed after its first part failed [pain-12]', async () => {
  const world = createWorld();
  const fault = world.faults.add({
    operation: 'UploadPart',
    partNumber: 1,
    effect: { kind: 'resetAfterBytes', bytes: 1 },
  });
  const few = { ...options, concurrency: 1, retry: { attemptsMax: 2 } };
  const failing = world.settled(world.start(source, few, true).result);
  await expect(failing).rejects.toMatchObject({ code: 'network' });
  expect(await world.checkpoints.list()).toHaveLength(1);
  fault.remove();
  await world.settled(world.start(source, few, true).result);
  expect(world.operations.filter((name) => name === 'InitiateMultipartUpload')).toHaveLength(1);
  await expectStored(world);
});

test('a part that OSS lost is sent again, whatever was confirmed before [pain-15]', async () => {
  const world = createWorld();
  const fault = world.faults.add({
    operation: 'UploadPart',
    partNumber: 9,
    effect: { kind: 'resetAfterBytes', bytes: 1 },
  });
  const few = { ...options, concurrency: 1, retry: { attemptsMax: 2 } };
  await world.settled(world.start(source, few, true).result).catch(() => undefined);
  fault.remove();
  const uploadId = world.model.uploads(BUCKET)[0]?.uploadId ?? '';
  await world.model.removePart({ bucket: BUCKET, key: KEY, uploadId, partNumber: 5 });
  world.operations.length = 0;
  await world.settled(world.start(source, few, true).result);
  expect(world.operations).toContain('UploadPart 5');
  expect(world.operations).not.toContain('UploadPart 4');
  await expectStored(world);
});
