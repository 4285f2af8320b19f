import {
  type ControlPlane,
  crc64,
  createHttpControlPlane,
  type Upload,
  UploadError,
  type UploadOptions,
} from '@partway/core';
import type { HandledRequest } from '@partway/core/coordinator';
import { type Clock, startBrowserUpload, startUpload, systemClock, systemRandom } from '@partway/core/ports';
import { createInMemorySource, createVirtualClock } from '@partway/core/testing';
import { expect, onTestFinished, test } from 'vitest';
import {
  BUCKET,
  type CoordinatorStage,
  createStage,
  type StageOptions,
} from '../stages/coordinator-stage.ts';
import { waitForAbort } from '../stages/in-process-oss.ts';

const { signal } = new AbortController();
const bytes = Uint8Array.from({ length: 350_000 }, (_, index) => (index * 31) % 251);
const PART = 102_400;
/** Different from every other delay of the engine. */
const WAIT_MS = 61_000;

interface UploadSetup {
  readonly content?: Uint8Array;
  readonly start?: typeof startUpload;
  readonly clock?: Clock;
}

function upload(
  { transport }: CoordinatorStage,
  controlPlane: ControlPlane,
  options: Partial<UploadOptions> = {},
  { content = bytes, start = startUpload, clock = systemClock }: UploadSetup = {},
): Upload {
  const openSource = async () => createInMemorySource(content);
  const ports = { openSource, transport, controlPlane, checkpoints: undefined };
  return start(
    { ...ports, clock, random: systemRandom },
    { key: 'film.mp4', partSize: PART, contentType: 'video/mp4', ...options },
  );
}

test('a file is uploaded and proven over HTTP, under the key that authorize returned', async () => {
  const stage = createStage();
  const object = await upload(stage, stage.clientOf('wei')).result;
  expect(object).toMatchObject({
    bucket: BUCKET,
    key: 'wei/film.mp4',
    size: bytes.length,
    crc64: crc64(bytes),
  });
  expect(stage.model.object(BUCKET, 'wei/film.mp4')?.headers['content-type']).toBe('video/mp4');
  expect(stage.verbs).toEqual(['initiate', 'complete']);
});

test.each([
  ['a content type', { contentType: 'vidéo/mp4' }, /contentType must be printable ASCII/],
  ['metadata', { metadata: { 'Partway-Upload': 'mine' } }, /metadata\.partway-upload is set by Partway/],
])('a page that requests %s is refused by the coordinator', async (_, options, message) => {
  const stage = createStage({ authorize: async ({ name, object }) => ({ key: name, object }) });
  const { result } = upload(stage, stage.clientOf('wei'), options, { start: startBrowserUpload });
  await expect(result).rejects.toMatchObject({ code: 'refused', message: expect.stringMatching(message) });
  expect(stage.operations).toEqual([]);
});

test('a small file costs two requests to the coordinator', async () => {
  const stage = createStage();
  await upload(stage, stage.clientOf('wei'), {}, { content: bytes.slice(0, 10) }).result;
  expect(stage.verbs).toEqual(['initiate', 'complete']);
  expect(stage.operations).toEqual(['PutObject', 'HeadObject']);
});

test('parts beyond the first window are presigned in batches', async () => {
  const stage = createStage();
  await upload(stage, stage.clientOf('wei'), { concurrency: 1 }).result;
  expect(stage.verbs).toEqual(['initiate', 'presign-parts', 'complete']);
});

test('abort over HTTP removes the upload, and can be repeated', async () => {
  const stage = createStage();
  const plane = stage.clientOf('wei');
  const { uploadToken } = await plane.initiate(request(3 * PART));
  await plane.abort({ uploadToken, signal });
  expect(stage.model.uploads(BUCKET)).toEqual([]);
  await plane.abort({ uploadToken, signal });
});

test('listParts returns the same parts over HTTP as in process', async () => {
  const stage = createStage();
  const plane = stage.clientOf('wei');
  const { uploadToken, presigned = [] } = await plane.initiate({ ...request(3 * PART), presignCount: 3 });
  for (const { url, headers } of presigned) await stage.put(url, headers, bytes.subarray(0, PART));
  const inProcess = await stage.coordinator.listParts({ uploadToken, signal });
  expect(inProcess).toHaveLength(3);
  expect(await plane.listParts({ uploadToken, signal })).toEqual(inProcess);
  expect(await plane.listParts({ uploadToken, partNumber: 2, signal })).toEqual([inProcess[1]]);
});

test('an error of OSS keeps its context over HTTP', async () => {
  const stage = createStage();
  const effect = { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } as const;
  stage.faults.add({
    operation: 'InitiateMultipartUpload',
    times: 1,
    effect: { ...effect, headers: { 'x-oss-qos-delay-time': '1200' } },
  });
  const error = await stage
    .clientOf('wei')
    .initiate(request(3 * PART))
    .then(() => undefined, UploadError.from);
  expect(error).toMatchObject({ code: 'throttled', disposition: 'transient' });
  expect(error?.context).toMatchObject({ ossCode: 'ServiceUnavailable', status: 503, retryAfterMs: 1200 });
  expect(error?.context.requestId).toMatch(/^\w+$/);
});

