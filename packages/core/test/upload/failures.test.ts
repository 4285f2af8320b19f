import type { UploadOptions } from '@partway/core';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import type { FaultEffect, OssOperation } from '@partway/emulator';
import { expect, test } from 'vitest';
import { countRequests, expectNothingLeft, expectStored, isStored } from '../stages/assertions.ts';
import { createHarness, type Harness } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(19);
const bytes = new Uint8Array(3 * PART + 1).map(() => random.next() * 256);

/** Uploads the bytes in parts of 100 KiB. */
function upload(harness: Harness, options: Partial<UploadOptions> = {}, content = bytes): Promise<unknown> {
  const { result } = harness.start(createInMemorySource(content), { partSize: PART, ...options });
  return harness.runUntilSettled(result);
}

function addFault(harness: Harness, operation: OssOperation, effect: FaultEffect, rule: object = {}): void {
  harness.faults.add({ operation, effect, ...rule });
}

test.each<[string, OssOperation, FaultEffect, object]>([
  [
    'a part corrupted in transit at every attempt',
    'UploadPart',
    { kind: 'corruptIncoming' },
    { code: 'checksum_mismatch', disposition: 'exhausted', context: { partNumber: 2, attempt: 3 } },
  ],
  [
    'a part corrupted by OSS after its PUT',
    'UploadPart',
    { kind: 'corruptStoredPart' },
    { code: 'checksum_mismatch', disposition: 'permanent', context: { partNumber: 2 } },
  ],
  [
    'a part corrupted by OSS with an unchanged CRC64 in ListParts',
    'UploadPart',
    { kind: 'corruptStoredPart', silent: true },
    { code: 'checksum_mismatch', disposition: 'permanent' },
  ],
  [
    'a part lost by OSS',
    'UploadPart',
    { kind: 'losePart' },
    { code: 'part_missing', disposition: 'permanent', context: { partNumber: 2 } },
  ],
  [
    'a Complete with an error in a 200 response',
    'CompleteMultipartUpload',
    { kind: 'errorIn200', code: 'InternalError' },
    { code: 'server_error', disposition: 'exhausted', context: { status: 200, ossCode: 'InternalError' } },
  ],
  [
    'a Complete refused with AccessDenied',
    'CompleteMultipartUpload',
    { kind: 'refuse', status: 403, code: 'AccessDenied' },
    { code: 'access_denied', disposition: 'permanent' },
  ],
  [
    'a part refused with SignatureDoesNotMatch',
    'UploadPart',
    { kind: 'refuse', status: 403, code: 'SignatureDoesNotMatch', ec: '0002-00000201' },
    { code: 'signature_mismatch', disposition: 'permanent', context: { attempt: 1 } },
  ],
])(
  '%s rejects with its error code and leaves nothing in OSS [pain-7] [pain-30]',
  async (_, operation, effect, error) => {
    const harness = createHarness();
    addFault(harness, operation, effect, operation === 'UploadPart' ? { partNumber: 2 } : {});
    await expect(upload(harness, { retry: { attemptsMax: 3 } })).rejects.toMatchObject(error);
    expectNothingLeft(harness);
    expect(harness.events.at(-1)).toMatchObject({ type: 'failed', error });
  },
);

test('a single PutObject corrupted at every attempt rejects and leaves nothing', async () => {
  const harness = createHarness();
  addFault(harness, 'PutObject', { kind: 'corruptIncoming' });
  const failing = upload(harness, { retry: { attemptsMax: 2 } }, bytes.slice(0, 10));
  await expect(failing).rejects.toMatchObject({ code: 'checksum_mismatch', disposition: 'exhausted' });
  expectNothingLeft(harness);
});

test('a source that changes after a part was sent rejects with `source_changed` and leaves nothing', async () => {
  const harness = createHarness();
  const content = bytes.slice();
  const started = harness.start(createInMemorySource(content), { partSize: PART, concurrency: 1 });
  started.subscribe((event) => {
    if (event.type === 'part-confirmed' && event.partNumber === 1) content.fill(0, 0, PART);
  });
  await expect(harness.runUntilSettled(started.result)).rejects.toMatchObject({
    code: 'source_changed',
    disposition: 'permanent',
  });
  expect(harness.operations).toContain('UploadPart 4');
  expectNothingLeft(harness);
});

test('a permanently refused part stops the other parts [pain-47]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
  harness.faults.add({
    operation: 'UploadPart',
    partNumber: 1,
    effect: { kind: 'refuse', status: 403, code: 'AccessDenied' },
  });
  const failing = upload(harness, { concurrency: 2 });
  await expect(failing).rejects.toMatchObject({ code: 'access_denied', context: { partNumber: 1 } });
  expect(countRequests(harness, 'UploadPart')).toBe(2);
  expectNothingLeft(harness);
});

test('a failed upload does not affect the next one [pain-35]', async () => {
  const harness = createHarness();
  const fault = harness.faults.add({
    operation: 'UploadPart',
    partNumber: 2,
    effect: { kind: 'refuse', status: 400, code: 'InvalidArgument' },
  });
  const failing = upload(harness);
  await expect(failing).rejects.toMatchObject({ code: 'refused' });
  fault.remove();
  await upload(harness);
  await expectStored(harness, bytes);
});

test("another writer's object under the key is kept when the upload fails", async () => {
  const harness = createHarness();
  await upload(harness, {}, bytes.slice(0, 20));
  addFault(harness, 'PutObject', { kind: 'refuse', status: 403, code: 'AccessDenied' });
  await expect(upload(harness, {}, bytes.slice(0, 10))).rejects.toMatchObject({ code: 'access_denied' });
  expect(await isStored(harness, bytes.slice(0, 20))).toBe(true);
});

test('an object that OSS corrupted rejects with `checksum_mismatch`, also if it cannot be deleted', async () => {
  const harness = createHarness();
  const refuse = { kind: 'refuse', status: 403, code: 'AccessDenied' } as const;
  harness.faults.add({
    operation: 'UploadPart',
    partNumber: 1,
    effect: { kind: 'corruptStoredPart', silent: true },
  });
  harness.faults.add({ operation: 'DeleteObject', effect: refuse });
  const failing = upload(harness);
  await expect(failing).rejects.toMatchObject({
    code: 'checksum_mismatch',
    message: expect.stringContaining('could not be deleted'),
    cause: { code: 'access_denied' },
  });
});
