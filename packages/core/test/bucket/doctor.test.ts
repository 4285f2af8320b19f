import { once } from 'node:events';
import { request } from 'node:http';
import { type Check, type ExamineOptions, examineBucket } from '@partway/core/doctor';
import { createBucketAdmin, type OssCredentials } from '@partway/core/oss';
import { createVirtualClock } from '@partway/core/testing';
import { type FaultHandle, type OssEmulator, type OssOperation, startOssEmulator } from '@partway/emulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BUCKET, CREDENTIALS, REGION } from '../stages/emulator-stage.ts';

const ORIGIN = 'https://app.example.com';
const MINUTE = 60_000;
const STS: OssCredentials = {
  accessKeyId: 'STS.1',
  accessKeySecret: 'sts-secret',
  securityToken: 'sts-token',
};
let emulator: OssEmulator;

beforeEach(async () => {
  const expired = { ...STS, accessKeyId: 'STS.2', expiresAt: 1 } as const;
  const credentials = [CREDENTIALS, STS, expired].map(({ securityToken, ...rest }: OssCredentials) => ({
    ...rest,
    ...(securityToken !== undefined && { securityToken }),
    expiresAt: Number(rest.expiresAt ?? Number.POSITIVE_INFINITY),
  }));
  emulator = await startOssEmulator({ buckets: [BUCKET], region: REGION, credentials });
});
afterEach(() => emulator.close());

function site(): ExamineOptions {
  return { region: REGION, bucket: BUCKET, endpoint: emulator.endpoint, credentials: CREDENTIALS };
}

/** Asserts for every result that it holds no secret and leaves nothing in OSS. */
async function examine(options: Partial<ExamineOptions> = {}): Promise<Record<string, Check>> {
  const checks = await examineBucket({ ...site(), origin: ORIGIN, ...options });
  for (const { status, remedy } of checks)
    expect(remedy === undefined).toBe(status === 'ok' || status === 'skipped');
  expect(JSON.stringify(checks)).not.toMatch(/test-secret|sts-secret|sts-token|x-oss-signature|:\/\/\d/);
  expect(emulator.model.uploads(BUCKET)).toEqual([]);
  expect(emulator.model.keys(BUCKET)).toEqual([]);
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}

function statuses(checks: Record<string, Check>, status: Check['status']): string[] {
  return Object.values(checks)
    .filter((check) => check.status === status)
    .map(({ name }) => name);
}

function refuse(operation: OssOperation): FaultHandle {
  const effect = { kind: 'refuse', status: 403, code: 'AccessDenied', ec: '0003-00000201' } as const;
  return emulator.faults.add({ operation, effect });
}

describe('a bucket', () => {
  test('without rules is reported, and is complete after adding them', async () => {
    const incomplete = await examine();
    expect(statuses(incomplete, 'failed')).toEqual(['cors', 'lifecycle']);
    expect(incomplete.cors?.detail).toBe(`Pages of ${ORIGIN} may not PUT.`);
    expect(incomplete.lifecycle?.detail).toMatch(/forever/);
    const corsWrites = emulator.faults.add({
      operation: 'PutBucketCors',
      effect: { kind: 'latency', ms: 0 },
    });
    expect(statuses(await examine({ fix: true }), 'ok')).toHaveLength(10);
    expect(corsWrites.matchedCount).toBe(1);
    expect(statuses(await examine({ fix: true }), 'ok')).toHaveLength(10);
    expect(corsWrites.matchedCount).toBe(1);
    expect(statuses(await examine(), 'ok')).toHaveLength(10);
  });

  test('is examined without a CORS check if no origin is given', async () => {
    expect(statuses(await examine({ origin: undefined }), 'skipped')).toEqual(['cors']);
  });

  test('can be examined with STS credentials', async () => {
    expect(statuses(await examine({ credentials: STS }), 'failed')).toEqual(['cors', 'lifecycle']);
  });
});

