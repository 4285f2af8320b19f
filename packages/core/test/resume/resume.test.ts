import type { Source } from '@partway/core/ports';
import { createInMemorySource } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { countRequests, listSentParts } from '../stages/assertions.ts';
import { BUCKET, createHarness, KEY } from '../stages/harness.ts';
import { bytes, expectCompleted, interrupt, PART, startResumable } from './interrupted-upload.ts';

test('stored parts of a failed upload are proven, not sent again [pain-11]', async () => {
  const harness = createHarness();
  await interrupt(harness);
  expect(await harness.checkpoints.list()).toHaveLength(1);
  await harness.runUntilSettled(startResumable(harness).result);
  expect(listSentParts(harness)).toEqual(['UploadPart 4', 'UploadPart 5', 'UploadPart 6']);
  expect(harness.operations).not.toContain('InitiateMultipartUpload');
  await expectCompleted(harness);
});

test('an upload can be resumed after its first part failed [pain-12]', async () => {
  const harness = createHarness();
  const fault = harness.faults.add({
    operation: 'UploadPart',
    partNumber: 1,
    effect: { kind: 'resetAfterBytes', bytes: 1 },
  });
  const options = { retry: { attemptsMax: 2 } };
  const failing = harness.runUntilSettled(startResumable(harness, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'network' });
  expect(await harness.checkpoints.list()).toHaveLength(1);
  fault.remove();
  await harness.runUntilSettled(startResumable(harness, options).result);
  expect(countRequests(harness, 'InitiateMultipartUpload')).toBe(1);
  await expectCompleted(harness);
});

test('a listed part with another CRC64 is sent again [pain-15]', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const [upload] = harness.model.uploads(BUCKET);
  await harness.model.corruptPart({
    bucket: BUCKET,
    key: KEY,
    uploadId: upload?.uploadId ?? '',
    partNumber: 2,
  });
  await harness.runUntilSettled(startResumable(harness).result);
  expect(listSentParts(harness)).toEqual(['UploadPart 2', 'UploadPart 4', 'UploadPart 5', 'UploadPart 6']);
  await expectCompleted(harness);
});

test('a confirmed part that OSS lost is sent again [pain-15]', async () => {
  const harness = createHarness();
  const fault = harness.faults.add({
    operation: 'UploadPart',
    partNumber: 5,
    effect: { kind: 'resetAfterBytes', bytes: 1 },
  });
  const options = { retry: { attemptsMax: 2 } };
  await harness.runUntilSettled(startResumable(harness, options).result).catch(() => undefined);
  fault.remove();
  const uploadId = harness.model.uploads(BUCKET)[0]?.uploadId ?? '';
  await harness.model.removePart({ bucket: BUCKET, key: KEY, uploadId, partNumber: 3 });
  harness.operations.length = 0;
  await harness.runUntilSettled(startResumable(harness, options).result);
  expect(harness.operations).toContain('UploadPart 3');
  expect(harness.operations).not.toContain('UploadPart 2');
  await expectCompleted(harness);
});

test('stored parts after a missing part are not sent again', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const [upload] = harness.model.uploads(BUCKET);
  await harness.model.removePart({
    bucket: BUCKET,
    key: KEY,
    uploadId: upload?.uploadId ?? '',
    partNumber: 1,
  });
  await harness.runUntilSettled(startResumable(harness).result);
  expect(listSentParts(harness)).toEqual(['UploadPart 1', 'UploadPart 4', 'UploadPart 5', 'UploadPart 6']);
  await expectCompleted(harness);
});

test('verifyExistingParts `size` accepts stored parts without reading them', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const source = createInMemorySource(bytes);
  const read: number[] = [];
  const observed: Source = {
    ...source,
    part(offset, size) {
      const body = source.part(offset, size);
      return {
        ...body,
        chunks(signal) {
          read.push(offset / PART + 1);
          return body.chunks(signal);
        },
      };
    },
  };
  await harness.runUntilSettled(startResumable(harness, { verifyExistingParts: 'size' }, observed).result);
  expect(read).toEqual([4, 5, 6]);
  await expectCompleted(harness);
});

test('a changed source is rejected with `source_changed`, and uploaded from the start with `resume: false` [pain-13]', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const changed = bytes.slice();
  changed[0] = (bytes[0] ?? 0) ^ 1;
  const refused = harness.runUntilSettled(startResumable(harness, {}, createInMemorySource(changed)).result);
  await expect(refused).rejects.toMatchObject({ code: 'source_changed', disposition: 'permanent' });
  expect(harness.operations).toEqual([]);
  await harness.runUntilSettled(
    startResumable(harness, { resume: false }, createInMemorySource(changed)).result,
  );
  await expectCompleted(harness, changed);
});

test('an upload that OSS no longer has is restarted', async () => {
  const harness = createHarness();
  await interrupt(harness);
  harness.faults.add({
    operation: 'ListParts',
    times: 2,
    effect: { kind: 'refuse', status: 404, code: 'NoSuchUpload' },
  });
  await harness.runUntilSettled(startResumable(harness).result);
  expect(listSentParts(harness)).toHaveLength(6);
  await expectCompleted(harness);
});

test('a resume with an aborted signal rejects with `aborted` and removes the upload and its checkpoint', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const aborted = startResumable(harness, { signal: AbortSignal.abort() });
  await expect(harness.runUntilSettled(aborted.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
  expect(await harness.checkpoints.list()).toEqual([]);
});

test('a second upload of the same source and key rejects with `upload_locked` [pain-39]', async () => {
  const harness = createHarness();
  const first = startResumable(harness);
  const second = startResumable(harness);
  await expect(harness.runUntilSettled(second.result)).rejects.toMatchObject({ code: 'upload_locked' });
  await harness.runUntilSettled(first.result);
  await expectCompleted(harness);
});

const OPERATIONS = 9;

test.each(Array.from({ length: OPERATIONS }, (_, index) => index + 1))(
  'a new process completes the upload after a crash at operation %i of OSS',
  async (operation) => {
    const harness = createHarness();
    const crashed = startResumable(harness);
    while (harness.operations.length < operation) await new Promise((resolve) => setImmediate(resolve));
    harness.crash();
    await new Promise((resolve) => setImmediate(resolve));
    await harness.restart();
    harness.operations.length = 0;
    const object = await harness.runUntilSettled(startResumable(harness).result);
    expect(crashed.snapshot().phase).not.toBe('failed');
    expect(object.size).toBe(bytes.length);
    expect(await harness.checkpoints.list()).toEqual([]);
    const stored = await harness.model.object(BUCKET, KEY)?.bytes();
    expect(Buffer.compare(stored ?? bytes.subarray(1), bytes)).toBe(0);
  },
);
