import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import type { FaultEffect, OssOperation } from '@partway/emulator';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

const PART = 102_400;
const bytes = randomBytes(3 * PART + 1);

/** Uploads the bytes in parts of 100 KiB. */
function upload(
  harness: Harness,
  options: Parameters<Harness['start']>[1] = {},
  content = bytes,
): Promise<unknown> {
  return harness.runUntilSettled(
    harness.start(createInMemorySource(content), { partSize: PART, ...options }).result,
  );
}

function misbehave(harness: Harness, operation: OssOperation, effect: FaultEffect, rule: object = {}): void {
  harness.faults.add({ operation, effect, ...rule });
}

async function expectNothingLeft({ model }: Harness): Promise<void> {
  expect(model.object(BUCKET, KEY)).toBeUndefined();
  expect(model.uploads(BUCKET)).toEqual([]);
}

test('an upload initiates, sends the parts, lists them and completes', async () => {
  const harness = createHarness();
  const object = await upload(harness, { concurrency: 1, contentType: 'video/mp4', metadata: { a: 'b' } });
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
  expect(await isStored(harness, bytes)).toBe(true);
  expect(stored?.headers).toMatchObject({ 'content-type': 'video/mp4', 'x-oss-meta-a': 'b' });
  expect(object).toMatchObject({ bucket: BUCKET, key: KEY, size: bytes.length, crc64: stored?.crc64 });
});

test.each([0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 1])(
  '%i bytes arrive as they were',
  async (size) => {
    const harness = createHarness();
    const content = bytes.slice(0, size);
    await upload(harness, {}, content);
    expect(await isStored(harness, content)).toBe(true);
    expect(harness.model.uploads(BUCKET)).toEqual([]);
  },
);

test('a source that is another behind its last part is not completed, and leaves nothing', async () => {
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
  await expectNothingLeft(harness);
});

test('a file smaller than one part is one PutObject with all object options', async () => {
  const harness = createHarness();
  await upload(harness, { cacheControl: 'no-cache', metadata: { a: 'b' } }, bytes.slice(0, 10));
  expect(harness.operations).toEqual(['PutObject', 'HeadObject']);
  expect(harness.model.object(BUCKET, KEY)?.headers).toMatchObject({
    'cache-control': 'no-cache',
    'x-oss-meta-a': 'b',
  });
});

test('never more parts in flight than allowed, also after the number was changed [pain-10]', async () => {
  const harness = createHarness();
  misbehave(harness, 'UploadPart', { kind: 'latency', ms: 10 });
  const content = randomBytes(20 * PART);
  const running = harness.start(createInMemorySource(content), { partSize: PART, concurrency: 2 });
  running.subscribe((event) => {
    if (event.type === 'part-confirmed' && event.partNumber === 10) running.setConcurrency(6);
  });
  await harness.runUntilSettled(running.result);
  expect(Math.max(...harness.partsInFlight.slice(0, 10))).toBe(2);
  expect(Math.max(...harness.partsInFlight)).toBe(6);
});

test.each<[string, FaultEffect, string]>([
  ['503', { kind: 'refuse', status: 503, code: 'ServiceUnavailable' }, 'throttled'],
  ['500', { kind: 'refuse', status: 500, code: 'InternalError' }, 'server_error'],
  ['a lost connection', { kind: 'resetAfterBytes', bytes: 100 }, 'network'],
  ['a bit flipped on the way', { kind: 'corruptIncoming' }, 'checksum_mismatch'],
  ['a wrong CRC64 in the answer', { kind: 'wrongCrc' }, 'checksum_mismatch'],
  [
    'an expired URL',
    { kind: 'refuse', status: 403, code: 'AccessDenied', ec: '0002-00000236' },
    'url_expired',
  ],
])(
  'one part that meets %s is sent again, and the others are not [pain-1] [pain-33] [pain-46]',
  async (_, effect, code) => {
    const harness = createHarness();
    misbehave(harness, 'UploadPart', effect, { partNumber: 2, times: 1 });
    await upload(harness);
    expect(harness.operations.filter((name) => name.startsWith('UploadPart')).toSorted(byName)).toEqual([
      'UploadPart 1',
      'UploadPart 2',
      'UploadPart 2',
      'UploadPart 3',
      'UploadPart 4',
    ]);
    expect(harness.events.filter((event) => event.type === 'retrying')).toMatchObject([
      { error: { code, context: { partNumber: 2, attempt: 1 } } },
    ]);
    expect(await isStored(harness, bytes)).toBe(true);
  },
);

test.each<[string, FaultEffect, RegExp]>([
  ['takes no byte', { kind: 'silent' }, /no byte was sent for 30000 ms/],
  ['never answers', { kind: 'silent', afterHandling: true }, /no response for 60000 ms/],
  [
    'takes 100 bytes a second',
    { kind: 'bandwidth', bytesPerSecond: 100 },
    /only \d+ bytes per second were sent for 60000 ms/,
  ],
])(
  'a part with a connection that %s is stopped and sent again [pain-16] [pain-43]',
  async (_, effect, symptom) => {
    const harness = createHarness();
    misbehave(harness, 'UploadPart', effect, { partNumber: 2, times: 1 });
    const source = createInMemorySource(bytes, { chunkSize: 500 });
    await harness.runUntilSettled(harness.start(source, { partSize: PART }).result);
    expect(harness.events.filter((event) => event.type === 'retrying')).toMatchObject([
      { error: { code: 'stalled', message: expect.stringMatching(symptom), context: { partNumber: 2 } } },
    ]);
    expect(await isStored(harness, bytes)).toBe(true);
  },
);

