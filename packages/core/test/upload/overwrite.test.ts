import type { UploadOptions } from '@partway/core';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { expectStored, isStored } from '../stages/assertions.ts';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(7);
const bytes = new Uint8Array(8 * PART).map(() => random.next() * 256);

/** Uploads the bytes in parts of 100 KiB. */
function upload(harness: Harness, options: Partial<UploadOptions> = {}, content = bytes): Promise<unknown> {
  const { result } = harness.start(createInMemorySource(content), { partSize: PART, ...options });
  return harness.runUntilSettled(result);
}

test.each([10, bytes.length])(
  'an existing object is not overwritten by %i bytes with forbidOverwrite',
  async (size) => {
    const harness = createHarness();
    const before = bytes.slice(5, 15);
    await upload(harness, {}, before);
    const refused = upload(harness, { forbidOverwrite: true }, bytes.slice(0, size));
    await expect(refused).rejects.toMatchObject({ code: 'object_exists', disposition: 'permanent' });
    await expectStored(harness, before);
  },
);

test('a PutObject with forbidOverwrite and a lost response recognizes its own object', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'PutObject', times: 1, effect: { kind: 'dropResponse' } });
  await upload(harness, { forbidOverwrite: true }, bytes.slice(0, 10));
  expect(await isStored(harness, bytes.slice(0, 10))).toBe(true);
});

test('a PutObject with forbidOverwrite that was corrupted in transit replaces its own object', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'PutObject', times: 1, effect: { kind: 'corruptIncoming' } });
  await upload(harness, { forbidOverwrite: true }, bytes.slice(0, 10));
  expect(await isStored(harness, bytes.slice(0, 10))).toBe(true);
});

test('a PutObject with forbidOverwrite that is corrupted at every attempt fails with `checksum_mismatch`', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'PutObject', effect: { kind: 'corruptIncoming' } });
  const failing = upload(harness, { forbidOverwrite: true }, bytes.slice(0, 10));
  await expect(failing).rejects.toMatchObject({ code: 'checksum_mismatch' });
  expect(harness.model.object(BUCKET, KEY)).toBeUndefined();
});

test('two different files of the same size, uploaded to one key at once, are not mixed [pain-14]', async () => {
  const harness = createHarness();
  const other = bytes.map((byte) => byte ^ 0xff);
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 10 } });
  const first = harness.start(createInMemorySource(bytes), { partSize: PART });
  const second = harness.start(createInMemorySource(other), { partSize: PART });
  const [one, two] = await harness.runUntilSettled(Promise.all([first.result, second.result]));
  expect(one.crc64).not.toBe(two.crc64);
  const last = harness.model.object(BUCKET, KEY)?.crc64 === one.crc64 ? bytes : other;
  expect(await isStored(harness, last)).toBe(true);
});
