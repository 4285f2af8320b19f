import { createBucketAdmin, type Fetch } from '@partway/core/oss';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUCKET, CREDENTIALS, REGION } from '../stages/emulator-stage.ts';

let emulator: OssEmulator;
/** For each PUT, whether it allows overlapping rules. */
const overlaps: (string | null)[] = [];
const recordingFetch: Fetch = (url, init) => {
  const allowed = new Headers(init.headers).get('x-oss-allow-same-action-overlap');
  if (init.method === 'PUT') overlaps.push(allowed);
  return fetch(url, init);
};

beforeAll(async () => {
  emulator = await startOssEmulator({ buckets: [BUCKET], region: REGION, credentials: CREDENTIALS });
});
afterAll(() => emulator.close());

function admin(bucket = BUCKET) {
  const { endpoint } = emulator;
  return createBucketAdmin({
    region: REGION,
    bucket,
    endpoint,
    credentials: CREDENTIALS,
    fetch: recordingFetch,
  });
}

test('a bucket reports its location', async () => {
  expect(await admin().location()).toBe('oss-cn-hangzhou');
  await expect(admin('nowhere').location()).rejects.toMatchObject({ code: 'object_not_found' });
});

test('a response without a location is malformed', async () => {
  const fetchPage: Fetch = async () => new Response('<html>a proxy</html>');
  const proxied = createBucketAdmin({
    region: REGION,
    bucket: BUCKET,
    credentials: CREDENTIALS,
    fetch: fetchPage,
  });
  await expect(proxied.location()).rejects.toMatchObject({ code: 'malformed_response' });
});

test('a bucket without rules returns an empty list, and an error rejects', async () => {
  expect(await admin().corsRules()).toEqual([]);
  expect(await admin().lifecycleRules()).toEqual([]);
  await expect(admin('nowhere').corsRules()).rejects.toMatchObject({ code: 'object_not_found' });
  const refuse = { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } as const;
  const fault = emulator.faults.add({ operation: 'GetBucketLifecycle', effect: refuse });
  await expect(admin().addAbortRule({ prefix: '', abortAfterDays: 1 })).rejects.toMatchObject({
    code: 'throttled',
  });
  fault.remove();
  expect(await admin().lifecycleRules()).toEqual([]);
});

test('overlap is allowed explicitly, and only for overlapping rules', async () => {
  overlaps.length = 0;
  for (const prefix of ['a/', 'b/', 'a/1/', '']) await admin().addAbortRule({ prefix, abortAfterDays: 7 });
  expect(overlaps).toEqual([null, null, 'true', 'true']);
  expect((await admin().lifecycleRules()).map(({ id, prefix }) => [id, prefix])).toEqual([
    ['partway-abort-unfinished-uploads-4', ''],
    ['partway-abort-unfinished-uploads-3', 'a/1/'],
    ['partway-abort-unfinished-uploads-2', 'b/'],
    ['partway-abort-unfinished-uploads', 'a/'],
  ]);
});

test.each([0, 1.5, Number.NaN])('%d days throw an error that names the option', async (abortAfterDays) => {
  await expect(admin().addAbortRule({ prefix: '', abortAfterDays })).rejects.toThrow(
    /^abortAfterDays must be/,
  );
});

test('an aborted signal rejects with its reason', async () => {
  const reason = new Error('enough');
  await expect(admin().corsRules({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
