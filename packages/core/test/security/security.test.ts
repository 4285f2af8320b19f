import { type ControlPlane, crc64 } from '@partway/core';
import { type CoordinatorHooks, createCoordinator, createUploadTokens } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import type { PresignedPart } from '@partway/core/ports';
import { createSeededRandom, createVirtualClock } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, type CoordinatorStage, createStage, KEYS } from '../stages/coordinator-stage.ts';

const { signal } = new AbortController();
const PART = 102_400;
const content = new Uint8Array(3 * PART).fill(7);
const refusedToken = { code: 'token_refused', message: '[token_refused] the upload token is not valid' };

/** An upload of three parts started by wei. */
async function initiateThreeParts(stage: CoordinatorStage, fileSize: number | 'stream' = content.length) {
  const size = fileSize === 'stream' ? undefined : fileSize;
  const plane = stage.clientOf('wei');
  const upload = await plane.initiate({
    key: 'a',
    size,
    partSize: PART,
    object: {},
    presignCount: 3,
    signal,
  });
  const { uploadToken, presigned = [] } = upload;
  const before = stage.operations.length;
  return { plane, uploadToken, presigned, calls: () => stage.operations.slice(before) };
}

async function sendAll(stage: CoordinatorStage, presigned: readonly PresignedPart[]): Promise<void> {
  for (const { url, headers } of presigned) {
    expect(await stage.put(url, headers, content.subarray(0, Number(headers['content-length'])))).toBe(200);
  }
}

function receiptsOf(sizes: readonly number[]) {
  return sizes.map((size, index) => {
    return { partNumber: index + 1, size, crc64: crc64(content.subarray(0, size)) };
  });
}

/** Every verb with an upload token. */
function verbsOf(plane: ControlPlane, uploadToken: string): readonly (() => Promise<unknown>)[] {
  return [
    () => plane.presignParts({ uploadToken, partNumbers: [1], afterRefusal: false, signal }),
    () => plane.listParts({ uploadToken, signal }),
    () => plane.complete({ uploadToken, receipts: receiptsOf([PART, PART, PART]), signal }),
    () => plane.abort({ uploadToken, signal }),
  ];
}

test("another principal's token is refused by every verb without a request to OSS [threat-1]", async () => {
  const stage = createStage();
  const { uploadToken, calls } = await initiateThreeParts(stage);
  for (const verb of verbsOf(stage.clientOf('mallory'), uploadToken)) {
    await expect(verb()).rejects.toMatchObject(refusedToken);
  }
  expect(calls()).toEqual([]);
});

test('without a session every verb is refused without a request to OSS [threat-2]', async () => {
  const stage = createStage();
  const { uploadToken, calls } = await initiateThreeParts(stage);
  const anonymous = stage.clientOf(undefined);
  const initiate = () => anonymous.initiate({ key: 'a', size: 1, partSize: undefined, object: {}, signal });
  for (const verb of [initiate, ...verbsOf(anonymous, uploadToken)]) {
    await expect(verb()).rejects.toMatchObject({ code: 'unauthenticated', context: { status: 401 } });
  }
  expect(calls()).toEqual([]);
});

test('a token of another bucket is refused with the same message despite shared keys [threat-3]', async () => {
  const stage = createStage();
  const { uploadToken, calls } = await initiateThreeParts(stage);
  const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
  const other = createOssObjectStore({ region: 'cn-hangzhou', bucket: 'private', credentials });
  const elsewhere = createStage({ stores: [other] });
  for (const verb of verbsOf(elsewhere.clientOf('wei'), uploadToken)) {
    await expect(verb()).rejects.toMatchObject(refusedToken);
  }
  expect(calls()).toEqual([]);
});

test('a token fixes key and upload, and no field of a request overrides them [threat-3]', async () => {
  const stage = createStage();
  const { uploadToken } = await initiateThreeParts(stage);
  const { status, json } = await stage.post('presign-parts', {
    ...{ uploadToken, partNumbers: [1], key: 'mallory/b', uploadId: 'X', bucket: 'private', size: 1 },
  });
  expect(status).toBe(200);
  const [{ url } = { url: '' }] = (json?.parts ?? []) as readonly PresignedPart[];
  expect(url).toContain('/wei/a?');
  expect(url).not.toContain('mallory');
});

