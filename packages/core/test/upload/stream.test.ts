import { UploadError } from '@partway/core';
import type { InitiateRequest } from '@partway/core/ports';
import { createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

const MIB = 1024 ** 2;
const PART = 102_400;
const random = createSeededRandom(13);
const bytes = new Uint8Array(5 * MIB + 1).map(() => random.next() * 256);

/** Yields the bytes in chunks of odd sizes, and reports how many were read. */
async function* chunksOf(content: Uint8Array, taken: (bytes: number) => void = () => undefined) {
  for (let at = 0; at < content.length; at += 70_001) {
    const chunk = content.slice(at, at + 70_001);
    taken(at + chunk.length);
    yield chunk;
    // A reader that keeps a chunk must have copied it.
    chunk.fill(0);
  }
}

async function expectStored({ model }: Harness, content: Uint8Array): Promise<void> {
  const stored = await model.object(BUCKET, KEY)?.bytes();
  expect(stored !== undefined && Buffer.compare(stored, content) === 0).toBe(true);
  expect(model.uploads(BUCKET)).toEqual([]);
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

test('parts grow from the requested size in whole MiB', async () => {
  const harness = createHarness();
  const upload = harness.startStream(chunksOf(bytes), { partSize: PART, concurrency: 1 });
  const sizes: number[] = [];
  upload.subscribe((event) => {
    if (event.type === 'part-confirmed') sizes.push(event.size);
  });
  await harness.runUntilSettled(upload.result);
  expect(sizes).toEqual([PART, MIB, MIB, MIB, MIB, MIB + 1 - PART]);
});

test('what OSS refuses is sent again from what was kept, and a pause loses nothing', async () => {
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

test('a stream is read no further than parts are confirmed [pain-22]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'silent' } });
  let taken = 0;
  const chunks = chunksOf(bytes, (so) => {
    taken = so;
  });
  const upload = harness.startStream(chunks, { partSize: PART, concurrency: 1 });
  while (!harness.operations.some((name) => name === 'UploadPart 1')) await new Promise(setImmediate);
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  // One part in flight, one ready.
  expect(taken).toBeLessThan(PART + MIB + 2 * 70_001);
  const aborted = upload.abort();
  await harness.runUntilSettled(aborted);
  await expect(upload.result).rejects.toMatchObject({ code: 'aborted' });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('a failed stream leaves nothing in OSS and reports the cause', async () => {
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

test('a stream of strings rejects with the remedy', async () => {
  const harness = createHarness();
  async function* texts() {
    yield 'text' as unknown as Uint8Array;
  }
  const failing = harness.runUntilSettled(harness.startStream(texts(), { partSize: PART }).result);
  await expect(failing).rejects.toSatisfy(
    (reason) => reason instanceof UploadError && reason.code === 'source_unreadable',
  );
});

test('a web stream is uploaded like any other', async () => {
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
  const taking = slow.whenFired().then(() => {
    const [bare] = harness.model.uploads(BUCKET);
    return harness.store.abort({ key: KEY, uploadId: bare?.uploadId ?? '' });
  });
  await harness.runUntilSettled(upload.result);
  await taking;
  await expectStored(harness, bytes);
});

test('a coordinator that wants other parts than the stream was cut into is refused at once', async () => {
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
