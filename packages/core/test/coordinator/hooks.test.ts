import { crc64, UploadError } from '@partway/core';
import type { CoordinatorHooks } from '@partway/core/coordinator';
import { expect, test } from 'vitest';
import { BUCKET, type CoordinatorStage, createStage } from '../stages/coordinator-stage.ts';

const { signal } = new AbortController();
const PART = 102_400;
const content = new Uint8Array(2 * PART).fill(3);
const receipts = [1, 2].map((partNumber) => {
  return { partNumber, size: PART, crc64: crc64(content.subarray(0, PART)) };
});

/** An upload with all parts stored. */
async function initiateAndSend(stage: CoordinatorStage, object = {}) {
  const plane = stage.clientOf('wei');
  const request = { key: 'a', size: content.length, partSize: PART, object, presignCount: 2, signal };
  const { uploadToken, uploadId, presigned = [] } = await plane.initiate(request);
  for (const { url, headers } of presigned) await stage.put(url, headers, content.subarray(0, PART));
  return { uploadId, uploadToken, complete: () => plane.complete({ uploadToken, receipts, signal }), plane };
}

function recordHooks(hooks: CoordinatorHooks = {}) {
  const calls: [string, unknown, unknown][] = [];
  return {
    calls,
    hooks: {
      completed: (object, upload) => void calls.push(['completed', object, upload]),
      failed: (error, upload) => void calls.push(['failed', error, upload]),
      aborted: (upload) => void calls.push(['aborted', undefined, upload]),
      ...hooks,
    } satisfies CoordinatorHooks,
  };
}

test("the completed hook runs before the client's response, with the id of the upload", async () => {
  const { calls, hooks } = recordHooks();
  const stage = createStage({ hooks });
  const { uploadId, complete } = await initiateAndSend(stage);
  const object = await complete();
  const upload = {
    id: expect.stringMatching(/^[0-9a-f]{32}$/),
    principal: 'wei',
    key: 'wei/a',
    bucket: BUCKET,
  };
  expect(calls).toEqual([
    ['completed', object, expect.objectContaining({ ...upload, uploadId, size: content.length })],
  ]);
});

test('a rejecting completed hook is called again with the same id', async () => {
  const ids: string[] = [];
  const { hooks } = recordHooks({
    completed(_, { id }) {
      ids.push(id);
      if (ids.length === 1) throw new Error('the database is unavailable');
    },
  });
  const stage = createStage({ hooks });
  const { complete } = await initiateAndSend(stage);
  await expect(complete()).rejects.toMatchObject({ code: 'server_error', disposition: 'transient' });
  expect(await complete()).toMatchObject({ key: 'wei/a', recovered: true });
  expect(ids).toEqual([ids[0], ids[0]]);
});

test('the failed hook runs for a permanent failure of Complete, not for a transient one', async () => {
  const { calls, hooks } = recordHooks();
  const stage = createStage({ hooks });
  const { complete } = await initiateAndSend(stage);
  const refuse = { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } as const;
  stage.faults.add({ operation: 'ListParts', times: 1, effect: refuse });
  await expect(complete()).rejects.toMatchObject({ code: 'throttled' });
  expect(calls).toEqual([]);
  stage.faults.add({
    operation: 'ListParts',
    times: 1,
    effect: { ...refuse, status: 403, code: 'AccessDenied' },
  });
  await expect(complete()).rejects.toMatchObject({ code: 'access_denied' });
  expect(calls).toMatchObject([['failed', { code: 'access_denied' }, { key: 'wei/a' }]]);
  expect(calls[0]?.[1]).toBeInstanceOf(UploadError);
});

test('the aborted hook runs after OSS holds nothing, and its failure is ignored', async () => {
  const uploads: unknown[] = [];
  const stage = createStage({
    hooks: {
      aborted({ key }) {
        uploads.push([key, stage.model.uploads(BUCKET)]);
        throw new Error('ignored');
      },
    },
  });
  const { plane, uploadToken } = await initiateAndSend(stage);
  await plane.abort({ uploadToken, signal });
  expect(uploads).toEqual([['wei/a', []]]);
});

test("a policy of forbidOverwrite reaches OSS regardless of the client's options", async () => {
  const stage = createStage({ policy: { forbidOverwrite: true } });
  await (await initiateAndSend(stage)).complete();
  const second = initiateAndSend(stage, { forbidOverwrite: false });
  await expect(second).rejects.toMatchObject({ code: 'object_exists', context: { status: 409 } });
});

test('with singlePut: false a small file is a multipart upload, and an empty file is a single PutObject', async () => {
  const stage = createStage({ policy: { singlePut: false } });
  const plane = stage.clientOf('wei');
  const initiate = (size: number) => plane.initiate({ key: 'a', size, partSize: PART, object: {}, signal });
  expect(await initiate(10)).toMatchObject({ kind: 'multipart', uploadId: expect.any(String) });
  expect(await initiate(0)).toMatchObject({ kind: 'single' });
});

test('authorize sets a lower size limit and the headers of the object', async () => {
  const stage = createStage({
    authorize: ({ contentType }) => ({
      key: 'k',
      sizeMax: 10,
      object: { contentType, cacheControl: 'no-store', metadata: { by: 'us' } },
    }),
  });
  const requestInitiate = (size: number) =>
    stage.post('initiate', { name: 'a', size, presignCount: 1, object: { contentType: 'text/plain' } });
  expect((await requestInitiate(11)).status).toBe(422);
  const { json } = await requestInitiate(10);
  expect(json?.upload).toMatchObject({
    key: 'k',
    presigned: [
      { headers: { 'content-type': 'text/plain', 'cache-control': 'no-store', 'x-oss-meta-by': 'us' } },
    ],
  });
});

test('a refusal of authorize reaches the user unchanged', async () => {
  const stage = createStage({ authorize: async () => ({ refused: 'Your plan has no space left.' }) });
  const { status, json } = await stage.post('initiate', { name: 'a', size: 1 });
  expect({ status, json }).toMatchObject({
    status: 422,
    json: { error: { code: 'refused', message: 'Your plan has no space left.' } },
  });
});
