import { type ControlPlane, createHttpControlPlane, type Upload, type UploadOptions } from '@partway/core';
import { startUpload, systemClock, systemRandom } from '@partway/core/ports';
import { createInMemoryCheckpoints, createInMemorySource } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, type CoordinatorStage, createStage } from '../stages/coordinator-stage.ts';

const { signal } = new AbortController();
const PART = 102_400;
const content = new Uint8Array(3 * PART).fill(7);
const request = { key: 'a', size: 3 * PART, partSize: PART, object: {}, signal };

function upload(
  { transport }: CoordinatorStage,
  controlPlane: ControlPlane,
  options: Partial<UploadOptions> = {},
): Upload {
  const openSource = async () => createInMemorySource(content);
  const ports = { openSource, transport, controlPlane, checkpoints: undefined };
  return startUpload(
    { ...ports, clock: systemClock, random: systemRandom },
    { key: 'a', partSize: PART, ...options },
  );
}

test('a file with an unknown content type is uploaded without one', async () => {
  const declared: (string | undefined)[] = [];
  const stage = createStage({
    authorize({ contentType }) {
      declared.push(contentType);
      return { key: 'a' };
    },
  });
  await upload(stage, stage.clientOf('wei'), { contentType: '' }).result;
  expect(declared).toEqual([undefined]);
  expect(stage.model.object(BUCKET, 'a')?.headers).not.toHaveProperty('content-type');
});

test.each([-5000, 1e12])(
  'an upload succeeds though the clock was set by %s ms between two attempts',
  async (previousAttemptAgeMs) => {
    const stage = createStage();
    expect(await stage.clientOf('wei').initiate({ ...request, previousAttemptAgeMs })).toMatchObject({
      key: 'wei/a',
    });
  },
);

test.each([
  ['an expired session', 401],
  ['a gateway that rejects requests', 403],
  ['an unavailable coordinator', 404],
])('%s leaves the upload resumable', async (_, status) => {
  const stage = createStage();
  let isDown = false;
  const plane = createHttpControlPlane('https://app.test/uploads', {
    headers: { 'x-session': 'wei' },
    async fetch(url, init) {
      const isRejected = isDown && url.endsWith('/presign-parts');
      return isRejected ? new Response('', { status }) : stage.handler(new Request(url, init));
    },
  });
  const checkpoints = createInMemoryCheckpoints();
  const start = () =>
    startUpload(
      {
        openSource: async () => createInMemorySource(content),
        transport: stage.transport,
        controlPlane: plane,
        checkpoints,
        clock: systemClock,
        random: systemRandom,
      },
      { key: 'a', partSize: PART, concurrency: 1 },
    );
  isDown = true;
  await expect(start().result).rejects.toMatchObject({ disposition: 'permanent', context: { status } });
  expect(stage.model.uploads(BUCKET)).toHaveLength(1);
  isDown = false;
  stage.operations.length = 0;
  expect(await start().result).toMatchObject({ key: 'wei/a', size: content.length });
  expect(stage.operations).not.toContain('InitiateMultipartUpload');
  expect(stage.operations.filter((name) => name === 'UploadPart')).toHaveLength(1);
});

test('a header has one value regardless of the case of its name', async () => {
  const stage = createStage();
  const headers = { 'X-Session': 'mallory', 'x-session': 'wei', 'Content-Type': 'text/plain' };
  const plane = createHttpControlPlane('https://app.test/uploads', {
    headers,
    fetch: (url, init) => stage.handler(new Request(url, init)),
  });
  expect(await plane.initiate(request)).toMatchObject({ key: 'wei/a' });
});

test('an invalid header throws at once without its value in the message', async () => {
  for (const secret of ['s3cret\nx', 's3cret…']) {
    const headers = { authorization: secret };
    expect(() => createHttpControlPlane('/uploads', { headers })).toThrow(/^headers has a name or a value/);
    const plane = createHttpControlPlane('/uploads', { headers: () => headers });
    await expect(plane.initiate(request)).rejects.toThrow(/^headers has a name or a value/);
  }
});

test('a temporary failure of the headers function is retried', async () => {
  const stage = createStage();
  let calls = 0;
  const plane = createHttpControlPlane('https://app.test/uploads', {
    async headers() {
      calls += 1;
      if (calls === 1) throw new TypeError('fetch failed');
      return { 'x-session': 'wei' };
    },
    fetch: (url, init) => stage.handler(new Request(url, init)),
  });
  const retry = { baseMs: 1 };
  expect(await upload(stage, plane, { retry }).result).toMatchObject({ key: 'wei/a' });
});

test.each([
  'https://user:password@app.test/uploads',
  'https://app.test/uploads?tenant=1',
  'https://app.test/uploads#x',
  '//evil.test/uploads',
  'https://',
  'file:///uploads',
])('the URL %s is rejected', (url) => {
  expect(() => createHttpControlPlane(url)).toThrow(/url must be http/);
});