test('a token with a flipped bit is refused with the same message, 100,000 times [threat-4]', async () => {
  const stage = createStage();
  const { uploadToken } = await initiateThreeParts(stage);
  const tokens = createUploadTokens(KEYS);
  expect(await tokens.open(uploadToken, 0)).toMatchObject({ key: 'wei/a' });
  const random = createSeededRandom(1);
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const messages = new Set<string>();
  for (let round = 0; round < 100_000; round++) {
    const at = Math.floor(random.next() * uploadToken.length);
    const letter = letters.indexOf(uploadToken[at] ?? '');
    // Replaces a dot by a letter, and a letter by one that differs in one bit.
    const flipped = letter === -1 ? 'A' : letters[letter ^ (1 << Math.floor(random.next() * 6))];
    const forged = uploadToken.slice(0, at) + flipped + uploadToken.slice(at + 1);
    // The last letter of a base64url segment may have unused bits.
    if (bytesOf(forged) === bytesOf(uploadToken)) continue;
    await tokens.open(forged, 0).then(
      () => messages.add('opened'),
      (error: Error) => messages.add(error.message),
    );
  }
  expect([...messages]).toEqual([refusedToken.message]);
}, 120_000);

function bytesOf(token: string): string {
  const [header = '', ...segments] = token.split('.');
  return [header, ...segments.map((segment) => Buffer.from(segment, 'base64url').toString('hex'))].join('.');
}

test.each(['multipart', 'single'])('no URL is presigned after Complete: %s [threat-6]', async (kind) => {
  const stage = createStage();
  const sizes = kind === 'single' ? [10] : [PART, PART, PART];
  const { plane, uploadToken, presigned } = await initiateThreeParts(
    stage,
    kind === 'single' ? 10 : content.length,
  );
  await sendAll(stage, presigned);
  const object = await plane.complete({ uploadToken, receipts: receiptsOf(sizes), signal });
  const before = stage.operations.length;
  const again = plane.presignParts({ uploadToken, partNumbers: [1], afterRefusal: false, signal });
  await expect(again).rejects.toMatchObject(refusedToken);
  expect(stage.operations).toHaveLength(before);
  // A repeated Complete returns the same result.
  const repeated = await plane.complete({ uploadToken, receipts: receiptsOf(sizes), signal });
  expect(repeated).toMatchObject({ key: object.key, crc64: object.crc64 });
});

test.each(['multipart', 'single'])(
  'no URL is presigned after abort, and Complete fails: %s [threat-6]',
  async (kind) => {
    const stage = createStage();
    const sizes = kind === 'single' ? [10] : [PART, PART, PART];
    const { plane, uploadToken } = await initiateThreeParts(stage, kind === 'single' ? 10 : content.length);
    await plane.abort({ uploadToken, signal });
    const again = plane.presignParts({ uploadToken, partNumbers: [1], afterRefusal: false, signal });
    await expect(again).rejects.toMatchObject(refusedToken);
    const completed = plane.complete({ uploadToken, receipts: receiptsOf(sizes), signal });
    await expect(completed).rejects.toMatchObject({ disposition: 'permanent', context: { status: 404 } });
    expect(stage.model.uploads(BUCKET)).toEqual([]);
  },
);

test.each([0, 4, 10_000, 10_001, -1, 1.5, '1', null])(
  'part number %s of an upload with three parts is rejected [threat-8]',
  async (partNumber) => {
    const stage = createStage();
    const { uploadToken, calls } = await initiateThreeParts(stage);
    const { status, json } = await stage.post('presign-parts', { uploadToken, partNumbers: [partNumber] });
    expect([400, 422]).toContain(status);
    expect(json?.error).toMatchObject({ code: expect.stringMatching(/^(refused|bad_request)$/) });
    expect(calls()).toEqual([]);
  },
);

test('OSS rejects a part that is longer or shorter than declared [threat-10]', async () => {
  const stage = createStage();
  const { presigned } = await initiateThreeParts(stage);
  const [{ url, headers } = { url: '', headers: {} }] = presigned;
  for (const size of [PART + 1, PART - 1, 0]) {
    const own = { ...headers, 'content-length': String(size) };
    expect(await stage.put(url, own, new Uint8Array(size))).toBe(403);
  }
  expect(await stage.put(url, headers, content.subarray(0, PART))).toBe(200);
});