test('an internal error is hidden from the client and complete in the log [threat-25]', async () => {
  const { stage, handled } = createLoggingStage({
    nonce() {
      throw new TypeError('password of the database: 1234');
    },
  });
  const { status, json } = await stage.post('initiate', { name: 'a', size: 1 });
  expect({ status, json }).toEqual({
    status: 500,
    json: {
      error: expect.objectContaining({ code: 'internal', message: 'the coordinator failed', context: {} }),
    },
  });
  expect(handled).toEqual([expect.objectContaining({ verb: 'initiate', status: 500 })]);
  expect(handled[0]?.error?.message).toContain('1234');
});

test('a transient failure of a hook is retried, and the upload continues', async () => {
  let calls = 0;
  const { stage, handled } = createLoggingStage({
    authorize(file) {
      calls += 1;
      if (calls === 1) throw new Error('password of the database: 1234');
      return { key: file.name };
    },
  });
  const codes: string[] = [];
  const onEvent: UploadOptions['onEvent'] = (event) => {
    if (event.type === 'retrying') codes.push(`${event.error.code}: ${event.error.message}`);
  };
  await upload(stage, stage.clientOf('wei'), { onEvent, retry: { baseMs: 1 } }).result;
  expect(codes).toEqual([expect.stringMatching(/^server_error: .*failed: authorize threw an error$/)]);
  expect(String(handled[0]?.error?.cause)).toContain('1234');
});

function createLoggingStage(options: StageOptions) {
  const handled: HandledRequest[] = [];
  const onResponse = (entry: HandledRequest): void => void handled.push(entry);
  return { stage: createStage({ ...options, handler: { basePath: '/uploads', onResponse } }), handled };
}

test('a slow Complete sends keep-alive spaces, then the JSON', async () => {
  const { clock, response, finishHook } = await startSlowComplete();
  expect(response.status).toBe(200);
  const reader = bodyOf(response).getReader();
  const texts: string[] = [];
  for (let count = 0; count < 3; count++) {
    const { value } = await advanceUntilSettled(clock, reader.read());
    texts.push(new TextDecoder().decode(value));
  }
  finishHook();
  const { value } = await reader.read();
  texts.push(new TextDecoder().decode(value));
  expect(texts.slice(0, 3)).toEqual([' ', ' ', ' ']);
  expect(JSON.parse(texts.join(''))).toMatchObject({ object: { key: 'wei/film.mp4', size: 10 } });
  expect(await reader.read()).toMatchObject({ done: true });
});

test('keep-alive spaces are sent with headers against buffering', async () => {
  const { response, finishHook } = await startSlowComplete();
  expect(response.headers.get('cache-control')).toBe('no-store, no-transform');
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  finishHook();
  expect(JSON.parse(await response.text())).toMatchObject({ object: { key: 'wei/film.mp4' } });
});

test('keep-alive spaces do not need AbortSignal.any, which some edge runtimes lack', async () => {
  const { any } = AbortSignal;
  onTestFinished(() => void Object.assign(AbortSignal, { any }));
  Reflect.deleteProperty(AbortSignal, 'any');
  const { clock, response, finishHook } = await startSlowComplete();
  const reader = bodyOf(response).getReader();
  const { value } = await advanceUntilSettled(clock, reader.read());
  expect(new TextDecoder().decode(value)).toBe(' ');
  finishHook();
  const { value: json } = await reader.read();
  expect(JSON.parse(new TextDecoder().decode(json))).toMatchObject({ object: { key: 'wei/film.mp4' } });
});

test('Complete continues after its client has disconnected', async () => {
  const stage = createStage();
  const plane = stage.clientOf('wei');
  const { uploadToken, presigned = [] } = await plane.initiate({ ...request(10), presignCount: 1 });
  for (const { url, headers } of presigned) await stage.put(url, headers, bytes.subarray(0, 10));
  const receipts = [{ partNumber: 1, size: 10, crc64: crc64(bytes.subarray(0, 10)) }];
  const disconnected = new AbortController();
  const pending = stage.handler(
    new Request(postRequest('complete', { uploadToken, receipts }), { signal: disconnected.signal }),
  );
  disconnected.abort();
  expect(await (await pending).json()).toMatchObject({ object: { key: 'wei/film.mp4' } });
});

test('every response has a Server-Timing header and is not cached', async () => {
  const stage = createStage();
  const response = await stage.handler(postRequest('initiate', { name: 'a', size: 1 }));
  expect(response.headers.get('server-timing')).toMatch(/^coordinator;dur=\d+$/);
  expect(response.headers.get('cache-control')).toBe('no-store');
});

test('a headers function is called for each request', async () => {
  const stage = createStage();
  let calls = 0;
  const plane = createHttpControlPlane('https://app.test/uploads/', {
    fetch: (url, init) => stage.handler(new Request(url, init)),
    headers: async () => ({ 'x-session': `user${++calls}` }),
  });
  const keys = [await plane.initiate(request(1)), await plane.initiate(request(1))].map(({ key }) => key);
  expect(keys).toEqual(['user1/film.mp4', 'user2/film.mp4']);
});

