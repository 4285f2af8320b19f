import { createOssObjectStore } from '@partway/core/oss';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type CliStage, openCliStage } from '../stages/cli-stage.ts';

let stage: CliStage;

beforeAll(async () => {
  stage = await openCliStage();
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

async function startUpload(key: string): Promise<string> {
  const credentials = { accessKeyId: 'AK', accessKeySecret: 'a secret' };
  const { endpoint } = stage.emulator;
  const store = createOssObjectStore({ region: 'cn-hangzhou', bucket: 'media', endpoint, credentials });
  const { uploadId } = await store.initiate({ key, object: {} });
  const { url } = await store.presign({ method: 'PUT', key, query: { partNumber: 1, uploadId } });
  // With a string, `fetch` would add a Content-Type, which is not signed.
  expect((await fetch(url, { method: 'PUT', body: Buffer.from('four') })).status).toBe(200);
  return uploadId;
}

function unfinishedKeys(): string[] {
  return stage.emulator.model.uploads('media').map(({ key }) => key);
}

test('sweep removes the abandoned uploads of a prefix, after a dry run that removes none', async () => {
  const uploadId = await startUpload('left/behind\n');
  await startUpload('other');
  const args = ['sweep', 'oss://media/left/', '--older-than', '0s'];
  const line = new RegExp(
    `^ *\\d+ s old {2}1 parts {2}4 bytes {2}${uploadId} {2}oss://media/left/behind%0A\n$`,
  );
  const dry = await stage.partway([...args, '--dry-run']);
  expect(dry).toEqual({
    status: 0,
    stdout: expect.stringMatching(line),
    stderr: 'partway: 1 would be removed (1 parts, 4 bytes), 0 kept\n',
  });
  expect(unfinishedKeys()).toEqual(['left/behind\n', 'other']);
  expect(await stage.partway(args)).toEqual({
    status: 0,
    stdout: expect.stringMatching(line),
    stderr: 'partway: 1 removed (1 parts, 4 bytes), 0 kept\n',
  });
  expect(unfinishedKeys()).toEqual(['other']);
});

test('sweep keeps recent uploads, and prints each upload as a line of JSON', async () => {
  const uploadId = await startUpload('recent');
  const { status, stdout, stderr } = await stage.partway([
    ...['sweep', 'oss://media/recent', '--json'],
    ...['--older-than', '7d'],
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({
    ...{ bucket: 'media', key: 'recent', uploadId, outcome: 'kept', parts: 0, bytes: 0 },
    ...{ initiatedAt: expect.any(Number), ageSeconds: expect.any(Number) },
  });
  expect(unfinishedKeys()).toContain('recent');
});

test.each([
  [503, 'ServiceUnavailable', 3],
  [403, 'AccessDenied', 1],
])(
  'an abort with response %i %s exits with %i, and the others are removed',
  async (status, code, expected) => {
    for (const key of ['x/1', 'x/2']) await startUpload(key);
    const effect = { kind: 'refuse', status, code } as const;
    stage.emulator.faults.add({ operation: 'AbortMultipartUpload', key: 'x/1', effect });
    const result = await stage.partway(['sweep', 'oss://media/x/', '--older-than', '0s']);
    expect(result).toMatchObject({ status: expected, stderr: expect.stringContaining(code) });
    expect(result.stderr).toContain('1 removed (1 parts, 4 bytes), 0 kept, 1 failed');
    expect(unfinishedKeys()).not.toContain('x/2');
    stage.emulator.faults.clear();
    expect(await stage.partway(['sweep', 'oss://media/x/', '--older-than', '0s'])).toMatchObject({
      status: 0,
    });
  },
);

test.each([
  [['sweep', 'oss://media'], '--older-than is required, such as 7d'],
  [['sweep', 'oss://media', '--older-than', '7'], '--older-than must be a number with s, min, h or d, got 7'],
  [['sweep', 'oss://media', '--older-than', '7d', '--concurrency', '0'], '--concurrency must be'],
])('%j is a usage error', async (args, message) => {
  const { status, stdout, stderr } = await stage.partway(args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});