describe('the rules of a bucket', () => {
  test('are kept when one is added before them', async () => {
    const admin = createBucketAdmin(site());
    const mine = { allowedOrigins: ['*'], allowedMethods: ['PUT', 'GET'], allowedHeaders: ['content-type'] };
    await admin.addCorsRule({ ...mine, exposeHeaders: ['etag', 'X-Mine'] });
    await admin.addAbortRule({ prefix: 'logs/', abortAfterDays: 1 });
    const before = { cors: await admin.corsRules(), lifecycle: await admin.lifecycleRules() };
    expect((await examine()).cors?.detail).toBe(
      `Pages of ${ORIGIN} may not send cache-control, content-disposition, content-encoding, ` +
        'x-oss-forbid-overwrite, x-oss-meta-partway-upload, x-oss-storage-class.',
    );
    const fixed = await examine({ fix: true, abortAfterDays: 3 });
    expect(statuses(fixed, 'ok')).toHaveLength(10);
    const [added, ...others] = await admin.corsRules();
    expect(others).toEqual(before.cors);
    expect(added).toEqual({
      ...{ allowedOrigins: [ORIGIN], allowedMethods: ['PUT'], allowedHeaders: ['*'], maxAgeSeconds: 3600 },
      // Headers exposed before stay exposed.
      exposeHeaders: ['ETag', 'x-oss-request-id', 'x-oss-hash-crc64ecma', 'X-Mine'],
    });
    const [rule, ...rules] = await admin.lifecycleRules();
    expect(rules).toEqual(before.lifecycle);
    expect(rule).toMatchObject({ id: 'partway-abort-unfinished-uploads-2', prefix: '', abortAfterDays: 3 });
  });

  test('that allow PUT but hide the response headers are reported', async () => {
    const rule = { allowedOrigins: [ORIGIN], allowedMethods: ['PUT'], allowedHeaders: ['*'] };
    await createBucketAdmin(site()).addCorsRule({ ...rule, exposeHeaders: ['ETag'] });
    const { cors } = await examine();
    expect(cors?.detail).toBe(`Pages of ${ORIGIN} may not read x-oss-request-id, x-oss-hash-crc64ecma.`);
  });

  test('stay unchanged when the bucket has the maximum number of rules', async () => {
    const admin = createBucketAdmin(site());
    const rule = { allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] };
    for (let count = 1; count <= 20; count++) {
      await admin.addCorsRule({ ...rule, allowedOrigins: [`https://${count}.example.com`] });
    }
    const before = await admin.corsRules();
    const { cors } = await examine({ fix: true });
    expect(cors).toMatchObject({
      status: 'failed',
      remedy: expect.stringContaining('in the console of OSS'),
    });
    expect(await admin.corsRules()).toEqual(before);
  });

  test('for some of the keys are distinguished from rules for all', async () => {
    const admin = createBucketAdmin(site());
    await admin.addAbortRule({ prefix: 'media/', abortAfterDays: 5 });
    expect((await examine()).lifecycle).toMatchObject({ status: 'warning' });
    expect((await examine({ prefix: 'media/2026/' })).lifecycle).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('after 5 days'),
    });
    expect((await examine({ prefix: 'other/' })).lifecycle).toMatchObject({ status: 'failed' });
  });

  test('that can be neither read nor written are reported with the permission to grant', async () => {
    const faults = [refuse('GetBucketLifecycle'), refuse('GetBucketCors')];
    const hidden = await examine({ fix: true });
    expect(hidden.lifecycle).toMatchObject({
      status: 'warning',
      remedy: expect.stringContaining('oss:GetBucketLifecycle'),
    });
    expect(hidden.cors).toMatchObject({
      status: 'failed',
      remedy: expect.stringContaining('oss:GetBucketCors'),
    });
    for (const fault of faults) fault.remove();
    refuse('PutBucketLifecycle');
    expect((await examine({ fix: true })).lifecycle).toMatchObject({
      status: 'failed',
      remedy: expect.stringContaining('oss:PutBucketLifecycle'),
    });
  });
});

