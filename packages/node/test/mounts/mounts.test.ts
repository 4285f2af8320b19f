import { once } from 'node:events';
import { createServer, request as requestOverHttp, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { getRequestListener } from '@hono/node-server';
import { crc64 } from '@partway/core';
import {
  type CoordinatorHandler,
  createCoordinator,
  createCoordinatorHandler,
  type HandledRequest,
} from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { createVirtualClock, type VirtualClock } from '@partway/core/testing';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { createHttpControlPlane } from '@partway/node';
import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const region = 'cn-hangzhou';
const { signal } = new AbortController();
const bytes = new Uint8Array(10).fill(7);
const servers: Server[] = [];
let emulator: OssEmulator;

beforeAll(async () => {
  emulator = await startOssEmulator({ region, buckets: ['media'], credentials });
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

afterAll(() => emulator.close());

interface Mounted {
  readonly url: string;
  readonly port: number;
  readonly clock: VirtualClock;
  readonly handled: HandledRequest[];
}

interface MountOptions {
  /** Called by `identify`, for every verb. */
  readonly gate?: (request: Request) => void | Promise<void>;
  readonly completed?: () => void | Promise<void>;
  readonly wrap?:
    | ((handler: CoordinatorHandler) => (request: Request) => Response | Promise<Response>)
    | undefined;
  readonly waitMs?: number;
}

/** A coordinator in a `node:http` server with a virtual clock. */
async function mount({ gate, completed, wrap, waitMs }: MountOptions = {}): Promise<Mounted> {
  const { endpoint } = emulator;
  const coordinator = createCoordinator({
    store: createOssObjectStore({ region, bucket: 'media', credentials, endpoint }),
    identify: async (request) => {
      await gate?.(request);
      return 'wei';
    },
    authorize: ({ name }) => (name === 'refused' ? { refused: 'no such files' } : { key: name }),
    hooks: { completed: () => completed?.() },
  });
  const clock = createVirtualClock(0);
  const handled: HandledRequest[] = [];
  const handler = createCoordinatorHandler(coordinator, {
    basePath: '/uploads',
    clock,
    rateLimit: () => waitMs,
    onResponse: (entry) => handled.push(entry),
  });
  const server = createServer(getRequestListener(wrap?.(handler) ?? handler)).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/uploads`, port, clock, handled };
}

test('an error has its status, body and Retry-After over node:http', async () => {
  const plane = createHttpControlPlane((await mount()).url);
  await expect(plane.initiate({ ...file, key: 'refused' })).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('no such files'),
    context: { status: 422 },
  });
  const throttled = await post(await mount({ waitMs: 1500 }), 'initiate', {});
  expect(throttled.status).toBe(429);
  expect(throttled.headers.get('retry-after')).toBe('2');
  expect(await throttled.json()).toMatchObject({
    error: { code: 'throttled', context: { retryAfterMs: 1500 } },
  });
});

test.each(['a Content-Length', 'no Content-Length'])(
  'a too long body with %s is rejected with 413',
  async (declared) => {
    const { port, handled } = await mount();
    const long = Buffer.alloc(64 * 1024 + 1, ' ');
    const length = declared === 'a Content-Length' ? { 'content-length': long.length } : {};
    const headers = { 'content-type': 'application/json', ...length };
    const sending = requestOverHttp({ port, path: '/uploads/initiate', method: 'POST', headers });
    // The last chunk is never sent: the handler must not wait for it.
    sending.write(long);
    const [response] = await once(sending, 'response');
    expect(response.statusCode).toBe(413);
    expect(JSON.parse(await text(response))).toMatchObject({ error: { code: 'bad_request' } });
    expect(handled).toMatchObject([{ verb: 'initiate', status: 413 }]);
    sending.destroy();
  },
);

test('a client with a slow body receives 408 after 30 s', async () => {
  const { port, clock, handled } = await mount();
  const socket = connect(port, '127.0.0.1');
  const head = ['POST /uploads/initiate HTTP/1.1', 'host: app.test', 'content-type: application/json'];
  socket.write(`${[...head, 'content-length: 1000'].join('\r\n')}\r\n\r\n{`);
  await waitUntil(() => clock.sleeperCount === 1);
  clock.advance(29_999);
  socket.write('"');
  await nextTick();
  expect(handled).toEqual([]);
  clock.advance(1);
  const [data] = await once(socket, 'data');
  expect(String(data)).toMatch(/^HTTP\/1\.1 408 /);
  expect(handled).toMatchObject([{ status: 408, durationMs: 30_000 }]);
  socket.destroy();
});

test('a disconnect aborts the request', async () => {
  const received = createDeferred<Request>();
  const released = createDeferred<void>();
  const gate = (request: Request): Promise<void> => {
    received.resolve(request);
    return released.promise;
  };
  const stage = await mount({ gate });
  const disconnect = new AbortController();
  const responding = post(
    stage,
    'initiate',
    { name: 'never', size: 1_000_000, partSize: 102_400 },
    disconnect.signal,
  );
  const { signal: requestSignal } = await received.promise;
  disconnect.abort();
  await expect(responding).rejects.toThrow();
  await waitUntil(() => requestSignal.aborted);
  released.resolve();
  await waitUntil(() => stage.handled.length === 1);
  expect(stage.handled).toMatchObject([{ verb: 'initiate', status: 499, error: { code: 'aborted' } }]);
  expect(emulator.model.uploads('media')).toEqual([]);
});

test('a disconnect during Complete does not abort it', async () => {
  const received = createDeferred<Request>();
  const released = createDeferred<void>();
  const gate = (request: Request): Promise<void> | undefined => {
    if (!request.url.endsWith('/complete')) return undefined;
    received.resolve(request);
    return released.promise;
  };
  const hookCalls: string[] = [];
  const stage = await mount({ gate, completed: () => void hookCalls.push('completed') });
  const disconnect = new AbortController();
  const responding = post(stage, 'complete', await uploadPart(stage, 'disconnect-early'), disconnect.signal);
  const { signal: requestSignal } = await received.promise;
  disconnect.abort();
  await expect(responding).rejects.toThrow();
  await waitUntil(() => requestSignal.aborted);
  // The request to OSS starts here.
  released.resolve();
  await waitUntil(() => stage.handled.length === 2);
  expect(stage.handled[1]).toMatchObject({ verb: 'complete', status: 200, error: undefined });
  expect(hookCalls).toEqual(['completed']);
});

const WRAPPERS: readonly [string, MountOptions['wrap']][] = [
  ['node:http', undefined],
  [
    'a framework that compresses',
    (handler) => new Hono().use(compress({ threshold: 0 })).all('*', ({ req }) => handler(req.raw)).fetch,
  ],
];

test.each(WRAPPERS)('every space of a slow Complete passes %s immediately', async (_, wrap) => {
  const hook = createDeferred<void>();
  const stage = await mount({ wrap, completed: () => hook.promise });
  const responding = post(stage, 'complete', await uploadPart(stage, 'slow'));
  await sendSpace(stage);
  const response = await responding;
  expect(response.status).toBe(200);
  const reader = getBody(response).getReader();
  const texts: string[] = [];
  const read = async (): Promise<void> => {
    texts.push(new TextDecoder().decode((await reader.read()).value));
  };
  for (let count = 0; count < 3; count++) {
    await sendSpace(stage);
    await read();
  }
  expect(texts).toEqual([' ', ' ', ' ']);
  hook.resolve();
  await read();
  expect(JSON.parse(texts.join(''))).toMatchObject({ object: { key: 'slow', crc64: crc64(bytes) } });
  expect(await reader.read()).toMatchObject({ done: true });
});

test('a disconnect between two spaces does not abort Complete', async () => {
  const hook = createDeferred<void>();
  const stage = await mount({ completed: () => hook.promise });
  const disconnect = new AbortController();
  const responding = post(stage, 'complete', await uploadPart(stage, 'disconnect-late'), disconnect.signal);
  await sendSpace(stage);
  await responding;
  disconnect.abort();
  // The deadline of Complete is still pending; the timer of the next space is not.
  await waitUntil(() => stage.clock.sleeperCount === 1);
  hook.resolve();
  await waitUntil(() => stage.handled.length === 2);
  expect(stage.handled[1]).toMatchObject({ verb: 'complete', status: 200, error: undefined });
});

const file = { size: 10, partSize: undefined, object: {}, signal };

/** Uploads one part, and returns the request body of Complete. */
async function uploadPart({ url }: Mounted, key: string): Promise<object> {
  const plane = createHttpControlPlane(url);
  const { uploadToken, presigned = [] } = await plane.initiate({ ...file, key, presignCount: 1 });
  for (const { url: address, headers } of presigned) {
    const { status } = await fetch(address, { method: 'PUT', headers, body: bytes });
    expect(status).toBe(200);
  }
  return { uploadToken, receipts: [{ partNumber: 1, size: bytes.length, crc64: crc64(bytes) }] };
}

function post({ url }: Mounted, verb: string, body: object, stop = signal): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${url}/${verb}`, { method: 'POST', headers, body: JSON.stringify(body), signal: stop });
}

/** Advances the clock by ten seconds, so that a space is sent. The other timer is Complete's deadline. */
async function sendSpace({ clock }: Mounted): Promise<void> {
  await waitUntil(() => clock.sleeperCount === 2);
  clock.wakeNext();
}

async function waitUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTick();
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function createDeferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function getBody({ body }: Response): ReadableStream<Uint8Array> {
  if (body === null) throw new TypeError('the response has no body');
  return body;
}
