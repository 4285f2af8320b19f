import type { UploadOptions } from '@partway/core';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import type { FaultEffect, OssOperation } from '@partway/emulator';
import { expect, test } from 'vitest';
import { expectStored, listSentParts } from '../stages/assertions.ts';
import { createHarness, type Harness } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(11);
const bytes = new Uint8Array(3 * PART + 1).map(() => random.next() * 256);
const MINUTE = 60_000;

/** Uploads the bytes in parts of 100 KiB. */
function upload(harness: Harness, options: Partial<UploadOptions> = {}, content = bytes): Promise<unknown> {
  const { result } = harness.start(createInMemorySource(content), { partSize: PART, ...options });
  return harness.runUntilSettled(result);
}

function addFault(harness: Harness, operation: OssOperation, effect: FaultEffect, rule: object = {}): void {
  harness.faults.add({ operation, effect, ...rule });
}

test.each<[string, FaultEffect, string]>([
  ['a 503 response', { kind: 'refuse', status: 503, code: 'ServiceUnavailable' }, 'throttled'],
  ['a 500 response', { kind: 'refuse', status: 500, code: 'InternalError' }, 'server_error'],
  ['a lost connection', { kind: 'resetAfterBytes', bytes: 100 }, 'network'],
  ['a flipped bit in transit', { kind: 'corruptIncoming' }, 'checksum_mismatch'],
  ['a wrong CRC64 in the response', { kind: 'wrongCrc' }, 'checksum_mismatch'],
  [
    'an expired URL',
    { kind: 'refuse', status: 403, code: 'AccessDenied', ec: '0002-00000236' },
    'url_expired',
  ],
])(
  'a part is sent again after %s, the other parts are not [pain-1] [pain-33] [pain-46]',
  async (_, effect, code) => {
    const harness = createHarness();
    addFault(harness, 'UploadPart', effect, { partNumber: 2, times: 1 });
    await upload(harness);
    expect(listSentParts(harness).toSorted(byName)).toEqual([
      'UploadPart 1',
      'UploadPart 2',
      'UploadPart 2',
      'UploadPart 3',
      'UploadPart 4',
    ]);
    expect(harness.events.filter((event) => event.type === 'retrying')).toMatchObject([
      { error: { code, context: { partNumber: 2, attempt: 1 } } },
    ]);
    await expectStored(harness, bytes);
  },
);

test.each<[string, FaultEffect, RegExp]>([
  ['takes no byte', { kind: 'silent' }, /no byte was sent for 30000 ms/],
  ['never responds', { kind: 'silent', afterHandling: true }, /no response for 60000 ms/],
  [
    'takes 100 bytes a second',
    { kind: 'bandwidth', bytesPerSecond: 100 },
    /only \d+ bytes per second were sent for 60000 ms/,
  ],
])(
  'a part on a connection that %s is stopped and sent again [pain-16] [pain-43]',
  async (_, effect, symptom) => {
    const harness = createHarness();
    addFault(harness, 'UploadPart', effect, { partNumber: 2, times: 1 });
    const source = createInMemorySource(bytes, { chunkSize: 500 });
    await harness.runUntilSettled(harness.start(source, { partSize: PART }).result);
    expect(harness.events.filter((event) => event.type === 'retrying')).toMatchObject([
      { error: { code: 'stalled', message: expect.stringMatching(symptom), context: { partNumber: 2 } } },
    ]);
    await expectStored(harness, bytes);
  },
);

test('a slow part above the minimum rate is never stopped [pain-17]', async () => {
  const harness = createHarness();
  addFault(harness, 'UploadPart', { kind: 'bandwidth', bytesPerSecond: 1100 });
  const source = createInMemorySource(bytes, { chunkSize: 500 });
  const startedAt = harness.clock.now();
  await harness.runUntilSettled(harness.start(source, { partSize: PART }).result);
  expect(harness.clock.now() - startedAt).toBeGreaterThan(90_000);
  expect(harness.events.filter((event) => event.type === 'retrying')).toEqual([]);
});

test('x-oss-qos-delay-time of a 503 response delays the retry', async () => {
  const harness = createHarness();
  const headers = { 'x-oss-qos-delay-time': '60000' };
  addFault(
    harness,
    'UploadPart',
    { kind: 'refuse', status: 503, code: 'ServiceUnavailable', headers },
    { times: 1 },
  );
  const startedAt = harness.clock.now();
  await upload(harness);
  expect(harness.clock.now() - startedAt).toBeGreaterThanOrEqual(60_000);
});

test('a request is not retried after `retry.budgetMs`', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'refuse', status: 503, code: 'Busy' } });
  const retry = { attemptsMax: 100, baseMs: 1000, maxMs: 1000, budgetMs: 10_000 };
  const upload = harness.start(createInMemorySource(bytes), { partSize: PART, retry });
  const startedAt = harness.clock.now();
  await expect(harness.runUntilSettled(upload.result)).rejects.toMatchObject({ disposition: 'exhausted' });
  expect(harness.clock.now() - startedAt).toBeLessThanOrEqual(11_000);
  expect(harness.clock.now() - startedAt).toBeGreaterThan(5_000);
});

test.each([20, -20])(
  'a signer clock that is off by %i minutes is corrected for a single PutObject [pain-29]',
  async (minutes) => {
    const harness = createHarness({ signerSkewMs: minutes * MINUTE });
    await upload(harness, {}, bytes.slice(0, 10));
    await expectStored(harness, bytes.slice(0, 10));
  },
);

test('credentials that OSS refuses as expired are requested again [pain-4]', async () => {
  const expired = { accessKeyId: 'STS.expired', accessKeySecret: 'SK', securityToken: 'expired' };
  let requests = 0;
  const harness = createHarness({
    credentials: () => {
      requests += 1;
      return requests === 1 ? expired : { accessKeyId: 'AK', accessKeySecret: 'SK' };
    },
  });
  const valid = { accessKeyId: 'AK', accessKeySecret: 'SK' };
  harness.model.putCredentials([valid, { ...expired, expiresAt: harness.clock.now() - 1 }]);
  await upload(harness, {}, bytes.slice(0, 10));
  await expectStored(harness, bytes.slice(0, 10));
  expect(requests).toBe(2);
});

test('a 200 response of a proxy confirms no part [pain-7]', async () => {
  const harness = createHarness();
  harness.faults.add({
    operation: 'UploadPart',
    partNumber: 1,
    times: 1,
    effect: { kind: 'errorIn200', code: 'Proxy' },
  });
  await upload(harness);
  expect(harness.events.filter((event) => event.type === 'retrying')).toMatchObject([
    { error: { code: 'malformed_response', context: { partNumber: 1 } } },
  ]);
  await expectStored(harness, bytes);
});

function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}
