import type { ControlPlane } from '@partway/core';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(7);
const bytes = new Uint8Array(4 * PART + 1).map(() => random.next() * 256);

async function upload(harness: Harness): Promise<void> {
  const source = createInMemorySource(bytes);
  await harness.runUntilSettled(harness.start(source, { partSize: PART, concurrency: 2 }).result);
  const stored = await harness.model.object(BUCKET, KEY)?.bytes();
  expect(stored !== undefined && Buffer.compare(stored, bytes) === 0).toBe(true);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
}

function count(harness: Harness, operation: string): number {
  return harness.operations.filter((name) => name === operation).length;
}

test('a part with a lost response is adopted from ListParts, not sent again [pain-43]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', partNumber: 2, times: 1, effect: { kind: 'dropResponse' } });
  await upload(harness);
  expect(count(harness, 'UploadPart 2')).toBe(1);
  // One to adopt the part, one before Complete.
  expect(count(harness, 'ListParts')).toBe(2);
});

test('a part with a lost response and other bytes in OSS is sent again', async () => {
  const harness = createHarness();
  const once = { operation: 'UploadPart', partNumber: 2, times: 1 } as const;
  harness.faults.add({ ...once, effect: { kind: 'corruptIncoming' } });
  harness.faults.add({ ...once, effect: { kind: 'dropResponse' } });
  await upload(harness);
  expect(count(harness, 'UploadPart 2')).toBe(2);
});

test('a part refused with PartAlreadyExist is adopted when its CRC64 matches [pain-32]', async () => {
  const harness = createHarness();
  const part = { operation: 'UploadPart', partNumber: 2 } as const;
  harness.faults.add({
    ...part,
    nth: 1,
    effect: { kind: 'wrongCrc' },
  });
  const effect = { kind: 'refuse', status: 409, code: 'PartAlreadyExist', ec: '0042-00000108' } as const;
  harness.faults.add({ ...part, nth: 2, effect });
  await upload(harness);
});

test('a part refused with PartAlreadyExist and another CRC64 fails the upload', async () => {
  const harness = createHarness();
  const effect = { kind: 'refuse', status: 409, code: 'PartAlreadyExist', ec: '0042-00000108' } as const;
  harness.faults.add({ operation: 'UploadPart', partNumber: 2, effect });
  await expect(upload(harness)).rejects.toMatchObject({ code: 'refused', context: { partNumber: 2 } });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('an Initiate with a lost response leaves no upload [pain-28]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'InitiateMultipartUpload', times: 2, effect: { kind: 'dropResponse' } });
  await upload(harness);
  expect(count(harness, 'InitiateMultipartUpload')).toBe(3);
});

test('abort after an Initiate with a lost response leaves no upload', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'InitiateMultipartUpload', times: 1, effect: { kind: 'dropResponse' } });
  const upload = harness.start(createInMemorySource(bytes), { partSize: PART });
  upload.subscribe((event) => {
    if (event.type === 'retrying') void upload.abort();
  });
  await expect(harness.runUntilSettled(upload.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('a part that was lost in OSS after its confirmation is found before Complete and sent again, alone [pain-15]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', partNumber: 3, times: 1, effect: { kind: 'losePart' } });
  harness.faults.add({
    operation: 'UploadPart',
    partNumber: 1,
    times: 1,
    effect: { kind: 'corruptStoredPart' },
  });
  await upload(harness);
  const sent = harness.operations.filter((name) => name.startsWith('UploadPart')).toSorted(byName);
  expect(sent).toEqual([1, 1, 2, 3, 3, 4, 5].map((number) => `UploadPart ${number}`));
});

test('an upload aborted by another process is restarted', async () => {
  const harness = createHarness();
  const source = createInMemorySource(bytes);
  const running = harness.start(source, { partSize: PART, concurrency: 1 });
  let taken = false;
  running.subscribe((event) => {
    const [upload] = harness.model.uploads(BUCKET);
    if (event.type !== 'part-confirmed' || event.partNumber !== 2 || taken || upload === undefined) return;
    taken = true;
    void harness.store.abort({ key: KEY, uploadId: upload.uploadId });
  });
  await harness.runUntilSettled(running.result);
  expect(count(harness, 'InitiateMultipartUpload')).toBe(2);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('a request is not tried again when its budget of time is spent', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'refuse', status: 503, code: 'Busy' } });
  const retry = { attemptsMax: 100, baseMs: 1000, maxMs: 1000, budgetMs: 10_000 };
  const upload = harness.start(createInMemorySource(bytes), { partSize: PART, retry });
  const startedAt = harness.clock.now();
  await expect(harness.runUntilSettled(upload.result)).rejects.toMatchObject({ disposition: 'exhausted' });
  expect(harness.clock.now() - startedAt).toBeLessThanOrEqual(11_000);
  expect(harness.clock.now() - startedAt).toBeGreaterThan(5_000);
});

function byName(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

test('two concurrent Completes produce one object and two equal responses', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'CompleteMultipartUpload', effect: { kind: 'latency', ms: 50 } });
  const twice: ControlPlane = {
    ...harness.controlPlane,
    async complete(request) {
      const [first, second] = await Promise.all([
        harness.controlPlane.complete(request),
        harness.controlPlane.complete(request),
      ]);
      const { requestId: _, recovered: __, ...object } = first;
      expect(second).toMatchObject(object);
      expect([first.recovered, second.recovered].filter(Boolean)).toHaveLength(1);
      return first;
    },
  };
  await harness.runUntilSettled(
    harness.startWithControlPlane(twice, createInMemorySource(bytes), { partSize: PART }).result,
  );
  expect(harness.model.keys(BUCKET)).toEqual([KEY]);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});
