import { crc64 } from '@partway/core';
import {
  type CoordinatorHooks,
  createInMemoryCounterStore,
  type HandledRequest,
} from '@partway/core/coordinator';
import { createVirtualClock } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, type CoordinatorStage, createStage } from '../stages/coordinator-stage.ts';

const { signal } = new AbortController();
const PART = 102_400;
const content = new Uint8Array(3 * PART).fill(7);
const jsonHeaders = { 'x-session': 'wei', 'content-type': 'application/json' };

/** An upload of wei with its first three parts stored. */
async function initiateAndSend(stage: CoordinatorStage, size: number = content.length) {
  const plane = stage.clientOf('wei');
  const request = { key: 'a', size, partSize: PART, object: {}, presignCount: 3, signal };
  const { uploadToken, presigned = [] } = await plane.initiate(request);
  for (const { url, headers } of presigned) {
    const body = content.subarray(0, Number(headers['content-length']));
    expect(await stage.put(url, headers, body)).toBe(200);
  }
  const receipts = presigned.map(({ partNumber, headers }) => {
    const bytes = content.subarray(0, Number(headers['content-length']));
    return { partNumber, size: bytes.length, crc64: crc64(bytes) };
  });
  return { plane, presigned, uploadToken, complete: () => plane.complete({ uploadToken, receipts, signal }) };
}

test('a caller that identify maps to null is rejected [threat-2]', async () => {
  for (const principal of [null, false, 0, '']) {
    const stage = createStage({ identify: (() => principal) as unknown as () => string });
    expect((await stage.post('initiate', { name: 'a', size: 10 })).status).toBe(401);
    expect(stage.operations).toEqual([]);
  }
});

test('a connection lost while reading the first bytes is retried, not internal', async () => {
  const cut = () =>
    new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) });
  const fetches = [() => Promise.reject(new TypeError('failed')), async () => new Response(cut()), undefined];
  for (const fetch of fetches) {
    const stage = createStage({ ...(fetch !== undefined && { fetch }), verifyContent: () => true });
    const { complete } = await initiateAndSend(stage);
    if (fetch === undefined) await complete();
    else await expect(complete()).rejects.toMatchObject({ code: 'server_error', disposition: 'transient' });
  }
});

test('metadata with the reserved name partway-upload is refused', async () => {
  const stage = createStage({ authorize: ({ object }) => ({ key: 'a', object }) });
  const object = { metadata: { 'Partway-Upload': 'x' } };
  expect((await stage.post('initiate', { name: 'a', size: 10, object })).status).toBe(422);
});

test('an authorize result without object uses the declared content type', async () => {
  const authorize = () => ({ key: 'a', object: undefined });
  const stage = createStage({ authorize, policy: { contentTypes: ['image/*'] } });
  const object = { contentType: 'image/png' };
  expect((await stage.post('initiate', { name: 'a', size: 10, object })).status).toBe(200);
});

test('a body that ends early is reported as bad_request [threat-16]', async () => {
  const handled: HandledRequest[] = [];
  const onResponse = (entry: HandledRequest) => handled.push(entry);
  const stage = createStage({ handler: { basePath: '/uploads', onResponse } });
  const body = new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) });
  const init = { body, headers: jsonHeaders, duplex: 'half' } as RequestInit;
  expect((await stage.post('initiate', '', init)).status).toBe(400);
  expect(handled.map(({ error }) => error?.code)).toEqual(['bad_request']);
});

test('a body that arrives too slowly is a transient error', async () => {
  const clock = createVirtualClock(0);
  const stage = createStage({ handler: { basePath: '/uploads', clock } });
  const init = { body: new ReadableStream(), headers: jsonHeaders, duplex: 'half' } as RequestInit;
  const pending = stage.post('presign-parts', '', init);
  while (!clock.wakeNext()) await new Promise((resolve) => setImmediate(resolve));
  const { status, json } = await pending;
  expect({ status, error: json?.error }).toMatchObject({ status: 408, error: { disposition: 'transient' } });
});