test('an honest slow part takes as long as it takes [pain-17]', async () => {
  const harness = createHarness();
  misbehave(harness, 'UploadPart', { kind: 'bandwidth', bytesPerSecond: 1100 });
  const source = createInMemorySource(bytes, { chunkSize: 500 });
  const startedAt = harness.clock.now();
  await harness.runUntilSettled(harness.start(source, { partSize: PART }).result);
  expect(harness.clock.now() - startedAt).toBeGreaterThan(90_000);
  expect(harness.events.filter((event) => event.type === 'retrying')).toEqual([]);
});

test('Retry-After of OSS delays the retry', async () => {
  const harness = createHarness();
  const headers = { 'x-oss-qos-delay-time': '60000' };
  misbehave(
    harness,
    'UploadPart',
    { kind: 'refuse', status: 503, code: 'ServiceUnavailable', headers },
    { times: 1 },
  );
  const startedAt = harness.clock.now();
  await upload(harness);
  expect(harness.clock.now() - startedAt).toBeGreaterThanOrEqual(60_000);
});

test.each<[string, OssOperation, FaultEffect, object]>([
  [
    'a part whose bits are flipped on the way every time',
    'UploadPart',
    { kind: 'corruptIncoming' },
    { code: 'checksum_mismatch', disposition: 'exhausted', context: { partNumber: 2, attempt: 3 } },
  ],
  [
    'a part corrupted in the store after its PUT',
    'UploadPart',
    { kind: 'corruptStoredPart' },
    { code: 'checksum_mismatch', disposition: 'permanent', context: { partNumber: 2 } },
  ],
  [
    'a part corrupted where not even ListParts sees it',
    'UploadPart',
    { kind: 'corruptStoredPart', silent: true },
    { code: 'checksum_mismatch', disposition: 'permanent' },
  ],
  [
    'a part that is gone',
    'UploadPart',
    { kind: 'losePart' },
    { code: 'part_missing', disposition: 'permanent', context: { partNumber: 2 } },
  ],
  [
    'a Complete that answers 200 with an error',
    'CompleteMultipartUpload',
    { kind: 'errorIn200', code: 'InternalError' },
    { code: 'server_error', disposition: 'exhausted', context: { status: 200, ossCode: 'InternalError' } },
  ],
  [
    'a Complete whose answer is cut',
    'CompleteMultipartUpload',
    { kind: 'refuse', status: 403, code: 'AccessDenied' },
    { code: 'access_denied', disposition: 'permanent' },
  ],
  [
    'a part refused for its signature',
    'UploadPart',
    { kind: 'refuse', status: 403, code: 'SignatureDoesNotMatch', ec: '0002-00000201' },
    { code: 'signature_mismatch', disposition: 'permanent', context: { attempt: 1 } },
  ],
])('%s is caught, named, and leaves nothing [pain-7] [pain-30]', async (_, operation, effect, error) => {
  const harness = createHarness();
  misbehave(harness, operation, effect, operation === 'UploadPart' ? { partNumber: 2 } : {});
  await expect(upload(harness, { retry: { attemptsMax: 3 } })).rejects.toMatchObject(error);
  await expectNothingLeft(harness);
  expect(harness.events.at(-1)).toMatchObject({ type: 'failed', error });
});

test('a single PutObject corrupted at every attempt leaves nothing', async () => {
  const harness = createHarness();
  misbehave(harness, 'PutObject', { kind: 'corruptIncoming' });
  const failing = upload(harness, { retry: { attemptsMax: 2 } }, bytes.slice(0, 10));
  await expect(failing).rejects.toMatchObject({ code: 'checksum_mismatch', disposition: 'exhausted' });
  await expectNothingLeft(harness);
});

test("another writer's object under the key is kept when the upload fails", async () => {
  const harness = createHarness();
  await upload(harness, {}, bytes.slice(0, 20));
  misbehave(harness, 'PutObject', { kind: 'refuse', status: 403, code: 'AccessDenied' });
  await expect(upload(harness, {}, bytes.slice(0, 10))).rejects.toMatchObject({ code: 'access_denied' });
  expect(await isStored(harness, bytes.slice(0, 20))).toBe(true);
});

test('a lost response to Complete is looked up, proven and marked as recovered [pain-6]', async () => {
  const harness = createHarness();
  misbehave(harness, 'CompleteMultipartUpload', { kind: 'dropResponse' }, { times: 1 });
  expect(await upload(harness)).toMatchObject({ recovered: true, size: bytes.length });
  expect(await isStored(harness, bytes)).toBe(true);
});