test('a rate limit with Retry-After delays the client accordingly [threat-21]', async () => {
  let calls = 0;
  const rateLimit = () => (++calls === 1 ? WAIT_MS : undefined);
  const stage = createStage({ handler: { basePath: '/uploads', rateLimit } });
  const waited: number[] = [];
  const clock: Clock = {
    now: systemClock.now,
    sleep(ms, stop) {
      if (ms !== WAIT_MS) return waitForAbort(stop);
      waited.push(ms);
      return Promise.resolve();
    },
  };
  await upload(stage, stage.clientOf('wei'), {}, { clock }).result;
  expect(waited).toEqual([WAIT_MS]);
});

test.each<[string, Response | Error, object]>([
  ['no response', new TypeError('fetch failed'), { code: 'network', disposition: 'transient' }],
  [
    'an error page of a proxy',
    new Response('<html>', { status: 502 }),
    { code: 'server_error', disposition: 'transient' },
  ],
  ['a proxy that throttles', throttledResponse(), { code: 'throttled', context: { retryAfterMs: 7000 } }],
  [
    'a login page',
    new Response('<html>', { status: 200 }),
    { code: 'malformed_response', disposition: 'transient' },
  ],
  ['another service', new Response('no', { status: 404 }), { code: 'bad_request', disposition: 'permanent' }],
  [
    'an authenticating gateway',
    new Response('', { status: 401 }),
    { code: 'unauthenticated', disposition: 'permanent' },
  ],
  ['JSON of something else', Response.json({ upload: { uploadToken: 7 } }), { code: 'malformed_response' }],
  ['null', new Response('null', { status: 200 }), { code: 'malformed_response' }],
  [
    'a part without URL',
    Response.json({ upload: { ...initiateResponse(), presigned: [{}] } }),
    { code: 'malformed_response' },
  ],
  [
    'an error without a valid code',
    Response.json({ error: { code: 5 } }, { status: 500 }),
    { code: 'server_error' },
  ],
])('%s maps to its own error code [threat-26]', async (_, response, expected) => {
  const plane = createHttpControlPlane('https://app.test/uploads', {
    fetch: () => (response instanceof Error ? Promise.reject(response) : Promise.resolve(response)),
  });
  await expect(plane.initiate(request(1))).rejects.toMatchObject(expected);
});

test('an abort by the caller rejects with the reason of its signal', async () => {
  const plane = createHttpControlPlane('/uploads', {
    fetch: (_, init) => Promise.reject(init.signal?.reason),
  });
  const reason = new Error('stopped');
  await expect(plane.initiate({ ...request(1), signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test('an invalid option throws an error that names it', () => {
  expect(() => createHttpControlPlane('ftp://app.test')).toThrow(/url must be http/);
  expect(() => createStage({ handler: { basePath: 'uploads' } })).toThrow(/basePath must start/);
  expect(() => createStage({ authorize: undefined })).toThrow(/authorize is required/);
  expect(() => createStage({ handler: { cors: { origins: ['app.test'] } } })).toThrow(/cors.origins/);
  expect(() => createStage({ handler: { cors: { origins: ['*'], credentials: true } } })).toThrow(
    /cors.credentials/,
  );
});

function request(size: number) {
  return { key: 'film.mp4', size, partSize: PART, object: {}, signal };
}

function initiateResponse() {
  return { uploadToken: 't', kind: 'single', bucket: 'b', key: 'k', partSize: PART };
}

/** A response to Complete that has started, and ends after `finishHook` is called. */
async function startSlowComplete() {
  const clock = createVirtualClock(0);
  let finishHook = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finishHook = resolve;
  });
  const stage = createStage({
    handler: { basePath: '/uploads', clock },
    hooks: { completed: () => finished },
  });
  const plane = stage.clientOf('wei');
  const { uploadToken, presigned = [] } = await plane.initiate({ ...request(10), presignCount: 1 });
  for (const { url, headers } of presigned) await stage.put(url, headers, bytes.subarray(0, 10));
  const receipts = [{ partNumber: 1, size: 10, crc64: crc64(bytes.subarray(0, 10)) }];
  const pending = stage.handler(postRequest('complete', { uploadToken, receipts }));
  return { clock, finishHook, response: await advanceUntilSettled(clock, pending) };
}

function bodyOf({ body }: Response): ReadableStream<Uint8Array> {
  if (body === null) throw new TypeError('the response has no body');
  return body;
}

function throttledResponse(): Response {
  return new Response('slow down', { status: 429, headers: { 'retry-after': '7' } });
}

function postRequest(verb: string, body: object): Request {
  const headers = { 'content-type': 'application/json', 'x-session': 'wei' };
  return new Request(`https://app.test/uploads/${verb}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
}

async function advanceUntilSettled<T>(clock: { wakeNext(): void }, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const watched = promise.finally(() => {
    isSettled = true;
  });
  while (!isSettled) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!isSettled) clock.wakeNext();
  }
  return watched;
}