test('OSS rejects a small file that is longer than declared [threat-10]', async () => {
  const stage = createStage();
  const { presigned } = await initiateThreeParts(stage, 10);
  const [{ url, headers } = { url: '', headers: {} }] = presigned;
  expect(await stage.put(url, { ...headers, 'content-length': '11' }, new Uint8Array(11))).toBe(403);
  expect(stage.model.object(BUCKET, 'wei/a')).toBeUndefined();
});

test('without signed lengths, an upload with more bytes than declared is removed, not completed [threat-10]', async () => {
  const stage = createStage({ policy: { signContentLength: false } });
  const { plane, uploadToken, presigned } = await initiateThreeParts(stage);
  for (const { url, headers } of presigned)
    expect(await stage.put(url, headers, new Uint8Array(2 * PART))).toBe(200);
  const completed = plane.complete({ uploadToken, receipts: receiptsOf([PART, PART, PART]), signal });
  await expect(completed).rejects.toMatchObject({ code: 'refused', disposition: 'permanent' });
  expect(stage.model.uploads(BUCKET)).toEqual([]);
  expect(stage.model.object(BUCKET, 'wei/a')).toBeUndefined();
});

test('fewer bytes than declared are not completed [threat-10]', async () => {
  const stage = createStage();
  const { plane, uploadToken, presigned } = await initiateThreeParts(stage);
  await sendAll(stage, presigned.slice(0, 2));
  const claims = [
    [PART, PART, PART],
    [PART, PART],
    [PART, PART, 0],
  ];
  for (const sizes of claims) {
    const completed = plane.complete({ uploadToken, receipts: receiptsOf(sizes), signal });
    await expect(completed).rejects.toMatchObject({ disposition: 'permanent' });
  }
  expect(stage.model.object(BUCKET, 'wei/a')).toBeUndefined();
});

test.each([
  ['a part', content.length],
  ['a single PutObject', 10],
])('for %s only the granted request is presigned, regardless of extra fields [threat-9]', async (_, size) => {
  const stage = createStage();
  // A service with its own protocol that passes on unchecked fields.
  const session = new Request('https://app.test/rpc', { headers: { 'x-session': 'wei' } });
  const plane = stage.coordinator.controlPlaneFor(session);
  const file = { key: 'a', size, partSize: PART, object: {}, signal };
  const { uploadToken } = await plane.initiate(file);
  const granted = { uploadToken, partNumbers: [1], afterRefusal: false, signal };
  const overrides = { key: 'mallory/b', uploadId: 'u', method: 'DELETE', query: { acl: '' }, headers: {} };
  const signing = { expiresInSeconds: 604_800, signContentLength: false, additionalHeaders: [] };
  const presign = async (request: typeof granted) => {
    const [part] = await plane.presignParts(request);
    const { url = 'https://none', headers = {} } = part ?? {};
    const { pathname, searchParams } = new URL(url);
    for (const name of ['x-oss-date', 'x-oss-signature', 'x-oss-credential']) searchParams.delete(name);
    return { pathname, query: [...searchParams], headers };
  };
  const signed = await presign({ ...granted, ...overrides, ...signing });
  expect(signed).toEqual(await presign(granted));
  expect(signed.pathname).toBe('/wei/a');
  expect(signed.headers['content-length']).toBe(String(Math.min(size, PART)));
});

test('a stream cannot grow beyond the limit of its caller [threat-10]', async () => {
  const stage = createStage({ policy: { sizeMax: 2 * PART + 5 } });
  const { plane, uploadToken, presigned, calls } = await initiateThreeParts(stage, 'stream');
  // Presigned in advance: the first part, and a second part up to the limit.
  expect(presigned.map(({ headers }) => headers['content-length'])).toEqual([String(PART), String(PART + 5)]);
  const sign = (partNumber: number, size: number) =>
    plane.presignParts({
      uploadToken,
      partNumbers: [partNumber],
      sizes: [size],
      afterRefusal: false,
      signal,
    });
  const [first] = await sign(1, PART);
  expect(first?.headers['content-length']).toBe(String(PART));
  await expect(sign(1, 6 * 1024 ** 2)).rejects.toMatchObject({ code: 'refused' });
  await expect(sign(2, 1024 ** 2)).rejects.toMatchObject({ code: 'refused' });
  await expect(sign(9, 1)).rejects.toMatchObject({ code: 'refused' });
  expect(calls()).toEqual([]);
});