test('a lost response to a PutObject with forbidOverwrite is recovered by its own object', async () => {
  const harness = createHarness();
  misbehave(harness, 'PutObject', { kind: 'dropResponse' }, { times: 1 });
  await upload(harness, { forbidOverwrite: true }, bytes.slice(0, 10));
  expect(await isStored(harness, bytes.slice(0, 10))).toBe(true);
});

test('a PutObject that was changed on the way, and forbids overwriting, does not stand in its own way', async () => {
  const harness = createHarness();
  misbehave(harness, 'PutObject', { kind: 'corruptIncoming' }, { times: 1 });
  await upload(harness, { forbidOverwrite: true }, bytes.slice(0, 10));
  expect(await isStored(harness, bytes.slice(0, 10))).toBe(true);
});

test.each([10, bytes.length])('%i bytes do not overwrite an object when that is forbidden', async (size) => {
  const harness = createHarness();
  const before = bytes.slice(5, 15);
  await upload(harness, {}, before);
  const refused = upload(harness, { forbidOverwrite: true }, bytes.slice(0, size));
  await expect(refused).rejects.toMatchObject({ code: 'object_exists', disposition: 'permanent' });
  expect(await isStored(harness, before)).toBe(true);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('abort leaves nothing and rejects with `aborted`', async () => {
  const harness = createHarness();
  misbehave(harness, 'UploadPart', { kind: 'latency', ms: 10 });
  const running = harness.start(createInMemorySource(bytes), { partSize: PART, concurrency: 2 });
  let aborting = Promise.resolve();
  running.subscribe((event) => {
    if (event.type === 'part-confirmed') aborting = running.abort();
  });
  await expect(harness.runUntilSettled(running.result)).rejects.toMatchObject({ code: 'aborted' });
  await aborting;
  await expectNothingLeft(harness);
  expect(harness.countPendingTimers()).toBe(0);
});

test("the caller's signal aborts, before the start too", async () => {
  const harness = createHarness();
  const error = { code: 'aborted', cause: 'enough' };
  await expect(upload(harness, { signal: AbortSignal.abort('enough') })).rejects.toMatchObject(error);
  expect(harness.operations).toEqual([]);
});

test('an abort that comes while Complete is in flight comes too late', async () => {
  const harness = createHarness();
  const slow = harness.faults.add({
    operation: 'CompleteMultipartUpload',
    effect: { kind: 'latency', ms: 1000 },
  });
  const running = harness.start(createInMemorySource(bytes), { partSize: PART });
  const aborting = slow.whenFired().then(() => running.abort());
  expect(await harness.runUntilSettled(running.result)).toMatchObject({ size: bytes.length });
  await aborting;
  expect(harness.operations).not.toContain('AbortMultipartUpload');
});

test('an abort is repeated until OSS knows nothing of the upload [pain-28]', async () => {
  const harness = createHarness();
  misbehave(harness, 'UploadPart', { kind: 'refuse', status: 403, code: 'AccessDenied' });
  misbehave(
    harness,
    'AbortMultipartUpload',
    { kind: 'refuse', status: 503, code: 'ServiceUnavailable' },
    { times: 2 },
  );
  await expect(upload(harness)).rejects.toMatchObject({ code: 'access_denied' });
  await expectNothingLeft(harness);
});

test('a permanently failed abort is reported with the original failure [pain-28]', async () => {
  const harness = createHarness();
  misbehave(harness, 'UploadPart', { kind: 'refuse', status: 403, code: 'AccessDenied' });
  misbehave(harness, 'AbortMultipartUpload', { kind: 'refuse', status: 403, code: 'AccessDenied' });
  await expect(upload(harness)).rejects.toMatchObject({
    code: 'access_denied',
    context: { operation: 'UploadPart' },
  });
  expect(harness.events).toContainEqual(
    expect.objectContaining({
      type: 'cleanup-failed',
      error: expect.objectContaining({
        context: expect.objectContaining({ operation: 'AbortMultipartUpload' }),
      }),
    }),
  );
});

test('a listener that throws does not fail the upload', async () => {
  const harness = createHarness();
  const onEvent = (): void => {
    throw new Error('a listener');
  };
  expect(await upload(harness, { onEvent })).toMatchObject({ size: bytes.length });
});

test('no URL and no token shows in any event or error', async () => {
  const harness = createHarness();
  misbehave(harness, 'UploadPart', { kind: 'refuse', status: 403, code: 'SignatureDoesNotMatch' });
  const error = await upload(harness).then(
    () => undefined,
    (reason: Error) => reason,
  );
  const told = JSON.stringify([harness.events, error, error?.stack, error?.message]);
  expect(harness.presignedUrls.length).toBeGreaterThan(0);
  expect(told).not.toMatch(/x-oss-signature|x-oss-credential|https?:|secret-token/i);
});

async function isStored({ model }: Harness, content: Uint8Array): Promise<boolean> {
  const stored = await model.object(BUCKET, KEY)?.bytes();
  return stored !== undefined && Buffer.compare(stored, content) === 0;
}

function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}

function randomBytes(size: number): Uint8Array {
  const random = createSeededRandom(7);
  return new Uint8Array(size).map(() => random.next() * 256);
}
