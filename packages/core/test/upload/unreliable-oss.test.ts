import { UploadError } from '@partway/core';
import { type Coordinator, createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import type { ObjectStore, Receipt } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(11);
const bytes = new Uint8Array(2 * PART + 1).map(() => random.next() * 256);
const { signal } = new AbortController();
const MINUTES = 60_000;

const small = createInMemorySource(bytes.slice(0, 10));
const large = createInMemorySource(bytes);

async function expectStored({ model }: Harness, content: Uint8Array): Promise<void> {
  const stored = await model.object(BUCKET, KEY)?.bytes();
  expect(stored !== undefined && Buffer.compare(stored, content) === 0).toBe(true);
}

/** Uploads by hand as far as Complete: what a client of the coordinator holds then. */
async function sentUpload(
  harness: Harness,
  coordinator: Coordinator,
  size: number,
): Promise<{ uploadToken: string; receipts: readonly Receipt[] }> {
  const source = createInMemorySource(bytes.slice(0, size));
  let held: { uploadToken: string; receipts: readonly Receipt[] } | undefined;
  const plane = {
    ...coordinator,
    complete(request: { uploadToken: string; receipts: readonly Receipt[] }): Promise<never> {
      held = { uploadToken: request.uploadToken, receipts: request.receipts };
      return Promise.reject(new UploadError({ code: 'network', message: 'gone', disposition: 'permanent' }));
    },
    abort: () => Promise.resolve(),
  };
  await harness
    .runUntilSettled(harness.startWithControlPlane(plane, source, { partSize: PART }).result)
    .catch(() => undefined);
  if (held === undefined) throw new Error('the upload did not come to Complete');
  return held;
}

test('a token for one bucket opens nothing in another, though they share their keys', async () => {
  const harness = createHarness();
  const tokenKeys = [{ kid: 'a', key: new Uint8Array(32).fill(7) }];
  const ours = createCoordinator({ store: harness.store, clock: harness.clock, tokenKeys });
  const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
  const ledger = createOssObjectStore({ region: 'cn-hangzhou', bucket: 'ledger', credentials });
  const theirs = createCoordinator({ store: ledger, clock: harness.clock, tokenKeys });
  const opened = await ours.initiate({ key: KEY, size: 10, partSize: undefined, object: {}, signal });
  const { uploadToken } = opened;
  await expect(
    theirs.presignParts({ uploadToken, partNumbers: [1], afterRefusal: false, signal }),
  ).rejects.toMatchObject({ code: 'token_refused' });
});

test.each([10, bytes.length])(
  'wrong receipts for %i bytes are refused, and harm no finished object',
  async (size) => {
    const harness = createHarness();
    const coordinator = harness.createCoordinatorFor(harness.store);
    const { uploadToken, receipts } = await sentUpload(harness, coordinator, size);
    const complete = (claimed: readonly Receipt[]): Promise<unknown> =>
      coordinator.complete({ uploadToken, receipts: claimed, signal });
    const wrong = [
      [],
      [...receipts, ...receipts],
      receipts.map((receipt) => ({ ...receipt, crc64: 'abc' })),
      receipts.map((receipt) => ({ ...receipt, size: receipt.size + 1 })),
      ...(receipts.length > 1 ? [receipts.toReversed()] : []),
    ];
    for (const claimed of wrong) await expect(complete(claimed)).rejects.toMatchObject({ code: 'refused' });
    expect(await complete(receipts)).toMatchObject({ size });
    for (const claimed of wrong) await expect(complete(claimed)).rejects.toMatchObject({ code: 'refused' });
    const lying = receipts.map((receipt) => ({ ...receipt, crc64: '1' }));
    await expect(complete(lying)).rejects.toMatchObject({ code: 'checksum_mismatch' });
    await expectStored(harness, bytes.slice(0, size));
    expect(await complete(receipts)).toMatchObject({ size });
  },
);

test.each<[string, Partial<ObjectStore>, object]>([
  ['Complete alone', {}, { size: bytes.length }],
  ['HEAD too', { head: async () => undefined }, { code: 'unproven' }],
])('a proxy that hides the CRC64 of %s takes no object away', async (_, hidden, outcome) => {
  const harness = createHarness();
  const store: ObjectStore = {
    ...harness.store,
    complete: async (request) => ({ ...(await harness.store.complete(request)), crc64: undefined }),
    ...hidden,
  };
  const plane = harness.createCoordinatorFor(store);
  const upload = harness.startWithControlPlane(plane, large, { partSize: PART });
  expect(await harness.runUntilSettled(upload.result).catch((reason: unknown) => reason)).toMatchObject(
    outcome,
  );
  await expectStored(harness, bytes);
});

test('an object that OSS itself made wrong is the error, also when it cannot be deleted', async () => {
  const harness = createHarness();
  const refuse = { kind: 'refuse', status: 403, code: 'AccessDenied' } as const;
  harness.faults.add({
    operation: 'UploadPart',
    partNumber: 1,
    effect: { kind: 'corruptStoredPart', silent: true },
  });
  harness.faults.add({ operation: 'DeleteObject', effect: refuse });
  const failing = harness.runUntilSettled(harness.start(large, { partSize: PART }).result);
  await expect(failing).rejects.toMatchObject({
    code: 'checksum_mismatch',
    message: expect.stringContaining('could not be deleted'),
    cause: { code: 'access_denied' },
  });
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
  const upload = harness.start(large, { partSize: PART });
  expect(await harness.runUntilSettled(upload.result)).toMatchObject({ recovered: true });
});

test('abort during Complete waits for the outcome, also when the response is lost', async () => {
  const harness = createHarness();
  const { faults } = harness;
  const lost = faults.add({
    operation: 'CompleteMultipartUpload',
    times: 1,
    effect: { kind: 'dropResponse' },
  });
  faults.add({
    operation: 'HeadObject',
    times: 1,
    effect: { kind: 'refuse', status: 503, code: 'ServiceUnavailable' },
  });
  const upload = harness.start(large, { partSize: PART });
  const aborting = lost.whenFired().then(() => upload.abort());
  expect(await harness.runUntilSettled(upload.result)).toMatchObject({ size: bytes.length });
  await aborting;
  await expectStored(harness, bytes);
});

test('an abort during Initiate leaves no upload behind [pain-37]', async () => {
  const harness = createHarness();
  const slow = harness.faults.add({
    operation: 'InitiateMultipartUpload',
    effect: { kind: 'latency', ms: 150 },
  });
  const upload = harness.start(large, { partSize: PART });
  const aborting = slow.whenFired().then(() => upload.abort());
  await expect(harness.runUntilSettled(upload.result)).rejects.toMatchObject({ code: 'aborted' });
  await aborting;
  expect(harness.operations).toContain('InitiateMultipartUpload');
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('an abort removes every version that a PutObject left', async () => {
  const harness = createHarness();
  await harness.model.setVersioning(BUCKET, 'Enabled');
  harness.faults.add({ operation: 'PutObject', times: 1, effect: { kind: 'dropResponse' } });
  const refuse = { kind: 'refuse', status: 403, code: 'AccessDenied' } as const;
  harness.faults.add({ operation: 'HeadObject', times: 1, effect: refuse });
  await expect(harness.runUntilSettled(harness.start(small).result)).rejects.toMatchObject({
    code: 'access_denied',
  });
  expect(harness.model.object(BUCKET, KEY)).toBeUndefined();
});

test.each([20, -20])(
  'a signer clock %i minutes off is corrected, for a single PutObject too [pain-29]',
  async (minutes) => {
    const harness = createHarness({ signerSkewMs: minutes * MINUTES });
    await harness.runUntilSettled(harness.start(small).result);
    await expectStored(harness, bytes.slice(0, 10));
  },
);

test('credentials that OSS rejects as expired are requested again [pain-4]', async () => {
  const dead = { accessKeyId: 'STS.dead', accessKeySecret: 'SK', securityToken: 'dead' };
  let asked = 0;
  const harness = createHarness({
    credentials: () => {
      asked += 1;
      return asked === 1 ? dead : { accessKeyId: 'AK', accessKeySecret: 'SK' };
    },
  });
  const alive = { accessKeyId: 'AK', accessKeySecret: 'SK' };
  harness.model.putCredentials([alive, { ...dead, expiresAt: harness.clock.now() - 1 }]);
  await harness.runUntilSettled(harness.start(small).result);
  await expectStored(harness, bytes.slice(0, 10));
  expect(asked).toBe(2);
});

test('abort does not wait for a signer that never responds', async () => {
  const harness = createHarness();
  const never = () => new Promise<never>(() => undefined);
  const store: ObjectStore = { ...harness.store, presign: never, presignParts: never };
  const plane = harness.createCoordinatorFor(store);
  const upload = harness.startWithControlPlane(plane, small);
  upload.subscribe(() => undefined);
  while (upload.snapshot().phase === 'opening') {
    await new Promise((resolve) => setImmediate(resolve));
    harness.clock.wakeNext();
  }
  await Promise.all([
    expect(upload.result).rejects.toMatchObject({ code: 'aborted' }),
    harness.runUntilSettled(upload.abort()),
  ]);
});

test('a 200 response that is not from OSS confirms nothing [pain-7]', async () => {
  const harness = createHarness();
  harness.faults.add({
    operation: 'UploadPart',
    partNumber: 1,
    times: 1,
    effect: { kind: 'errorIn200', code: 'Proxy' },
  });
  await harness.runUntilSettled(harness.start(large, { partSize: PART }).result);
  expect(harness.events.filter((event) => event.type === 'retrying')).toMatchObject([
    { error: { code: 'malformed_response', context: { partNumber: 1 } } },
  ]);
  await expectStored(harness, bytes);
});

test('metadata that only Partway may set is refused before anything is sent', () => {
  const harness = createHarness();
  expect(() => harness.start(small, { metadata: { 'Partway-Upload': 'mine' } })).toThrow(
    /set by Partway itself/,
  );
  expect(() => harness.start(small, { metadata: { a: 'x'.repeat(8150) } })).toThrow(/metadata/);
});

test('an async listener that fails does not crash the process', async () => {
  const harness = createHarness();
  const onEvent = async (): Promise<void> => {
    throw new Error('a listener');
  };
  expect(await harness.runUntilSettled(harness.start(small, { onEvent }).result)).toMatchObject({ size: 10 });
});