test.each<[string, Response, object]>([
  ['a redirect to a login page', redirect(), { code: 'bad_request', disposition: 'permanent' }],
  [
    'a timeout of a gateway',
    new Response('', { status: 408 }),
    { code: 'network', disposition: 'transient' },
  ],
])('%s is reported with its own error code', async (_, response, expected) => {
  const requests: (RequestInit | undefined)[] = [];
  const plane = createHttpControlPlane('/uploads', {
    async fetch(_, init) {
      requests.push(init);
      return response;
    },
  });
  await expect(plane.initiate(request)).rejects.toMatchObject(expected);
  expect(requests).toEqual([expect.objectContaining({ redirect: 'manual' })]);
});

function redirect(): Response {
  return new Response(null, { status: 302, headers: { location: 'https://login.test' } });
}

test('an endless response is not read to its end [threat-26]', async () => {
  let pulled = 0;
  const endless = new ReadableStream({
    pull(controller) {
      pulled += 1;
      controller.enqueue(new Uint8Array(1024 ** 2).fill(32));
    },
  });
  const plane = createHttpControlPlane('/uploads', { fetch: async () => new Response(endless) });
  await expect(plane.initiate(request)).rejects.toMatchObject({ code: 'malformed_response' });
  expect(pulled).toBeLessThan(70);
});

const part = { partNumber: 1, url: 'https://oss.test/a', headers: {}, expiresInMs: 1 };

test.each<[string, object]>([
  ['a file URL', { url: 'file:///etc/passwd' }],
  ['a URL with a line break', { url: 'https://oss.test/a\r\nx: y' }],
  ['part 0', { partNumber: 0 }],
  ['part 10001', { partNumber: 10_001 }],
  ['a header with a line break', { headers: { a: 'x\r\ny: z' } }],
  ['a header with an invalid name', { headers: { 'a b': 'x' } }],
  ['a header without a value', { headers: { a: null } }],
])('a presigned part with %s is rejected [threat-26]', async (_, damage) => {
  const response = Response.json({ parts: [{ ...part, ...damage }] });
  const plane = createHttpControlPlane('/uploads', { fetch: async () => response });
  const presigned = plane.presignParts({ uploadToken: 't', partNumbers: [1], afterRefusal: false, signal });
  await expect(presigned).rejects.toMatchObject({ code: 'malformed_response' });
});

test('header names with capitals in a response are accepted', async () => {
  const stage = createStage();
  const capitals = (text: string) => text.replaceAll('"content-length"', '"Content-Length"');
  const plane = createHttpControlPlane('https://app.test/uploads', {
    headers: { 'x-session': 'wei' },
    async fetch(url, init) {
      const response = await stage.handler(new Request(url, init));
      return new Response(capitals(await response.text()), response);
    },
  });
  const { uploadToken, presigned } = await plane.initiate({ ...request, presignCount: 1 });
  expect(presigned?.map(({ headers }) => headers)).toEqual([{ 'content-length': String(PART) }]);
  const second = await plane.presignParts({ uploadToken, partNumbers: [2], afterRefusal: false, signal });
  expect(second.map(({ headers }) => headers)).toEqual([{ 'content-length': String(PART) }]);
});

test.each<[string, object]>([
  ['a version ID that is not a string', { versionId: {} }],
  ['a callback without a body', { callback: {} }],
  ['recovered that is not a boolean', { recovered: 'yes' }],
])('a response of Complete with %s is rejected', async (_, damage) => {
  const object = { bucket: 'b', key: 'k', size: 0, crc64: '0', etag: 'E', requestId: 'R' };
  const responses = [Response.json({ object }), Response.json({ object: { ...object, ...damage } })];
  const fetch = async () => responses.shift() ?? Response.error();
  const plane = createHttpControlPlane('/uploads', { fetch });
  const complete = () => plane.complete({ uploadToken: 't', receipts: [], signal });
  expect(await complete()).toEqual(object);
  await expect(complete()).rejects.toMatchObject({ code: 'malformed_response' });
});

test('a part size that needs more than 10,000 parts is rejected [threat-26]', async () => {
  const size = 1024 ** 4;
  const source = { ...createInMemorySource(content), size };
  const upload = {
    uploadToken: 't',
    kind: 'multipart',
    bucket: 'b',
    key: 'k',
    uploadId: 'U',
    partSize: PART,
  };
  const plane = createHttpControlPlane('/uploads', {
    fetch: async (url) => Response.json(url.endsWith('/abort') ? {} : { upload }),
  });
  const ports = { openSource: async () => source, transport: createStage().transport, controlPlane: plane };
  const { result } = startUpload(
    { ...ports, checkpoints: undefined, clock: systemClock, random: systemRandom },
    { key: 'a' },
  );
  await expect(result).rejects.toMatchObject({ code: 'malformed_response' });
});
