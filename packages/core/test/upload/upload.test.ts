import type { UploadOptions } from '@partway/core';
import { createPartBody, type Source } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { countRequests, expectStored } from '../stages/assertions.ts';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(7);
const bytes = new Uint8Array(8 * PART + 1).map(() => random.next() * 256);

/** Uploads the bytes in parts of 100 KiB. */
function upload(harness: Harness, options: Partial<UploadOptions> = {}, content = bytes): Promise<unknown> {
  const { result } = harness.start(createInMemorySource(content), { partSize: PART, ...options });
  return harness.runUntilSettled(result);
}

test('an upload sends Initiate, the parts, ListParts and Complete', async () => {
  const harness = createHarness();
  const content = bytes.slice(0, 3 * PART + 1);
  const options = { concurrency: 1, contentType: 'video/mp4', metadata: { a: 'b' } };
  const object = await upload(harness, options, content);
  expect(harness.operations).toEqual([
    'InitiateMultipartUpload',
    'UploadPart 1',
    'UploadPart 2',
    'UploadPart 3',
    'UploadPart 4',
    'ListParts',
    'CompleteMultipartUpload',
  ]);
  const stored = harness.model.object(BUCKET, KEY);
  await expectStored(harness, content);
  expect(stored?.headers).toMatchObject({ 'content-type': 'video/mp4', 'x-oss-meta-a': 'b' });
  expect(object).toMatchObject({ bucket: BUCKET, key: KEY, size: content.length, crc64: stored?.crc64 });
});

test.each([0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 1])(
  '%i bytes are stored unchanged',
  async (size) => {
    const harness = createHarness();
    const content = bytes.slice(0, size);
    await upload(harness, {}, content);
    await expectStored(harness, content);
  },
);

test('a file smaller than one part is one PutObject with all object options', async () => {
  const harness = createHarness();
  await upload(harness, { cacheControl: 'no-cache', metadata: { a: 'b' } }, bytes.slice(0, 10));
  expect(harness.operations).toEqual(['PutObject', 'HeadObject']);
  expect(harness.model.object(BUCKET, KEY)?.headers).toMatchObject({
    'cache-control': 'no-cache',
    'x-oss-meta-a': 'b',
  });
});

test('parts of one file are sent concurrently [pain-10]', async () => {
  const harness = createHarness();
  const startedAt = harness.clock.now();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 200 } });
  await upload(harness, { concurrency: 8 }, bytes.slice(0, 8 * PART));
  expect(harness.partsInFlight).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(harness.clock.now() - startedAt).toBe(200);
});

test('40 parts are sent with 16 in flight by default [pain-23]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
  await upload(harness, {}, new Uint8Array(40 * PART));
  expect(countRequests(harness, 'UploadPart')).toBe(40);
  expect(Math.max(...harness.partsInFlight)).toBe(16);
});

test('the parts in flight never exceed the limit, also after setConcurrency [pain-10]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
  const content = new Uint8Array(20 * PART);
  const running = harness.start(createInMemorySource(content), { partSize: PART, concurrency: 2 });
  running.subscribe((event) => {
    if (event.type === 'part-confirmed' && event.partNumber === 10) running.setConcurrency(6);
  });
  await harness.runUntilSettled(running.result);
  expect(Math.max(...harness.partsInFlight.slice(0, 10))).toBe(2);
  expect(Math.max(...harness.partsInFlight)).toBe(6);
});

test('the source is read once, and not before the first part [pain-24]', async () => {
  const harness = createHarness();
  let readBytes = 0;
  const readBytesAtEvents: number[] = [];
  async function* read(offset: number, size: number): AsyncGenerator<Uint8Array> {
    readBytes += size;
    yield bytes.subarray(offset, offset + size);
  }
  const counting: Source = {
    ...createInMemorySource(bytes),
    part: (offset, size) => createPartBody({ size, read: () => read(offset, size) }),
  };
  const onEvent = (): void => void readBytesAtEvents.push(readBytes);
  const { result } = harness.start(counting, { partSize: PART, concurrency: 1, onEvent });
  await harness.runUntilSettled(result);
  expect(readBytesAtEvents[0]).toBe(0);
  expect(readBytes).toBe(bytes.length);
  await expectStored(harness, bytes);
});

test('reserved or oversized metadata throws before any request', () => {
  const harness = createHarness();
  const source = createInMemorySource(bytes);
  expect(() => harness.start(source, { metadata: { 'Partway-Upload': 'mine' } })).toThrow(
    /set by Partway itself/,
  );
  expect(() => harness.start(source, { metadata: { a: 'x'.repeat(8150) } })).toThrow(/metadata/);
});

test('a listener that throws does not fail the upload', async () => {
  const harness = createHarness();
  const onEvent = (): void => {
    throw new Error('a listener');
  };
  expect(await upload(harness, { onEvent })).toMatchObject({ size: bytes.length });
});

test('an async listener that rejects does not fail the upload or crash the process', async () => {
  const harness = createHarness();
  const onEvent = async (): Promise<void> => {
    throw new Error('a listener');
  };
  expect(await upload(harness, { onEvent }, bytes.slice(0, 10))).toMatchObject({ size: 10 });
});

test('events and errors contain no URL and no token', async () => {
  const harness = createHarness();
  harness.faults.add({
    operation: 'UploadPart',
    effect: { kind: 'refuse', status: 403, code: 'SignatureDoesNotMatch' },
  });
  const error = await upload(harness).then(
    () => undefined,
    (reason: Error) => reason,
  );
  const output = JSON.stringify([harness.events, error, error?.stack, error?.message]);
  expect(harness.presignedUrls.length).toBeGreaterThan(0);
  expect(output).not.toMatch(/x-oss-signature|x-oss-credential|https?:|secret-token/i);
});
