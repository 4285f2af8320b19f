import type { ControlPlane, UploadOptions } from '@partway/core';
import { createPartBody, type Source } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

// Problems that users of upload tools report about parts in flight and Complete: docs/explanation/reported-problems.md.

const PART = 102_400;
const MINUTE = 60_000;
const random = createSeededRandom(19);
const bytes = new Uint8Array(8 * PART).map(() => random.next() * 256);
const options: Partial<UploadOptions> = { partSize: PART };
const source = createInMemorySource(bytes);

function count({ operations }: Harness, name: string): number {
  return operations.filter((operation) => operation.startsWith(name)).length;
}

async function isStored({ model }: Harness, content: Uint8Array): Promise<boolean> {
  const stored = await model.object(BUCKET, KEY)?.bytes();
  return stored !== undefined && Buffer.compare(stored, content) === 0;
}

test('a failed callback is callback_failed, and the object is kept [pain-8]', async () => {
  const harness = createHarness();
  harness.faults.add({
    operation: 'CompleteMultipartUpload',
    effect: { kind: 'errorIn200', code: 'CallbackFailed', afterHandling: true },
  });
  const failing = harness.runUntilSettled(harness.start(source, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'callback_failed', disposition: 'permanent' });
  expect(await isStored(harness, bytes)).toBe(true);
  expect(harness.operations).not.toContain('AbortMultipartUpload');
  expect(harness.operations).not.toContain('DeleteObject');
});

test('a Complete of minutes reports its phase and does not count as stalled [pain-9]', async () => {
  const harness = createHarness();
  const slow = harness.faults.add({
    operation: 'CompleteMultipartUpload',
    effect: { kind: 'latency', ms: 10 * MINUTE },
  });
  const upload = harness.start(source, options);
  const seen = slow.whenFired().then(() => upload.snapshot());
  await harness.runUntilSettled(upload.result);
  expect(await seen).toMatchObject({ phase: 'completing', confirmedBytes: bytes.length });
  expect(harness.events.filter((event) => event.type === 'retrying')).toEqual([]);
  expect(count(harness, 'CompleteMultipartUpload')).toBe(1);
});

test('a list of parts that leaves one out makes no short object [pain-31]', async () => {
  const harness = createHarness();
  const forgetful: ControlPlane = {
    ...harness.controlPlane,
    complete: ({ receipts, ...request }) =>
      harness.controlPlane.complete({ ...request, receipts: receipts.slice(0, -1) }),
  };
  const failing = harness.runUntilSettled(harness.startWithControlPlane(forgetful, source, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'refused', disposition: 'permanent' });
  expect(harness.operations).not.toContain('CompleteMultipartUpload');
  expect(harness.model.object(BUCKET, KEY)).toBeUndefined();
});

test('an InvalidPart at Complete, again and again, ends the upload [pain-36]', async () => {
  const harness = createHarness();
  harness.faults.add({
    operation: 'CompleteMultipartUpload',
    effect: { kind: 'refuse', status: 400, code: 'InvalidPart' },
  });
  const failing = harness.runUntilSettled(
    harness.start(source, { ...options, retry: { attemptsMax: 3 } }).result,
  );
  await expect(failing).rejects.toMatchObject({ code: 'part_missing' });
  expect(count(harness, 'CompleteMultipartUpload')).toBeLessThanOrEqual(5);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('parts travel side by side, not one after another [pain-10]', async () => {
  const harness = createHarness();
  const startedAt = harness.clock.now();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 200 } });
  await harness.runUntilSettled(harness.start(source, { ...options, concurrency: 8 }).result);
  expect(harness.partsInFlight).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(harness.clock.now() - startedAt).toBe(200);
});

test('forty parts are sent with limited concurrency by default [pain-23]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
  const forty = createInMemorySource(new Uint8Array(40 * PART));
  await harness.runUntilSettled(harness.start(forty, options).result);
  expect(count(harness, 'UploadPart')).toBe(40);
  expect(Math.max(...harness.partsInFlight)).toBe(16);
});

test('no pass over the file comes before its first part: every byte is read once [pain-24]', async () => {
  const harness = createHarness();
  let readBytes = 0;
  const readAt: number[] = [];
  async function* read(offset: number, size: number): AsyncGenerator<Uint8Array> {
    readBytes += size;
    yield bytes.subarray(offset, offset + size);
  }
  const counting: Source = {
    ...source,
    part: (offset, size) => createPartBody({ size, read: () => read(offset, size) }),
  };
  const onEvent = (): void => void readAt.push(readBytes);
  const upload = harness.start(counting, { ...options, concurrency: 1, onEvent });
  await harness.runUntilSettled(upload.result);
  expect(readAt[0]).toBe(0);
  expect(readBytes).toBe(bytes.length);
  expect(await isStored(harness, bytes)).toBe(true);
});

test('a part refused for good stops the others [pain-47]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
  harness.faults.add({
    operation: 'UploadPart',
    partNumber: 1,
    effect: { kind: 'refuse', status: 403, code: 'AccessDenied' },
  });
  const failing = harness.runUntilSettled(harness.start(source, { ...options, concurrency: 2 }).result);
  await expect(failing).rejects.toMatchObject({ code: 'access_denied', context: { partNumber: 1 } });
  expect(count(harness, 'UploadPart')).toBe(2);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('an upload that failed leaves the next one whole [pain-35]', async () => {
  const harness = createHarness();
  const fault = harness.faults.add({
    operation: 'UploadPart',
    partNumber: 2,
    effect: { kind: 'refuse', status: 400, code: 'InvalidArgument' },
  });
  const failing = harness.runUntilSettled(harness.start(source, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'refused' });
  fault.remove();
  await harness.runUntilSettled(harness.start(source, options).result);
  expect(await isStored(harness, bytes)).toBe(true);
});

test('two files of one name and one size, uploaded at once, never mix [pain-14]', async () => {
  const harness = createHarness();
  const other = bytes.map((byte) => byte ^ 0xff);
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
  const first = harness.start(source, options);
  const second = harness.start(createInMemorySource(other), options);
  const [one, two] = await harness.runUntilSettled(Promise.all([first.result, second.result]));
  expect(one.crc64).not.toBe(two.crc64);
  const last = harness.model.object(BUCKET, KEY)?.crc64 === one.crc64 ? bytes : other;
  expect(await isStored(harness, last)).toBe(true);
});
