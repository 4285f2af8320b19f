import type { ControlPlane, UploadOptions } from '@partway/core';
import { UploadError } from '@partway/core';
import { createCoordinator, type UploadGrant, type UploadTokens } from '@partway/core/coordinator';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import type { FaultEffect, OssCredentials } from '@partway/emulator';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

// Problems that users of upload tools report about URLs, credentials, tokens and clocks: docs/explanation/reported-problems.md.

const PART = 102_400;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const random = createSeededRandom(17);
const bytes = new Uint8Array(12 * PART + 1).map(() => random.next() * 256);
const options: Partial<UploadOptions> = { partSize: PART, concurrency: 1 };
const source = createInMemorySource(bytes, { chunkSize: 500 });

/** Limits the bandwidth to 1100 bytes per second: a part takes a minute and a half. */
function limitBandwidth(harness: Harness): void {
  harness.faults.add({ operation: 'UploadPart', effect: { kind: 'bandwidth', bytesPerSecond: 1100 } });
}

function retriedCodes({ events }: Harness): string[] {
  return events.flatMap((event) => (event.type === 'retrying' ? [event.error.code] : []));
}

async function expectStored({ model }: Harness): Promise<void> {
  const stored = await model.object(BUCKET, KEY)?.bytes();
  expect(stored !== undefined && Buffer.compare(stored, bytes) === 0).toBe(true);
  expect(model.uploads(BUCKET)).toEqual([]);
}

test('parts that wait longer than the lifetime of a URL are presigned when they are needed [pain-1]', async () => {
  const harness = createHarness();
  const startedAt = harness.clock.now();
  limitBandwidth(harness);
  await harness.runUntilSettled(harness.start(source, options).result);
  expect(harness.clock.now() - startedAt).toBeGreaterThan(15 * MINUTE);
  expect(retriedCodes(harness)).toEqual([]);
  await expectStored(harness);
});

test('an upload longer than the credential lifetime continues with new credentials [pain-2]', async () => {
  const sets: OssCredentials[] = [];
  const harness = createHarness({
    credentials: () => {
      const set = {
        accessKeyId: `STS.${sets.length}`,
        accessKeySecret: `secret ${sets.length}`,
        securityToken: `token ${sets.length}`,
        expiresAt: harness.clock.now() + 6 * MINUTE,
      };
      sets.push(set);
      harness.model.putCredentials(sets);
      return set;
    },
  });
  limitBandwidth(harness);
  await harness.runUntilSettled(harness.start(source, options).result);
  expect(sets.length).toBeGreaterThan(2);
  expect(retriedCodes(harness)).toEqual([]);
  await expectStored(harness);
});

const refusal = { kind: 'refuse', status: 403, message: 'a message that may change' } as const;

test.each<[string, FaultEffect]>([
  ['the V4 expiry', { ...refusal, code: 'AccessDenied', ec: '0002-00000236' }],
  ['the V1 expiry', { ...refusal, code: 'AccessDenied', ec: '0002-00000069' }],
  ['the expiry of the S3 dialect', { ...refusal, code: 'AccessDenied', ec: '0002-00000418' }],
  ['an expired STS token by its EC', { ...refusal, code: 'AccessDenied', ec: '0002-00000007' }],
  ['an expired STS token by its code', { ...refusal, code: 'SecurityTokenExpired' }],
])('a 403 for %s is retried with a new URL [pain-4]', async (_, effect) => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', partNumber: 2, times: 1, effect });
  // A URL signed in the same second would be the same.
  harness.faults.add({ operation: 'HeadObject', effect: { kind: 'latency', ms: 1000 } });
  await harness.runUntilSettled(harness.start(source, options).result);
  expect(retriedCodes(harness)).toHaveLength(1);
  expect(new Set(harness.presignedUrls).size).toBe(harness.presignedUrls.length);
  await expectStored(harness);
});

test('any other 403 is not retried [pain-4]', async () => {
  const harness = createHarness();
  const effect: FaultEffect = { ...refusal, code: 'AccessDenied', ec: '0003-00000001' };
  harness.faults.add({ operation: 'UploadPart', partNumber: 2, effect });
  const result = harness.runUntilSettled(harness.start(source, options).result);
  await expect(result).rejects.toMatchObject({ code: 'access_denied', disposition: 'permanent' });
  expect(harness.operations.filter((name) => name === 'UploadPart 2')).toHaveLength(1);
});

test('an upload continues after the machine slept for a day [pain-27]', async () => {
  const harness = createHarness();
  harness.faults.add({
    operation: 'UploadPart',
    partNumber: 3,
    times: 1,
    effect: { kind: 'clockJump', ms: DAY },
  });
  await harness.runUntilSettled(harness.start(source, options).result);
  expect(retriedCodes(harness)).toHaveLength(1);
  await expectStored(harness);
});

test('an upload longer than its token lifetime fails with token_refused and a hint [pain-19]', async () => {
  const harness = createHarness();
  limitBandwidth(harness);
  const controlPlane = createCoordinator({
    store: harness.store,
    clock: harness.clock,
    uploadTokens: createExpiringTokens(),
    tokenLifetimeSeconds: 300,
  });
  const result = harness.runUntilSettled(harness.startWithControlPlane(controlPlane, source, options).result);
  await expect(result).rejects.toMatchObject({
    code: 'token_refused',
    retryable: false,
    hint: expect.any(String),
    context: { partNumber: expect.any(Number) },
  });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('a failed request to presign is retried [pain-34]', async () => {
  const harness = createHarness();
  let calls = 0;
  const controlPlane: ControlPlane = {
    ...harness.controlPlane,
    presignParts(request) {
      calls += 1;
      if (calls % 2 === 0) return harness.controlPlane.presignParts(request);
      return Promise.reject(
        new UploadError({ code: 'network', message: 'the server is restarting', disposition: 'transient' }),
      );
    },
  };
  await harness.runUntilSettled(harness.startWithControlPlane(controlPlane, source, options).result);
  await expectStored(harness);
});

test.each([1, -1])(
  'a coordinator with a clock %i day off signs URLs that the client and OSS accept [pain-29]',
  async (days) => {
    const harness = createHarness({ signerSkewMs: days * DAY });
    const clock = { now: () => harness.clock.now() + days * DAY, sleep: harness.clock.sleep };
    const uploadTokens = createExpiringTokens();
    const controlPlane = createCoordinator({ store: harness.store, clock, uploadTokens });
    let calls = 0;
    const countingPlane: ControlPlane = {
      ...controlPlane,
      presignParts(request) {
        calls += 1;
        return controlPlane.presignParts(request);
      },
    };
    const upload = harness.startWithControlPlane(countingPlane, source, { ...options, concurrency: 3 });
    await harness.runUntilSettled(upload.result);
    expect(retriedCodes(harness)).toEqual(['clock_skewed']);
    // The first six parts were presigned along with Initiate.
    expect(calls).toBe(2);
    await expectStored(harness);
  },
);

/** Tokens without WebCrypto, which works off-thread while virtual time passes. */
function createExpiringTokens(): UploadTokens {
  const grants: UploadGrant[] = [];
  const hint = 'Start the upload again.';
  return {
    seal: (grant) => Promise.resolve(String(grants.push(grant) - 1)),
    async open(token, now) {
      const grant = grants[Number(token)];
      if (grant !== undefined && grant.expiresAt > now) return grant;
      throw new UploadError({ code: 'token_refused', message: 'expired', disposition: 'permanent', hint });
    },
  };
}
