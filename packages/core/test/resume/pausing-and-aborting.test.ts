import type { Upload, UploadOptions } from '@partway/core';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

// Problems that users of upload tools report about cancel, pause and resume: docs/explanation/reported-problems.md.

const PART = 102_400;
const random = createSeededRandom(23);
const bytes = new Uint8Array(20 * PART).map(() => random.next() * 256);
const options: Partial<UploadOptions> = { partSize: PART, concurrency: 4 };
const source = createInMemorySource(bytes);

function createSlowHarness(): Harness {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
  return harness;
}

async function expectStored({ model }: Harness, key = KEY): Promise<void> {
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
  const harness = createSlowHarness();
  const cancelled = harness.start(source, { ...options, key: 'cancelled' });
  const kept = harness.start(source, options);
  let aborting = Promise.resolve();
  let later: Upload | undefined;
  afterParts(cancelled, 3, () => {
    aborting = cancelled.abort();
    later = harness.start(source, { ...options, key: 'later' });
  });
  await expect(harness.runUntilSettled(cancelled.result)).rejects.toMatchObject({ code: 'aborted' });
  await harness.runUntilSettled(Promise.all([aborting, kept.result, later?.result]));
  expect(harness.model.keys(BUCKET)).toEqual(['later', KEY]);
  await expectStored(harness);
  await expectStored(harness, 'later');
});

test('once an abort has resolved nothing is sent any more, and OSS knows nothing of the upload [pain-18]', async () => {
  const harness = createSlowHarness();
  const upload = harness.start(source, options);
  const aborting = new Promise<void>((resolve) => {
    afterParts(upload, 3, () => resolve(upload.abort()));
  });
  await harness.runUntilSettled(aborting);
  const sent = harness.operations.length;
  expect(harness.model.uploads(BUCKET)).toEqual([]);
  expect(harness.countPendingTimers()).toBe(0);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(harness.operations).toHaveLength(sent);
});

test.each([1, 2, 3])(
  'pauses and resumes in quick succession (seed %i) complete once, and lose no part [pain-18] [pain-40]',
  async (seed) => {
    const harness = createSlowHarness();
    const chance = createSeededRandom(seed);
    const upload = harness.start(source, options);
    upload.subscribe((event) => {
      if (event.type === 'paused') upload.resume();
      if (event.type !== 'part-confirmed') return;
      const drawn = chance.next();
      if (drawn < 0.2) upload.pause();
      if (drawn < 0.1) upload.resume();
      if (drawn < 0.05) upload.pause();
    });
    await harness.runUntilSettled(upload.result);
    expect(harness.events.some((event) => event.type === 'paused')).toBe(true);
    const completions = harness.operations.filter((name) => name === 'CompleteMultipartUpload');
    expect(completions).toHaveLength(1);
    expect(harness.operations.filter((name) => name === 'InitiateMultipartUpload')).toHaveLength(1);
    await expectStored(harness);
  },
);

test('an upload can be resumed after its first part failed [pain-12]', async () => {
  const harness = createHarness();
  const fault = harness.faults.add({
    operation: 'UploadPart',
    partNumber: 1,
    effect: { kind: 'resetAfterBytes', bytes: 1 },
  });
  const few = { ...options, concurrency: 1, retry: { attemptsMax: 2 } };
  const failing = harness.runUntilSettled(harness.start(source, few, true).result);
  await expect(failing).rejects.toMatchObject({ code: 'network' });
  expect(await harness.checkpoints.list()).toHaveLength(1);
  fault.remove();
  await harness.runUntilSettled(harness.start(source, few, true).result);
  expect(harness.operations.filter((name) => name === 'InitiateMultipartUpload')).toHaveLength(1);
  await expectStored(harness);
});

test('a part that OSS lost is sent again, whatever was confirmed before [pain-15]', async () => {
  const harness = createHarness();
  const fault = harness.faults.add({
    operation: 'UploadPart',
    partNumber: 9,
    effect: { kind: 'resetAfterBytes', bytes: 1 },
  });
  const few = { ...options, concurrency: 1, retry: { attemptsMax: 2 } };
  await harness.runUntilSettled(harness.start(source, few, true).result).catch(() => undefined);
  fault.remove();
  const uploadId = harness.model.uploads(BUCKET)[0]?.uploadId ?? '';
  await harness.model.removePart({ bucket: BUCKET, key: KEY, uploadId, partNumber: 5 });
  harness.operations.length = 0;
  await harness.runUntilSettled(harness.start(source, few, true).result);
  expect(harness.operations).toContain('UploadPart 5');
  expect(harness.operations).not.toContain('UploadPart 4');
  await expectStored(harness);
});
