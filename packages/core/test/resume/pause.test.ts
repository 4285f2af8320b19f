import type { Source } from '@partway/core/ports';
import { startUpload } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { countRequests, listSentParts } from '../stages/assertions.ts';
import { BUCKET, createHarness, KEY } from '../stages/harness.ts';
import { bytes, expectCompleted, PART, startResumable } from './interrupted-upload.ts';

test('pause stops all requests, resume sends no confirmed part again', async () => {
  const harness = createHarness();
  const upload = startResumable(harness);
  const unsubscribe = upload.subscribe((event) => {
    if (event.type === 'part-confirmed' && event.partNumber === 3) upload.pause();
    if (event.type === 'paused') harness.operations.push('paused');
  });
  while (upload.snapshot().phase !== 'paused') await new Promise((resolve) => setImmediate(resolve));
  expect(harness.operations.at(-1)).toBe('paused');
  expect(upload.snapshot()).toMatchObject({ confirmedBytes: 3 * PART, sentBytes: 3 * PART });
  expect(harness.countPendingTimers()).toBe(0);
  unsubscribe();
  upload.resume();
  await harness.runUntilSettled(upload.result);
  expect(new Set(listSentParts(harness)).size).toBe(listSentParts(harness).length);
  expect(upload.snapshot()).toMatchObject({ phase: 'completed', confirmedBytes: bytes.length });
  await expectCompleted(harness);
});

test('resume after a pause continues the same upload, also with `resume: false`', async () => {
  const harness = createHarness();
  const upload = startResumable(harness, { resume: false });
  let hasPaused = false;
  upload.subscribe((event) => {
    if (event.type === 'part-confirmed' && event.partNumber === 3 && !hasPaused) upload.pause();
    if (event.type !== 'paused') return;
    hasPaused = true;
    upload.resume();
  });
  await harness.runUntilSettled(upload.result);
  expect(countRequests(harness, 'InitiateMultipartUpload')).toBe(1);
  expect(new Set(listSentParts(harness)).size).toBe(listSentParts(harness).length);
  await expectCompleted(harness);
});

test('pause during Initiate leaves no second upload [pain-40]', async () => {
  const harness = createHarness();
  const slow = harness.faults.add({
    operation: 'InitiateMultipartUpload',
    effect: { kind: 'latency', ms: 500 },
  });
  const upload = startResumable(harness);
  upload.subscribe((event) => {
    if (event.type === 'paused') upload.resume();
  });
  const pausing = slow.whenFired().then(() => upload.pause());
  await harness.runUntilSettled(upload.result);
  await pausing;
  expect(countRequests(harness, 'InitiateMultipartUpload')).toBe(1);
  await expectCompleted(harness);
});

test.each([1, 2, 3])(
  'rapid pause and resume (seed %i) completes once without losing a part [pain-18] [pain-40]',
  async (seed) => {
    const harness = createHarness();
    harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
    const content = new Uint8Array(20 * PART).map((_, index) => index % 251);
    const source = createInMemorySource(content);
    const chance = createSeededRandom(seed);
    const upload = startResumable(harness, { concurrency: 4 }, source);
    upload.subscribe((event) => {
      if (event.type === 'paused') upload.resume();
      if (event.type !== 'part-confirmed') return;
      const value = chance.next();
      if (value < 0.2) upload.pause();
      if (value < 0.1) upload.resume();
      if (value < 0.05) upload.pause();
    });
    await harness.runUntilSettled(upload.result);
    expect(harness.events.some((event) => event.type === 'paused')).toBe(true);
    expect(countRequests(harness, 'CompleteMultipartUpload')).toBe(1);
    expect(countRequests(harness, 'InitiateMultipartUpload')).toBe(1);
    await expectCompleted(harness, content);
  },
);

test('abort while paused leaves nothing', async () => {
  const harness = createHarness();
  const upload = startResumable(harness);
  upload.subscribe((event) => {
    if (event.type === 'part-confirmed') upload.pause();
    if (event.type === 'paused') void upload.abort();
  });
  await expect(harness.runUntilSettled(upload.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
  expect(await harness.checkpoints.list()).toEqual([]);
});

test.each([
  ['changes', async (): Promise<Source> => createInMemorySource(bytes.map((byte) => byte ^ 1))],
  ['disappears', async (): Promise<Source> => Promise.reject(new Error('ENOENT'))],
])('abort removes a paused upload when its source %s during the pause', async (_, reopen) => {
  const harness = createHarness();
  let open = async (): Promise<Source> => createInMemorySource(bytes);
  const ports = { ...harness.createPorts(createInMemorySource(bytes)), checkpoints: harness.checkpoints };
  const upload = startUpload({ ...ports, openSource: () => open() }, { key: KEY, partSize: PART });
  upload.subscribe((event) => {
    if (event.type === 'part-confirmed') upload.pause();
    if (event.type === 'paused') {
      open = reopen;
      void upload.abort();
    }
  });
  await expect(harness.runUntilSettled(upload.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
  expect(await harness.checkpoints.list()).toEqual([]);
});
