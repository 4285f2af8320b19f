import { UploadError } from '@partway/core';
import type { Coordinator } from '@partway/core/coordinator';
import type { ControlPlane, ObjectStore, Receipt } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { countRequests, expectStored } from '../stages/assertions.ts';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(11);
const bytes = new Uint8Array(2 * PART + 1).map(() => random.next() * 256);
const MINUTE = 60_000;
const { signal } = new AbortController();
const source = createInMemorySource(bytes);
const options = { partSize: PART };

test('a lost response to Complete is looked up, proven and marked as recovered [pain-6]', async () => {
  const harness = createHarness();
  harness.faults.add({
    operation: 'CompleteMultipartUpload',
    times: 1,
    effect: { kind: 'dropResponse' },
  });
  const object = await harness.runUntilSettled(harness.start(source, options).result);
  expect(object).toMatchObject({ recovered: true, size: bytes.length });
  await expectStored(harness, bytes);
});

test('a lost response to Complete is recovered although the first HEAD fails [pain-6]', async () => {
  const harness = createHarness();
  const { faults } = harness;
  faults.add({ operation: 'CompleteMultipartUpload', times: 1, effect: { kind: 'dropResponse' } });
  faults.add({
    operation: 'HeadObject',
    times: 2,
    effect: { kind: 'refuse', status: 503, code: 'ServiceUnavailable' },
  });
  const upload = harness.start(source, options);
  expect(await harness.runUntilSettled(upload.result)).toMatchObject({ recovered: true });
});

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
  await harness.runUntilSettled(harness.startWithControlPlane(twice, source, options).result);
  expect(harness.model.keys(BUCKET)).toEqual([KEY]);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('a Complete that takes minutes reports its phase and does not count as stalled [pain-9]', async () => {
  const harness = createHarness();
  const slow = harness.faults.add({
    operation: 'CompleteMultipartUpload',
    effect: { kind: 'latency', ms: 10 * MINUTE },
  });
  const upload = harness.start(source, options);
  const snapshot = slow.whenFired().then(() => upload.snapshot());
  await harness.runUntilSettled(upload.result);
  expect(await snapshot).toMatchObject({ phase: 'completing', confirmedBytes: bytes.length });
  expect(harness.events.filter((event) => event.type === 'retrying')).toEqual([]);
  expect(countRequests(harness, 'CompleteMultipartUpload')).toBe(1);
});

test('a Complete without one of the receipts is rejected and creates no object [pain-31]', async () => {
  const harness = createHarness();
  const incomplete: ControlPlane = {
    ...harness.controlPlane,
    complete: ({ receipts, ...request }) =>
      harness.controlPlane.complete({ ...request, receipts: receipts.slice(0, -1) }),
  };
  const failing = harness.runUntilSettled(harness.startWithControlPlane(incomplete, source, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'refused', disposition: 'permanent' });
  expect(harness.operations).not.toContain('CompleteMultipartUpload');
  expect(harness.model.object(BUCKET, KEY)).toBeUndefined();
});

test('repeated InvalidPart responses to Complete reject with `part_missing` [pain-36]', async () => {
  const harness = createHarness();
  harness.faults.add({
    operation: 'CompleteMultipartUpload',
    effect: { kind: 'refuse', status: 400, code: 'InvalidPart' },
  });
  const failing = harness.runUntilSettled(
    harness.start(source, { ...options, retry: { attemptsMax: 3 } }).result,
  );
  await expect(failing).rejects.toMatchObject({ code: 'part_missing' });
  expect(countRequests(harness, 'CompleteMultipartUpload')).toBeLessThanOrEqual(5);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test.each([10, bytes.length])(
  'wrong receipts for %i bytes are rejected, before and after Complete',
  async (size) => {
    const harness = createHarness();
    const coordinator = harness.createCoordinatorFor(harness.store);
    const { uploadToken, receipts } = await sendParts(harness, coordinator, size);
    const complete = (claimed: readonly Receipt[]): Promise<unknown> =>
      coordinator.complete({ uploadToken, receipts: claimed, signal });
    const invalid = [
      [],
      [...receipts, ...receipts],
      receipts.map((receipt) => ({ ...receipt, crc64: 'abc' })),
      receipts.map((receipt) => ({ ...receipt, size: receipt.size + 1 })),
      ...(receipts.length > 1 ? [receipts.toReversed()] : []),
    ];
    for (const claimed of invalid) await expect(complete(claimed)).rejects.toMatchObject({ code: 'refused' });
    expect(await complete(receipts)).toMatchObject({ size });
    for (const claimed of invalid) await expect(complete(claimed)).rejects.toMatchObject({ code: 'refused' });
    const mismatched = receipts.map((receipt) => ({ ...receipt, crc64: '1' }));
    await expect(complete(mismatched)).rejects.toMatchObject({ code: 'checksum_mismatch' });
    await expectStored(harness, bytes.slice(0, size));
    expect(await complete(receipts)).toMatchObject({ size });
  },
);

test.each<[string, Partial<ObjectStore>, object]>([
  ['Complete', {}, { size: bytes.length }],
  ['Complete and HEAD', { head: async () => undefined }, { code: 'unproven' }],
])('a proxy that hides the CRC64 of %s does not cause a deletion', async (_, hidden, outcome) => {
  const harness = createHarness();
  const store: ObjectStore = {
    ...harness.store,
    complete: async (request) => ({ ...(await harness.store.complete(request)), crc64: undefined }),
    ...hidden,
  };
  const plane = harness.createCoordinatorFor(store);
  const upload = harness.startWithControlPlane(plane, source, options);
  expect(await harness.runUntilSettled(upload.result).catch((reason: unknown) => reason)).toMatchObject(
    outcome,
  );
  await expectStored(harness, bytes);
});

/** Sends all parts without Complete. Resolves with the arguments of Complete. */
async function sendParts(
  harness: Harness,
  coordinator: Coordinator,
  size: number,
): Promise<{ uploadToken: string; receipts: readonly Receipt[] }> {
  const prefix = createInMemorySource(bytes.slice(0, size));
  let sent: { uploadToken: string; receipts: readonly Receipt[] } | undefined;
  const plane = {
    ...coordinator,
    complete(request: { uploadToken: string; receipts: readonly Receipt[] }): Promise<never> {
      sent = { uploadToken: request.uploadToken, receipts: request.receipts };
      return Promise.reject(new UploadError({ code: 'network', message: 'gone', disposition: 'permanent' }));
    },
    abort: () => Promise.resolve(),
  };
  await harness
    .runUntilSettled(harness.startWithControlPlane(plane, prefix, { partSize: PART }).result)
    .catch(() => undefined);
  if (sent === undefined) throw new Error('the upload did not reach Complete');
  return sent;
}
