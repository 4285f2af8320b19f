import { UploadError } from '@partway/core';
import type { InitiateRequest } from '@partway/core/ports';
import { createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createWorld, KEY, type World } from '../stages/world.ts';

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

async function expectStored({ model }: World, content: Uint8Array): Promise<void> {
  const stored = await model.object(BUCKET, KEY)?.bytes();
  expect(stored !== undefined && Buffer.compare(stored, content) === 0).toBe(true);
  expect(model.uploads(BUCKET)).toEqual([]);
}

test.each([0, 1, PART - 1, PART, PART + 1, bytes.length])(
  'a stream of %i bytes is uploaded and proven',
  async (size) => {
    const world = createWorld();
    const content = bytes.subarray(0, size);
    const upload = world.startStream(chunksOf(content), { partSize: PART });
    expect(await world.settled(upload.result)).toMatchObject({ size });
    await expectStored(world, content);
  },
);

test('parts grow from the requested size in whole MiB', async () => {
  const world = createWorld();
  const upload = world.startStream(chunksOf(bytes), { partSize: PART, concurrency: 1 });
  const sizes: number[] = [];
  upload.subscribe((event) => {
    if (event.type === 'part-confirmed') sizes.push(event.size);
  });
  await world.settled(upload.result);
  expect(sizes).toEqual([PART, MIB, MIB, MIB, MIB, MIB + 1 - PART]);
});

test('what OSS refuses is sent again from what was kept, and a pause loses nothing', async () => {
  const world = createWorld();
  world.faults.add({
    operation: 'UploadPart',
    probability: 0.3,
    times: 20,
    effect: { kind: 'dropResponse' },
  });
  world.faults.add({ operation: 'UploadPart', partNumber: 2, times: 1, effect: { kind: 'corruptIncoming' } });
  const upload = world.startStream(chunksOf(bytes), { partSize: PART, concurrency: 2 });
  let pauses = 0;
  upload.subscribe((event) => {
    if (event.type === 'part-progress' && pauses < 3) {
      pauses += 1;
      upload.pause();
    }
    if (event.type === 'paused') upload.resume();
  });
  await world.settled(upload.result);
  expect(pauses).toBe(3);
  await expectStored(world, bytes);
});

test('a stream is read no further than parts are confirmed [pain-22]', async () => {
  const world = createWorld();
  world.faults.add({ operation: 'UploadPart', effect: { kind: 'silent' } });
  let taken = 0;
  const chunks = chunksOf(bytes, (so) => {
    taken = so;
  });
  const upload = world.startStream(chunks, { partSize: PART, concurrency: 1 });
  while (!world.operations.some((name) => name === 'UploadPart 1')) await new Promise(setImmediate);
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  // One part in flight, one ready.
  expect(taken).toBeLessThan(PART + MIB + 2 * 70_001);
  const aborted = upload.abort();
  await world.settled(aborted);
  await expect(upload.result).rejects.toMatchObject({ code: 'aborted' });
  expect(world.model.uploads(BUCKET)).toEqual([]);
});

test('a failed stream leaves nothing in OSS and reports the cause', async () => {
  const world = createWorld();
  async function* failing() {
    yield bytes.subarray(0, 3 * MIB);
    throw new Error('ECONNRESET');
  }
  const upload = world.startStream(failing(), { partSize: PART });
  await expect(world.settled(upload.result)).rejects.toMatchObject({
    code: 'source_unreadable',
    cause: { message: 'ECONNRESET' },
  });
  expect(world.model.uploads(BUCKET)).toEqual([]);
});

test('a stream of strings rejects with the remedy', async () => {
  const world = createWorld();
  async function* texts() {
    yield 'text' as unknown as Uint8Array;
  }
  const failing = world.settled(world.startStream(texts(), { partSize: PART }).result);
  await expect(failing).rejects.toSatisfy(
    (reason) => reason instanceof UploadError && reason.code === 'source_unreadable',
  );
});

test('a web stream is uploaded like any other', async () => {
  const world = createWorld();
  const chunks = chunksOf(bytes);
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value.slice());
    },
  });
  await world.settled(world.startStream(stream, { partSize: PART }).result);
  await expectStored(world, bytes);
});

test('a stream upload aborted by others before its first part is restarted', async () => {
  const world = createWorld();
  const slow = world.faults.add({ operation: 'UploadPart', times: 1, effect: { kind: 'latency', ms: 50 } });
  const upload = world.startStream(chunksOf(bytes), { partSize: PART, concurrency: 1 });
  const taking = slow.whenFired().then(() => {
    const [bare] = world.model.uploads(BUCKET);
    return world.store.abort({ key: KEY, uploadId: bare?.uploadId ?? '' });
  });
  await world.settled(upload.result);
  await taking;
  await expectStored(world, bytes);
});

test('a coordinator that wants other parts than the stream was cut into is refused at once', async () => {
  const world = createWorld();
  const other = {
    ...world.controlPlane,
    initiate: async (request: InitiateRequest) => ({
      ...(await world.controlPlane.initiate(request)),
      partSize: 2 * PART,
    }),
  };
  const upload = world.startStream(chunksOf(bytes), { partSize: PART }, other);
  await expect(world.settled(upload.result)).rejects.toMatchObject({ code: 'refused' });
  expect(world.model.uploads(BUCKET)).toEqual([]);
});