describe('an invalid configuration', () => {
  test.each<[string, Partial<ExamineOptions>, string, RegExp]>([
    [
      'a wrong secret',
      { credentials: { ...CREDENTIALS, accessKeySecret: 'x' } },
      'credentials',
      /secret belongs/,
    ],
    ['an unknown key', { credentials: { ...CREDENTIALS, accessKeyId: 'x' } }, 'credentials', /one set/],
    ['an expired token', { credentials: { ...STS, accessKeyId: 'STS.2' } }, 'credentials', /Renew the STS/],
    ['a wrong token', { credentials: { ...STS, securityToken: 'x' } }, 'credentials', /Renew the STS/],
    ['another region', { region: 'cn-beijing' }, 'region', /not 'cn-beijing'/],
    ['another bucket', { bucket: 'nowhere' }, 'region', /nowhere does not exist/],
    ['no server', { endpoint: 'http://127.0.0.1:1' }, 'region', /DNS, proxies and firewalls/],
  ])('%s is reported, and the other checks are skipped', async (_, options, name, remedy) => {
    const checks = await examine(options);
    expect(statuses(checks, 'failed')).toEqual([name]);
    expect(checks[name]?.remedy).toMatch(remedy);
    expect(statuses(checks, 'skipped')).toContain('upload');
  });

  test('the endpoint of another region is reported with the endpoint that OSS names', async () => {
    const checks = await examine({
      endpoint: 'oss-cn-beijing.aliyuncs.com',
      fetch: async (url, { method, headers }) => {
        const { host, pathname, search } = new URL(url);
        const sent = { ...Object.fromEntries(new Headers(headers)), host };
        const outgoing = request(emulator.endpoint + pathname + search, { method, headers: sent }).end();
        const [response] = await once(outgoing, 'response');
        const { statusCode: status, headers: responseHeaders } = response;
        return new Response((await response.toArray()).join(''), { status, headers: responseHeaders });
      },
    });
    expect(checks.region).toMatchObject({
      status: 'failed',
      remedy: expect.stringContaining('oss-cn-hangzhou.aliyuncs.com'),
    });
  });

  test('an unavailable OSS is not reported as wrong credentials', async () => {
    emulator.faults.add({ effect: { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } });
    const checks = await examine();
    expect(checks.region).toMatchObject({
      status: 'failed',
      remedy: expect.stringContaining('It may be temporary'),
    });
    expect(checks.credentials).toMatchObject({ status: 'skipped' });
  });

  test('a missing permission to read the location does not fail the check', async () => {
    refuse('GetBucketLocation');
    expect(statuses(await examine(), 'failed')).toEqual(['cors', 'lifecycle']);
  });

  test.each([
    [20, 'failed', 'ahead of'],
    [-20, 'failed', 'behind'],
    [5, 'warning', 'ahead of'],
    [0, 'ok', ''],
  ])('a clock %i minutes off is %s', async (minutes, status, direction) => {
    const { clock, credentials, upload } = await examine({
      clock: createVirtualClock(Date.now() + minutes * MINUTE),
    });
    expect(clock).toMatchObject({ status, detail: expect.stringContaining(direction) });
    expect([credentials?.status, upload?.status]).toEqual(['ok', 'ok']);
  });
});

describe('a missing permission', () => {
  test.each<[OssOperation, string, string]>([
    ['HeadObject', 'head', 'oss:GetObject'],
    ['InitiateMultipartUpload', 'upload', 'oss:PutObject'],
    ['UploadPart', 'upload', 'oss:PutObject'],
    ['ListParts', 'list-parts', 'oss:ListParts'],
  ])('for %s is found by the check %s, and named', async (operation, name, permission) => {
    refuse(operation);
    const checks = await examine({ origin: undefined });
    expect(statuses(checks, 'failed')).toEqual([name, 'lifecycle']);
    expect(checks[name]?.remedy).toContain(`Grant ${permission}`);
  });

  test('to list uploads is a warning, because only sweeps need it', async () => {
    refuse('ListMultipartUploads');
    expect((await examine())['list-uploads']).toMatchObject({ status: 'warning' });
  });

  test('to abort is reported with the remaining upload, which can then be removed', async () => {
    const fault = refuse('AbortMultipartUpload');
    const checks = await examineBucket(site());
    const [remaining] = emulator.model.uploads(BUCKET);
    expect(checks.find(({ name }) => name === 'abort')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining(`${remaining?.uploadId} of ${remaining?.key}`),
      remedy: expect.stringContaining('Grant oss:AbortMultipartUpload'),
    });
    fault.remove();
  });
});

