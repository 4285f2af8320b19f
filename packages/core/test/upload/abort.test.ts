import type { Upload } from '@partway/core';
import type { ObjectStore } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { expectNothingLeft, expectStored } from '../stages/assertions.ts';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(23);
const bytes = new Uint8Array(8 * PART).map(() => random.next() * 256);
const source = createInMemorySource(bytes);
const small = createInMemorySource(bytes.slice(0, 10));
const options = { partSize: PART, concurrency: 4 };
const ACCESS_DENIED = { kind: 'refuse', status: 403, code: 'AccessDenied' } as const;

function createSlowHarness(): Harness {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
  return harness;
}

test('abort while parts are in flight rejects with `aborted` and leaves nothing', async () => {
  const harness = createSlowHarness();
  const running = harness.start(source, options);
  let aborting = Promise.resolve();
  running.subscribe((event) => {
    if (event.type === 'part-confirmed') aborting = running.abort();
  });
  await expect(harness.runUntilSettled(running.result)).rejects.toMatchObject({ code: 'aborted' });
  await aborting;
  expectNothingLeft(harness);
  expect(harness.countPendingTimers()).toBe(0);
});

test('an aborted signal rejects with `aborted` and its reason before any request', async () => {
  const harness = createHarness();
  const { result } = harness.start(source, { signal: AbortSignal.abort('enough') });
  const error = { code: 'aborted', cause: 'enough' };
  await expect(harness.runUntilSettled(result)).rejects.toMatchObject(error);
  expect(harness.operations).toEqual([]);
});

test('abort of one upload does not affect others, and the aborted one does not complete [pain-18]', async () => {
  const harness = createSlowHarness();
  const aborted = harness.start(source, { ...options, key: 'aborted' });
  const kept = harness.start(source, options);
  let aborting = Promise.resolve();
  let later: Upload | undefined;
  afterParts(aborted, 3, () => {
    aborting = aborted.abort();
    later = harness.start(source, { ...options, key: 'later' });
  });
  await expect(harness.runUntilSettled(aborted.result)).rejects.toMatchObject({ code: 'aborted' });
  await harness.runUntilSettled(Promise.all([aborting, kept.result, later?.result]));
  expect(harness.model.keys(BUCKET)).toEqual(['later', KEY]);
  await expectStored(harness, bytes);
  await expectStored(harness, bytes, 'later');
});

test('after abort has resolved no request is sent, and OSS has no upload [pain-18]', async () => {
  const harness = createSlowHarness();
  const upload = harness.start(source, options);
  const aborting = new Promise<void>((resolve) => {
    afterParts(upload, 3, () => resolve(upload.abort()));
  });
  await harness.runUntilSettled(aborting);
  const sent = harness.operations.length;
  expect(harness.model.uploads(BUCKET)).toEqual([]);
  expect(harness.countPendingTimers()).toBe(0);
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(harness.operations).toHaveLength(sent);
});

test('abort while Complete is in flight does not stop the upload', async () => {
  const harness = createHarness();
  const slow = harness.faults.add({
    operation: 'CompleteMultipartUpload',
    effect: { kind: 'latency', ms: 1000 },
  });
  const running = harness.start(source, options);
  const aborting = slow.whenFired().then(() => running.abort());
  expect(await harness.runUntilSettled(running.result)).toMatchObject({ size: bytes.length });
  await aborting;
  expect(harness.operations).not.toContain('AbortMultipartUpload');
});

test('abort while Complete is in flight waits for its outcome, also after a lost response', async () => {
  const harness = createHarness();
  const { faults } = harness;
  const lost = faults.add({
    operation: 'CompleteMultipartUpload',
    times: 1,
    effect: { kind: 'dropResponse' },
  });
  faults.add({
    operation: 'HeadObject',
    times: 1,
    effect: { kind: 'refuse', status: 503, code: 'ServiceUnavailable' },
  });
  const upload = harness.start(source, options);
  const aborting = lost.whenFired().then(() => upload.abort());
  expect(await harness.runUntilSettled(upload.result)).toMatchObject({ size: bytes.length });
  await aborting;
  await expectStored(harness, bytes);
});

test('abort during Initiate leaves no upload [pain-37]', async () => {
  const harness = createHarness();
  const slow = harness.faults.add({
    operation: 'InitiateMultipartUpload',
    effect: { kind: 'latency', ms: 150 },
  });
  const upload = harness.start(source, options);
  const aborting = slow.whenFired().then(() => upload.abort());
  await expect(harness.runUntilSettled(upload.result)).rejects.toMatchObject({ code: 'aborted' });
  await aborting;
  expect(harness.operations).toContain('InitiateMultipartUpload');
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('abort after an Initiate with a lost response leaves no upload', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'InitiateMultipartUpload', times: 1, effect: { kind: 'dropResponse' } });
  const upload = harness.start(source, options);
  upload.subscribe((event) => {
    if (event.type === 'retrying') void upload.abort();
  });
  await expect(harness.runUntilSettled(upload.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('a failed AbortMultipartUpload is retried until OSS has no upload [pain-28]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: ACCESS_DENIED });
  harness.faults.add({
    operation: 'AbortMultipartUpload',
    times: 2,
    effect: { kind: 'refuse', status: 503, code: 'ServiceUnavailable' },
  });
  const failing = harness.runUntilSettled(harness.start(source, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'access_denied' });
  expectNothingLeft(harness);
});

test('a permanently refused AbortMultipartUpload is reported beside the original error [pain-28]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: ACCESS_DENIED });
  harness.faults.add({ operation: 'AbortMultipartUpload', effect: ACCESS_DENIED });
  const failing = harness.runUntilSettled(harness.start(source, options).result);
  await expect(failing).rejects.toMatchObject({
    code: 'access_denied',
    context: { operation: 'UploadPart' },
  });
  expect(harness.events).toContainEqual(
    expect.objectContaining({
      type: 'cleanup-failed',
      error: expect.objectContaining({
        context: expect.objectContaining({ operation: 'AbortMultipartUpload' }),
      }),
    }),
  );
});

test('a failed PutObject removes every version of its object', async () => {
  const harness = createHarness();
  await harness.model.setVersioning(BUCKET, 'Enabled');
  harness.faults.add({ operation: 'PutObject', times: 1, effect: { kind: 'dropResponse' } });
  harness.faults.add({ operation: 'HeadObject', times: 1, effect: ACCESS_DENIED });
  await expect(harness.runUntilSettled(harness.start(small).result)).rejects.toMatchObject({
    code: 'access_denied',
  });
  expect(harness.model.object(BUCKET, KEY)).toBeUndefined();
});

test('abort does not wait for a signer that never responds', async () => {
  const harness = createHarness();
  const never = () => new Promise<never>(() => undefined);
  const store: ObjectStore = { ...harness.store, presign: never, presignParts: never };
  const plane = harness.createCoordinatorFor(store);
  const upload = harness.startWithControlPlane(plane, small);
  upload.subscribe(() => undefined);
  while (upload.snapshot().phase === 'opening') {
    await new Promise((resolve) => setImmediate(resolve));
    harness.clock.wakeNext();
  }
  await Promise.all([
    expect(upload.result).rejects.toMatchObject({ code: 'aborted' }),
    harness.runUntilSettled(upload.abort()),
  ]);
});

function afterParts(upload: Upload, partCount: number, then: () => void): void {
  let confirmed = 0;
  upload.subscribe((event) => {
    if (event.type !== 'part-confirmed') return;
    confirmed += 1;
    if (confirmed === partCount) then();
  });
}