test('a file of a wrong size or type is refused before any request to OSS [pain-20] [threat-11]', async () => {
  const policy = { sizeMin: 1, sizeMax: 1000, contentTypes: ['image/*', 'video/mp4'] };
  const stage = createStage({ policy });
  const statusFor = async (size: number | null, contentType?: string) =>
    (await stage.post('initiate', { name: 'a', size, object: { contentType } })).status;
  expect(await statusFor(1000, 'image/png; charset=binary')).toBe(200);
  expect(await statusFor(1000, 'VIDEO/mp4')).toBe(200);
  expect(await statusFor(1001, 'image/png')).toBe(422);
  expect(await statusFor(0, 'image/png')).toBe(422);
  expect(await statusFor(10, 'text/html')).toBe(422);
  expect(await statusFor(10, 'video/mp4x')).toBe(422);
  expect(await statusFor(10)).toBe(422);
  expect(stage.operations).toEqual([]);
});

test('an object that does not match its type is deleted and not completed [threat-11]', async () => {
  const completed: unknown[] = [];
  const failed: unknown[] = [];
  const hooks: CoordinatorHooks = {
    completed: (object) => void completed.push(object),
    failed: (error) => void failed.push(error.code),
  };
  const stage = createStage({ hooks, verifyContent: (start) => start[0] === 0x89 && start.length === 4100 });
  const { plane, uploadToken, presigned } = await initiateThreeParts(stage);
  await sendAll(stage, presigned);
  const done = plane.complete({ uploadToken, receipts: receiptsOf([PART, PART, PART]), signal });
  await expect(done).rejects.toMatchObject({ code: 'refused', context: { status: 422 } });
  expect(stage.model.object(BUCKET, 'wei/a')).toBeUndefined();
  expect({ completed, failed }).toEqual({ completed: [], failed: ['refused'] });
});

test.each(['../mallory/a', 'a/../../b', './a', '..', '.'])(
  'the file name %s is refused as a key [threat-12]',
  async (name) => {
    const stage = createStage();
    const { status } = await stage.post('initiate', { name, size: 10 });
    expect(status).toBe(422);
    expect(stage.operations).toEqual([]);
  },
);

test.each([
  ['a value of metadata', { metadata: { a: 'x\r\nx-oss-acl: public-read' } }],
  ['a name of metadata', { metadata: { 'a\r\nb': 'x' } }],
  ['the type', { contentType: 'text/html\r\nx: y' }],
  ['the disposition', { contentDisposition: 'a\nb' }],
  ['invalid metadata', { metadata: 'x' }],
  ['an invalid ACL', { acl: 'everybody' }],
])('headers cannot be injected through %s [threat-13]', async (_, object) => {
  const stage = createStage({ authorize: (file) => ({ key: 'a', object: file.object }) });
  const { status, json } = await stage.post('initiate', { name: 'a', size: 10, object });
  expect({ status, error: json?.error }).toMatchObject({ status: 400, error: { code: 'bad_request' } });
  expect(stage.operations).toEqual([]);
});

test('only contentType of the requested object options is used unless authorize adds more [threat-14]', async () => {
  const stage = createStage();
  const object = { contentType: 'text/plain', acl: 'public-read-write', metadata: { admin: 'yes' } };
  const { json } = await stage.post('initiate', { name: 'a', size: 10, object, presignCount: 1 });
  const { presigned = [] } = (json?.upload ?? {}) as { presigned?: readonly PresignedPart[] };
  const names = new Set(Object.keys(presigned[0]?.headers ?? {}));
  expect(names).toEqual(new Set(['content-length', 'content-type', 'x-oss-meta-partway-upload']));
});

