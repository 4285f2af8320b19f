import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { countRequests, expectStored, listSentParts } from '../stages/assertions.ts';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(7);
const bytes = new Uint8Array(4 * PART + 1).map(() => random.next() * 256);

async function upload(harness: Harness): Promise<void> {
  const source = createInMemorySource(bytes);
  await harness.runUntilSettled(harness.start(source, { partSize: PART, concurrency: 2 }).result);
  await expectStored(harness, bytes);
}

test('a part with a lost response is adopted from ListParts, not sent again [pain-43]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', partNumber: 2, times: 1, effect: { kind: 'dropResponse' } });
  await upload(harness);
  expect(countRequests(harness, 'UploadPart 2')).toBe(1);
  // One to adopt the part, one before Complete.
  expect(countRequests(harness, 'ListParts')).toBe(2);
});

test('a part with a lost response and other bytes in OSS is sent again', async () => {
  const harness = createHarness();
  const once = { operation: 'UploadPart', partNumber: 2, times: 1 } as const;
  harness.faults.add({ ...once, effect: { kind: 'corruptIncoming' } });
  harness.faults.add({ ...once, effect: { kind: 'dropResponse' } });
  await upload(harness);
  expect(countRequests(harness, 'UploadPart 2')).toBe(2);
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
  expect(countRequests(harness, 'InitiateMultipartUpload')).toBe(3);
});

test('confirmed parts that OSS lost or corrupted are found before Complete and sent again [pain-15]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', partNumber: 3, times: 1, effect: { kind: 'losePart' } });
  harness.faults.add({
    operation: 'UploadPart',
    partNumber: 1,
    times: 1,
    effect: { kind: 'corruptStoredPart' },
  });
  await upload(harness);
  const sent = listSentParts(harness).toSorted(byName);
  expect(sent).toEqual([1, 1, 2, 3, 3, 4, 5].map((number) => `UploadPart ${number}`));
});

test('an upload aborted by another process is restarted', async () => {
  const harness = createHarness();
  const source = createInMemorySource(bytes);
  const running = harness.start(source, { partSize: PART, concurrency: 1 });
  let isAborted = false;
  running.subscribe((event) => {
    const [upload] = harness.model.uploads(BUCKET);
    if (event.type !== 'part-confirmed' || event.partNumber !== 2 || isAborted || upload === undefined)
      return;
    isAborted = true;
    void harness.store.abort({ key: KEY, uploadId: upload.uploadId });
  });
  await harness.runUntilSettled(running.result);
  expect(countRequests(harness, 'InitiateMultipartUpload')).toBe(2);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

function byName(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
