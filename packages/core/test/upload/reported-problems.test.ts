import type { ControlPlane, UploadOptions } from '@partway/core';
import { createPartBody, type Source } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createWorld, KEY, type World } from '../stages/world.ts';

// Problems that users of upload tools report about parts in flight and Complete: docs/explanation/reported-problems.md.

const PART = 102_400;
const MINUTE = 60_000;
const random = createSeededRandom(19);
const bytes = new Uint8Array(8 * PART).map(() => random.next() * 256);
const options: Partial<UploadOptions> = { partSize: PART };
const source = createInMemorySource(bytes);

function count({ operations }: World, name: string): number {
  return operations.filter((operation) => operation.startsWith(name)).length;
}

async function isStored({ model }: World, content: Uint8Array): Promise<boolean> {
  const stored = await model.object(BUCKET, KEY)?.bytes();
  return stored !== undefined && Buffer.compare(stored, content) === 0;
}

test('a failed callback is callback_failed, and the object is kept [pain-8]', async () => {
  const world = createWorld();
  world.faults.add({
    operation: 'CompleteMultipartUpload',
    effect: { kind: 'errorIn200', code: 'CallbackFailed', afterHandling: true },
  });
  const failing = world.settled(world.start(source, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'callback_failed', disposition: 'permanent' });
  expect(await isStored(world, bytes)).toBe(true);
  expect(world.operations).not.toContain('AbortMultipartUpload');
  expect(world.operations).not.toContain('DeleteObject');
});

test('a Complete of minutes reports its phase and does not count as stalled [pain-9]', async () => {
  const world = createWorld();
  const slow = world.faults.add({
    operation: 'CompleteMultipartUpload',
    effect: { kind: 'latency', ms: 10 * MINUTE },
  });
  const upload = world.start(source, options);
  const seen = slow.whenFired().then(() => upload.snapshot());
  await world.settled(upload.result);
  expect(await seen).toMatchObject({ phase: 'completing', confirmedBytes: bytes.length });
  expect(world.events.filter((event) => event.type === 'retrying')).toEqual([]);
  expect(count(world, 'CompleteMultipartUpload')).toBe(1);
});

test('a list of parts that leaves one out makes no short object [pain-31]', async () => {
  const world = createWorld();
  const forgetful: ControlPlane = {
    ...world.controlPlane,
    complete: ({ receipts, ...request }) =>
      world.controlPlane.complete({ ...request, receipts: receipts.slice(0, -1) }),
  };
  const failing = world.settled(world.startWith(forgetful, source, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'refused', disposition: 'permanent' });
  expect(world.operations).not.toContain('CompleteMultipartUpload');
  expect(world.model.object(BUCKET, KEY)).toBeUndefined();
});

test('an InvalidPart at Complete, again and again, ends the upload [pain-36]', async () => {
  const world = createWorld();
  world.faults.add({
    operation: 'CompleteMultipartUpload',
    effect: { kind: 'refuse', status: 400, code: 'InvalidPart' },
  });
  const failing = world.settled(world.start(source, { ...options, retry: { attemptsMax: 3 } }).result);
  await expect(failing).rejects.toMatchObject({ code: 'part_missing' });
  expect(count(world, 'CompleteMultipartUpload')).toBeLessThanOrEqual(5);
  expect(world.model.uploads(BUCKET)).toEqual([]);
});

test('parts travel side by side, not one after another [pain-10]', async () => {
  const world = createWorld();
  const startedAt = world.clock.now();
  world.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 200 } });
  await world.settled(world.start(source, { ...options, concurrency: 8 }).result);
  expect(world.partsInFlight).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(world.clock.now() - startedAt).toBe(200);
});

test('forty parts are sent with limited concurrency by default [pain-23]', async () => {
  const world = createWorld();
  world.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
  const forty = createInMemorySource(new Uint8Array(40 * PART));
  await world.settled(world.start(forty, options).result);
  expect(count(world, 'UploadPart')).toBe(40);
  expect(Math.max(...world.partsInFlight)).toBe(16);
});

test('no pass over the file comes before its first part: every byte is read once [pain-24]', async () => {
  const world = createWorld();
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
  const upload = world.start(counting, { ...options, concurrency: 1, onEvent });
  await world.settled(upload.result);
  expect(readAt[0]).toBe(0);
  expect(readBytes).toBe(bytes.length);
  expect(await isStored(world, bytes)).toBe(true);
});

test('a part refused for good stops the others [pain-47]', async () => {
  const world = createWorld();
  world.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
  world.faults.add({
    operation: 'UploadPart',
    partNumber: 1,
    effect: { kind: 'refuse', status: 403, code: 'AccessDenied' },
  });
  const failing = world.settled(world.start(source, { ...options, concurrency: 2 }).result);
  await expect(failing).rejects.toMatchObject({ code: 'access_denied', context: { partNumber: 1 } });
  expect(count(world, 'UploadPart')).toBe(2);
  expect(world.model.uploads(BUCKET)).toEqual([]);
});

test('an upload that failed leaves the next one whole [pain-35]', async () => {
  const world = createWorld();
  const fault = world.faults.add({
    operation: 'UploadPart',
    partNumber: 2,
    effect: { kind: 'refuse', status: 400, code: 'InvalidArgument' },
  });
  const failing = world.settled(world.start(source, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'refused' });
  fault.remove();
  await world.settled(world.start(source, options).result);
  expect(await isStored(world, bytes)).toBe(true);
});

test('two files of one name and one size, uploaded at once, never mix [pain-14]', async () => {
  const world = createWorld();
  const other = bytes.map((byte) => byte ^ 0xff);
  world.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
  const first = world.start(source, options);
  const second = world.start(createInMemorySource(other), options);
  const [one, two] = await world.settled(Promise.all([first.result, second.result]));
  expect(one.crc64).not.toBe(two.crc64);
  const last = world.model.object(BUCKET, KEY)?.crc64 === one.crc64 ? bytes : other;
  expect(await isStored(world, last)).toBe(true);
});