test('a body that is too long, not JSON or of another type is rejected without being read to its end [threat-16]', async () => {
  const stage = createStage();
  const tooLong = JSON.stringify({ name: 'a', size: 1, more: 'x'.repeat(70_000) });
  const headers = { 'x-session': 'wei' };
  const json = { ...headers, 'content-type': 'application/json' };
  expect((await stage.post('initiate', tooLong)).status).toBe(413);
  expect((await stage.post('initiate', '{"name":')).status).toBe(400);
  expect((await stage.post('initiate', '')).status).toBe(400);
  expect((await stage.post('initiate', '[]')).status).toBe(400);
  expect((await stage.post('initiate', '{}', { headers })).status).toBe(415);
  expect(
    (await stage.post('initiate', '{}', { headers: { ...headers, 'content-type': 'text/plain' } })).status,
  ).toBe(415);
  expect((await stage.post('initiate', '{}', { method: 'PUT' })).status).toBe(405);
  expect((await stage.post('elsewhere', {})).status).toBe(404);
  expect((await stage.post('constructor', {})).status).toBe(404);
  expect((await stage.post('initiate/../complete/x', {})).status).toBe(404);
  let pulled = 0;
  const endless = new ReadableStream({
    pull(controller) {
      pulled += 1;
      controller.enqueue(new Uint8Array(1024).fill(32));
    },
  });
  expect(
    (await stage.post('initiate', '', { body: endless, headers: json, duplex: 'half' } as RequestInit))
      .status,
  ).toBe(413);
  expect(pulled).toBeLessThan(80);
  expect(stage.operations).toEqual([]);
});

test('a client that sends a byte per minute is rejected after 30 s [threat-17]', async () => {
  const clock = createVirtualClock(0);
  const stage = createStage({ handler: { basePath: '/uploads', clock } });
  const silent = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([123])) });
  const headers = { 'x-session': 'wei', 'content-type': 'application/json' };
  const pending = stage.post('initiate', '', { body: silent, headers, duplex: 'half' } as RequestInit);
  let response: Awaited<typeof pending> | undefined;
  pending.then((value) => {
    response = value;
  });
  while (response === undefined) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.wakeNext();
  }
  expect(response.status).toBe(408);
  expect(clock.now()).toBe(30_000);
});

test('__proto__ in a body changes nothing [threat-18]', async () => {
  const stage = createStage({ authorize: (file) => ({ key: 'a', object: file.object }) });
  const body =
    '{"name":"a","size":10,"__proto__":{"polluted":1},"object":{"__proto__":{"acl":"public-read"},' +
    '"metadata":{"__proto__":"x","constructor":"y"}},"constructor":{"prototype":{"polluted":1}},"presignCount":1}';
  const { json } = await stage.post('initiate', body);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
  const { presigned = [] } = (json?.upload ?? {}) as { presigned?: readonly PresignedPart[] };
  expect(JSON.stringify(presigned)).not.toMatch(/public-read|polluted/);
});

test('no response redirects a client [threat-20]', async () => {
  const stage = createStage();
  for (const path of ['//evil.test/', '/uploads//evil.test', '/uploads/initiate?next=https://evil.test']) {
    const request = new Request(`https://app.test${path}`, { method: 'POST', body: '{}' });
    const response = await stage.handler(request);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.headers.get('location')).toBeNull();
  }
});

test('a page of a foreign origin is rejected, with and without a preflight [threat-19]', async () => {
  const cors = { origins: ['https://ours.test'], credentials: true };
  const stage = createStage({ handler: { basePath: '/uploads', cors } });
  const fetchFrom = (origin: string, init: RequestInit, headers = {}) =>
    stage.handler(
      new Request('https://app.test/uploads/initiate', { ...init, headers: { origin, ...headers } }),
    );
  const preflight = await fetchFrom('https://ours.test', { method: 'OPTIONS' });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://ours.test');
  const foreign = await fetchFrom('https://evil.test', { method: 'OPTIONS' });
  expect(foreign.status).toBe(403);
  expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  const json = { 'content-type': 'application/json', 'x-session': 'wei' };
  const body = JSON.stringify({ name: 'a', size: 1 });
  const forged = await fetchFrom(
    'https://evil.test',
    { method: 'POST', body },
    { ...json, 'sec-fetch-site': 'cross-site' },
  );
  expect(forged.status).toBe(403);
  const ours = await fetchFrom(
    'https://ours.test',
    { method: 'POST', body },
    { ...json, 'sec-fetch-site': 'cross-site' },
  );
  expect(ours.status).toBe(200);
  expect(ours.headers.get('access-control-allow-credentials')).toBe('true');
});

