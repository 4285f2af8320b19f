import { UploadError } from '@partway/core';
import type { InitiateRequest } from '@partway/core/ports';
import { createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { expectStored } from '../stages/assertions.ts';
import { BUCKET, createHarness, KEY } from '../stages/harness.ts';

const MIB = 1024 ** 2;
const PART = 102_400;
const random = createSeededRandom(13);
const bytes = new Uint8Array(5 * MIB + 1).map(() => random.next() * 256);

/** Yields the bytes in chunks of an odd size, and reports how many were read. */
async function* chunksOf(content: Uint8Array, onRead: (bytes: number) => void = () => undefined) {
  for (let at = 0; at < content.length; at += 70_001) {
    const chunk = content.slice(at, at + 70_001);
    onRead(at + chunk.length);
    yield chunk;
    // The reader may not use a chunk after it requests the next one.
    chunk.fill(0);
  }
}

test.each([0, 1, PART - 1, PART, PART + 1, bytes.length])(
  'a stream of %i bytes is uploaded and proven',
  async (size) => {
    const harness = createHarness();
    const content = bytes.subarray(0, size);
    const upload = harness.startStream(chunksOf(content), { partSize: PART });
    expect(await harness.runUntilSettled(upload.result)).toMatchObject({ size });
    await expectStored(harness, content);
  },
);

test('parts grow from the requested size to whole MiB', async () => {
  const harness = createHarness();
  const upload = harness.startStream(chunksOf(bytes), { partSize: PART, concurrency: 1 });
  const sizes: number[] = [];
  upload.subscribe((event) => {
    if (event.type === 'part-confirmed') sizes.push(event.size);
  });
  await harness.runUntilSettled(upload.result);
  expect(sizes).toEqual([PART, MIB, MIB, MIB, MIB, MIB + 1 - PART]);
});

test('failed parts of a stream are sent again from memory, and pauses lose no bytes', async () => {
  const harness = createHarness();
  harness.faults.add({
    operation: 'UploadPart',
    probability: 0.3,
    times: 20,
    effect: { kind: 'dropResponse' },
  });
  harness.faults.add({
    operation: 'UploadPart',
    partNumber: 2,
    times: 1,
    effect: { kind: 'corruptIncoming' },
  });
  const upload = harness.startStream(chunksOf(bytes), { partSize: PART, concurrency: 2 });
  let pauses = 0;
  upload.subscribe((event) => {
    if (event.type === 'part-progress' && pauses < 3) {
      pauses += 1;
      upload.pause();
    }
    if (event.type === 'paused') upload.resume();
  });
  await harness.runUntilSettled(upload.result);
  expect(pauses).toBe(3);
  await expectStored(harness, bytes);
});

test('a stream is not read while its parts are unconfirmed [pain-22]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'silent' } });
  let readBytes = 0;
  const chunks = chunksOf(bytes, (bytes) => {
    readBytes = bytes;
  });
  const upload = harness.startStream(chunks, { partSize: PART, concurrency: 1 });
  while (!harness.operations.some((name) => name === 'UploadPart 1')) await new Promise(setImmediate);
  for (let i = 0; i < 10; i++) await new Promise(setImmediate);
  // One part in flight, one ready.
  expect(readBytes).toBeLessThan(PART + MIB + 2 * 70_001);
  const aborted = upload.abort();
  await harness.runUntilSettled(aborted);
  await expect(upload.result).rejects.toMatchObject({ code: 'aborted' });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('a stream that throws rejects with `source_unreadable` and its cause, and leaves nothing', async () => {
  const harness = createHarness();
  async function* failing() {
    yield bytes.subarray(0, 3 * MIB);
    throw new Error('ECONNRESET');
  }
  const upload = harness.startStream(failing(), { partSize: PART });
  await expect(harness.runUntilSettled(upload.result)).rejects.toMatchObject({
    code: 'source_unreadable',
    cause: { message: 'ECONNRESET' },
  });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('a stream of strings rejects with `source_unreadable`', async () => {
  const harness = createHarness();
  async function* texts() {
    yield 'text' as unknown as Uint8Array;
  }
  const failing = harness.runUntilSettled(harness.startStream(texts(), { partSize: PART }).result);
  await expect(failing).rejects.toSatisfy(
    (reason) => reason instanceof UploadError && reason.code === 'source_unreadable',
  );
});

test('a web stream is uploaded', async () => {
  const harness = createHarness();
  const chunks = chunksOf(bytes);
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value.slice());
    },
  });
  await harness.runUntilSettled(harness.startStream(stream, { partSize: PART }).result);
  await expectStored(harness, bytes);
});

test('a stream upload aborted by others before its first part is restarted', async () => {
  const harness = createHarness();
  const slow = harness.faults.add({ operation: 'UploadPart', times: 1, effect: { kind: 'latency', ms: 50 } });
  const upload = harness.startStream(chunksOf(bytes), { partSize: PART, concurrency: 1 });
  const aborting = slow.whenFired().then(() => {
    const [unfinished] = harness.model.uploads(BUCKET);
    return harness.store.abort({ key: KEY, uploadId: unfinished?.uploadId ?? '' });
  });
  await harness.runUntilSettled(upload.result);
  await aborting;
  await expectStored(harness, bytes);
});

test('a part size of the coordinator that differs from the requested one rejects with `refused`', async () => {
  const harness = createHarness();
  const other = {
    ...harness.controlPlane,
    initiate: async (request: InitiateRequest) => ({
      ...(await harness.controlPlane.initiate(request)),
      partSize: 2 * PART,
    }),
  };
  const upload = harness.startStream(chunksOf(bytes), { partSize: PART }, other);
  await expect(harness.runUntilSettled(upload.result)).rejects.toMatchObject({ code: 'refused' });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});