describe('nothing is left behind', () => {
  test('when the response to Initiate is lost', async () => {
    emulator.faults.add({ operation: 'InitiateMultipartUpload', effect: { kind: 'dropResponse' } });
    expect(await examine()).toMatchObject({ upload: { status: 'failed' }, abort: { status: 'ok' } });
  });

  test('or it is reported, where a lost Initiate cannot be looked up', async () => {
    emulator.faults.add({ operation: 'InitiateMultipartUpload', effect: { kind: 'dropResponse' } });
    refuse('ListMultipartUploads');
    const checks = await examineBucket(site());
    const [remaining] = emulator.model.uploads(BUCKET);
    expect(checks.find(({ name }) => name === 'abort')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining(`An upload of ${remaining?.key} may still exist`),
      remedy: expect.stringContaining('oss:ListMultipartUploads'),
    });
  });

  test('when the response to the part is lost, or describes other bytes', async () => {
    const lost = emulator.faults.add({ operation: 'UploadPart', effect: { kind: 'dropResponse' } });
    expect(await examine()).toMatchObject({ upload: { status: 'failed' }, abort: { status: 'ok' } });
    lost.remove();
    emulator.faults.add({ operation: 'UploadPart', effect: { kind: 'corruptIncoming' } });
    expect((await examine()).upload).toMatchObject({
      status: 'failed',
      remedy: expect.stringContaining('proxy'),
    });
  });

  test('when a response is truncated', async () => {
    const refused = { kind: 'refuse', status: 403, code: 'AccessDenied' } as const;
    for (const operation of ['UploadPart', 'OptionObject'] as const) {
      emulator.faults.add({ operation, effect: refused });
      emulator.faults.add({ operation, effect: { kind: 'truncateResponse', bytes: 5 } });
    }
    expect(await examine()).toMatchObject({
      upload: { status: 'failed', detail: expect.stringContaining('[network]') },
      cors: { status: 'failed', detail: expect.stringContaining('[network]') },
      abort: { status: 'ok' },
    });
  });

  test.each<OssOperation>(['UploadPart', 'ListParts', 'OptionObject'])(
    'when the signal is aborted while %s waits',
    async (operation) => {
      const waiting = emulator.faults.add({ operation, times: 1, effect: { kind: 'silent' } });
      const stop = new AbortController();
      const reason = new Error('enough');
      const examination = examineBucket({ ...site(), origin: ORIGIN, signal: stop.signal });
      const outcome = examination.catch((thrown: unknown) => thrown);
      await waiting.whenFired();
      stop.abort(reason);
      expect(await outcome).toBe(reason);
      expect(emulator.model.uploads(BUCKET)).toEqual([]);
    },
  );
});

test.each<[string, Partial<ExamineOptions>]>([
  ['origin', { origin: 'https://app.example.com/' }],
  ['origin', { origin: 'app.example.com' }],
  ['origin', { origin: '*' }],
  ['prefix', { prefix: '/a' }],
  ['abortAfterDays', { abortAfterDays: 0 }],
  ['region', { region: 'oss-cn-hangzhou' }],
  ['bucket', { bucket: 'M' }],
])('an invalid %s throws an error that names the option', async (option, options) => {
  const mistake = await examineBucket({ ...site(), ...options }).catch((reason: unknown) => reason);
  expect(mistake instanceof TypeError || mistake instanceof RangeError).toBe(true);
  expect(String(mistake)).toContain(option);
});
