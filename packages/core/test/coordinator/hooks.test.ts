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
async function sent(stage: CoordinatorStage, object = {}) {
  const plane = stage.clientOf('wei');
  const request = { key: 'a', size: content.length, partSize: PART, object, presignCount: 2, signal };
  const { uploadToken, uploadId, presigned = [] } = await plane.initiate(request);
  for (const { url, headers } of presigned) await stage.put(url, headers, content.subarray(0, PART));
  return { uploadId, uploadToken, complete: () => plane.complete({ uploadToken, receipts, signal }), plane };
}

function listening(hooks: CoordinatorHooks = {}) {
  const told: [string, unknown, unknown][] = [];
  return {
    told,
    hooks: {
      completed: (object, upload) => void told.push(['completed', object, upload]),
      failed: (error, upload) => void told.push(['failed', error, upload]),
      aborted: (upload) => void told.push(['aborted', undefined, upload]),
      ...hooks,
    } satisfies CoordinatorHooks,
  };
}

test("the completed hook runs before the client's response, with the id of the upload", async () => {
  const { told, hooks } = listening();
  const stage = createStage({ hooks });
  const { uploadId, complete } = await sent(stage);
  const object = await complete();
  const upload = {
    id: expect.stringMatching(/^[0-9a-f]{32}$/),
    principal: 'wei',
    key: 'wei/a',
    bucket: BUCKET,
  };
  expect(told).toEqual([
    ['completed', object, expect.objectContaining({ ...upload, uploadId, size: content.length })],
  ]);
});

test('a rejecting completed hook is called again with the same id', async () => {
  const ids: string[] = [];
  const { hooks } = listening({
    completed(_, { id }) {
      ids.push(id);
      if (ids.length === 1) throw new Error('the database is away');
    },
  });
  const stage = createStage({ hooks });
  const { complete } = await sent(stage);
  await expect(complete()).rejects.toMatchObject({ code: 'server_error', disposition: 'transient' });
  expect(await complete()).toMatchObject({ key: 'wei/a', recovered: true });
  expect(ids).toEqual([ids[0], ids[0]]);
});

test('the failed hook runs for a permanent failure of Complete, not for a transient one', async () => {
  const { told, hooks } = listening();
  const stage = createStage({ hooks });
  const { complete } = await sent(stage);
  const refuse = { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } as const;
  stage.faults.add({ operation: 'ListParts', times: 1, effect: refuse });
  await expect(complete()).rejects.toMatchObject({ code: 'throttled' });
  expect(told).toEqual([]);
  stage.faults.add({
    operation: 'ListParts',
    times: 1,
    effect: { ...refuse, status: 403, code: 'AccessDenied' },
  });
  await expect(complete()).rejects.toMatchObject({ code: 'access_denied' });
  expect(told).toMatchObject([['failed', { code: 'access_denied' }, { key: 'wei/a' }]]);
  expect(told[0]?.[1]).toBeInstanceOf(UploadError);
});

test('the aborted hook runs after OSS holds nothing, and its failure is ignored', async () => {
  const uploads: unknown[] = [];
  const stage = createStage({
    hooks: {
      aborted({ key }) {
        uploads.push([key, stage.model.uploads(BUCKET)]);
        throw new Error('no matter');
      },
    },
  });
  const { plane, uploadToken } = await sent(stage);
  await plane.abort({ uploadToken, signal });
  expect(uploads).toEqual([['wei/a', []]]);
});

test("a policy of forbidOverwrite reaches OSS regardless of the client's options", async () => {
  const stage = createStage({ policy: { forbidOverwrite: true } });
  await (await sent(stage)).complete();
  const second = sent(stage, { forbidOverwrite: false });
  await expect(second).rejects.toMatchObject({ code: 'object_exists', context: { status: 409 } });
});

test('where single objects are not wanted, a small file is a multipart upload, and an empty one is not', async () => {
  const stage = createStage({ policy: { singlePut: false } });
  const plane = stage.clientOf('wei');
  const begin = (size: number) => plane.initiate({ key: 'a', size, partSize: PART, object: {}, signal });
  expect(await begin(10)).toMatchObject({ kind: 'multipart', uploadId: expect.any(String) });
  expect(await begin(0)).toMatchObject({ kind: 'single' });
});

test('authorize may name another bucket, a smaller limit, and the headers of the object', async () => {
  const stage = createStage({
    authorize: ({ contentType }) => ({
      key: 'k',
      sizeMax: 10,
      object: { contentType, cacheControl: 'no-store', metadata: { by: 'us' } },
    }),
  });
  const ask = (size: number) =>
    stage.post('initiate', { name: 'a', size, presignCount: 1, object: { contentType: 'text/plain' } });
  expect((await ask(11)).status).toBe(422);
  const { json } = await ask(10);
  expect(json?.upload).toMatchObject({
    key: 'k',
    presigned: [
      { headers: { 'content-type': 'text/plain', 'cache-control': 'no-store', 'x-oss-meta-by': 'us' } },
    ],
  });
});

test('a refusal of authorize reaches the user unchanged', async () => {
  const stage = createStage({ authorize: async () => ({ refused: 'Your plan has no room left.' }) });
  const { status, json } = await stage.post('initiate', { name: 'a', size: 1 });
  expect({ status, json }).toMatchObject({
    status: 422,
    json: { error: { code: 'refused', message: 'Your plan has no room left.' } },
  });
});