test('an abort after Complete calls no hook: the object exists [threat-23]', async () => {
  const calls: string[] = [];
  const hooks: CoordinatorHooks = {
    completed: () => void calls.push('completed'),
    aborted: () => void calls.push('aborted'),
  };
  const stage = createStage({ hooks });
  const { plane, uploadToken, complete } = await initiateAndSend(stage);
  await complete();
  await plane.abort({ uploadToken, signal });
  expect(stage.model.object(BUCKET, 'wei/a')).toBeDefined();
  const aborted = await initiateAndSend(stage);
  await aborted.plane.abort({ uploadToken: aborted.uploadToken, signal });
  expect(calls).toEqual(['completed', 'aborted']);
});

test('a temporary failure of the counter store is transient, and Complete can be repeated', async () => {
  const counters = createInMemoryCounterStore({ now: () => 0 });
  let isDown = false;
  const increment: typeof counters.increment = async (...parameters) => {
    if (isDown) throw new Error('connection refused');
    return counters.increment(...parameters);
  };
  const completed: string[] = [];
  const hooks = { completed: (_: object, { key }: { readonly key: string }) => void completed.push(key) };
  const stage = createStage({ counters: { ...counters, increment }, hooks });
  const { complete } = await initiateAndSend(stage);
  isDown = true;
  await expect(complete()).rejects.toMatchObject({ code: 'server_error', disposition: 'transient' });
  isDown = false;
  expect(await complete()).toMatchObject({ key: 'wei/a' });
  expect(completed).toEqual(['wei/a']);
});

test('an upload that does not fit into a token is refused before any request to OSS', async () => {
  const stage = createStage({ authorize: ({ object }) => ({ key: 'a', object }) });
  const text = '"'.repeat(1000);
  const tags = Array.from({ length: 10 }, (_, index) => [`${index}${'中'.repeat(127)}`, '中'.repeat(256)]);
  const object = { cacheControl: text, contentDisposition: text, tagging: Object.fromEntries(tags) };
  const initiate = (metadata: object) =>
    stage.post('initiate', { name: 'a', size: 3 * PART, partSize: PART, object: { ...object, metadata } });
  expect((await initiate({ a: '"'.repeat(7900) })).status).toBe(422);
  expect(stage.operations).toEqual([]);
  expect(await initiate({ a: '"' })).toMatchObject({
    json: { upload: { uploadToken: expect.stringMatching(/^.{20000,32768}$/) } },
  });
});

test('one initiate examines a limited number of lost uploads, however many the key has [threat-22]', async () => {
  const stage = createStage();
  for (let round = 0; round < 120; round++) await initiateAndSend(stage);
  const before = stage.operations.length;
  const lost = { name: 'a', size: 3 * PART, partSize: PART, previousAttemptAgeMs: 86_400_000 };
  expect((await stage.post('initiate', lost)).status).toBe(200);
  expect(stage.operations.length - before).toBeLessThan(110);
});

test('OSS rejects an unsigned x-oss header or content type [threat-15]', async () => {
  const stage = createStage();
  const multipart = await initiateAndSend(stage);
  const single = await initiateAndSend(stage, 10);
  const additions = [
    { 'x-oss-copy-source': '/private/secret' },
    { 'x-oss-object-acl': 'public-read' },
    { 'x-oss-meta-admin': 'yes' },
    { 'x-oss-tagging': 'a=b' },
    { 'content-type': 'text/html' },
  ];
  for (const { presigned } of [multipart, single]) {
    const [{ url, headers } = { url: '', headers: {} as Readonly<Record<string, string>> }] = presigned;
    const body = content.subarray(0, Number(headers['content-length']));
    for (const extra of additions) expect(await stage.put(url, { ...headers, ...extra }, body)).toBe(403);
    expect(await stage.put(url, headers, body)).toBe(200);
  }
});