test('a revoked upload cannot be resumed, but can be aborted [threat-7]', async () => {
  const revoked = new Set<string>();
  const stage = createStage({ isRevoked: ({ key }) => revoked.has(key) });
  const { plane, uploadToken } = await initiateThreeParts(stage);
  revoked.add('wei/a');
  const [presign, list, complete, abort] = verbsOf(plane, uploadToken);
  for (const verb of [presign, list, complete]) await expect(verb?.()).rejects.toMatchObject(refusedToken);
  await abort?.();
  expect(stage.model.uploads(BUCKET)).toEqual([]);
});

test('the number of unfinished uploads per principal is limited, and abort frees a place [threat-21]', async () => {
  const stage = createStage({ policy: { uploadsPerPrincipalMax: 2 } });
  const first = await initiateThreeParts(stage);
  await initiateThreeParts(stage);
  const before = stage.operations.length;
  await expect(initiateThreeParts(stage)).rejects.toMatchObject({
    code: 'refused',
    context: { status: 422 },
  });
  expect(stage.operations).toHaveLength(before);
  const others = stage
    .clientOf('li')
    .initiate({ key: 'a', size: 1, partSize: undefined, object: {}, signal });
  expect(await others).toMatchObject({ key: 'li/a' });
  await first.plane.abort({ uploadToken: first.uploadToken, signal });
  await initiateThreeParts(stage);
});

test('the number of URLs per upload and per call is limited by the policy [threat-21]', async () => {
  const stage = createStage({ policy: { urlsPerUploadMax: 200, urlsPerCallMax: 128 } });
  const { plane, uploadToken, presigned } = await initiateThreeParts(stage);
  expect(presigned).toHaveLength(3);
  const sign = (partNumbers: number[]) =>
    plane.presignParts({ uploadToken, partNumbers, afterRefusal: false, signal });
  const ones = (count: number) => new Array<number>(count).fill(1);
  await expect(sign(ones(129))).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('urlsPerCallMax'),
  });
  expect(await sign(ones(128))).toHaveLength(128);
  expect(await sign(ones(69))).toHaveLength(69);
  await expect(sign(ones(1))).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('urlsPerUploadMax'),
  });
});

test('error responses contain no URL, token or secret [threat-25]', async () => {
  const stage = createStage();
  const { uploadToken, presigned } = await initiateThreeParts(stage);
  const responses = [
    await stage.post('presign-parts', { uploadToken, partNumbers: [99] }),
    await stage.post('complete', { uploadToken, receipts: [] }),
    await stage.post('complete', { uploadToken: `${uploadToken}x`, receipts: [] }),
    await stage.post('list-parts', { uploadToken, partNumber: 'x' }),
  ];
  const text = JSON.stringify(responses);
  expect(responses.map(({ status }) => status).every((status) => status >= 400 && status < 500)).toBe(true);
  for (const secret of ['SK-very-secret', 'x-oss-signature', uploadToken, presigned[0]?.url ?? '-']) {
    expect(text).not.toContain(secret);
  }
});

test('a token for one bucket is refused by the coordinator of another bucket with the same token keys', async () => {
  const stage = createStage();
  const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
  const store = createOssObjectStore({ region: 'cn-hangzhou', bucket: 'private', credentials });
  const other = createCoordinator({ store, tokenKeys: KEYS });
  const ours = createCoordinator({ store: stage.store, tokenKeys: KEYS });
  const object = { key: 'a', size: 10, partSize: undefined, object: {}, signal };
  const { uploadToken } = await ours.initiate(object);
  const request = { uploadToken, partNumbers: [1], afterRefusal: false, signal };
  await expect(other.presignParts(request)).rejects.toMatchObject({ code: 'token_refused' });
});
