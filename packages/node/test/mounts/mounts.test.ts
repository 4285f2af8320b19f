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
  readonly answered: HandledRequest[];
}

interface MountOptions {
  /** Called like `identify`, for every verb. */
  readonly gate?: (request: Request) => void | Promise<void>;
  readonly completed?: () => void | Promise<void>;
  readonly around?:
    | ((handler: CoordinatorHandler) => (request: Request) => Response | Promise<Response>)
    | undefined;
  readonly waitMs?: number;
}

/** A coordinator in a `node:http` server with a virtual clock. */
async function mounted({ gate, completed, around, waitMs }: MountOptions = {}): Promise<Mounted> {
  const { endpoint } = emulator;
  const coordinator = createCoordinator({
    store: createOssObjectStore({ region, bucket: 'media', credentials, endpoint }),
    identify: async (request) => {
      await gate?.(request);
      return 'wei';
    },
    authorize: ({ name }) => (name === 'unwanted' ? { refused: 'no such files' } : { key: name }),
    hooks: { completed: () => completed?.() },
  });
  const clock = createVirtualClock(0);
  const answered: HandledRequest[] = [];
  const handler = createCoordinatorHandler(coordinator, {
    basePath: '/uploads',
    clock,
    rateLimit: () => waitMs,
    onResponse: (entry) => answered.push(entry),
  });
  const server = createServer(getRequestListener(around?.(handler) ?? handler)).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/uploads`, port, clock, answered };
}

test('an error crosses node:http with its status, its body and its wait', async () => {
  const plane = createHttpControlPlane((await mounted()).url);
  await expect(plane.initiate({ ...file, key: 'unwanted' })).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('no such files'),
    context: { status: 422 },
  });
  const throttled = await post(await mounted({ waitMs: 1500 }), 'initiate', {});
  expect(throttled.status).toBe(429);
  expect(throttled.headers.get('retry-after')).toBe('2');
  expect(await throttled.json()).toMatchObject({
    error: { code: 'throttled', context: { retryAfterMs: 1500 } },
  });
});

test.each(['its length', 'no length'])(
  'a body over the limit that declares %s is refused with 413',
  async (declared) => {
    const { port, answered } = await mounted();
    const long = Buffer.alloc(64 * 1024 + 1, ' ');
    const length = declared === 'its length' ? { 'content-length': long.length } : {};
    const headers = { 'content-type': 'application/json', ...length };
    const sending = requestOverHttp({ port, path: '/uploads/initiate', method: 'POST', headers });
    // Of chunks the last one is never sent: who refuses does not wait for it.
    sending.write(long);
    const [response] = await once(sending, 'response');
    expect(response.statusCode).toBe(413);
    expect(JSON.parse(await text(response))).toMatchObject({ error: { code: 'bad_request' } });
    expect(answered).toMatchObject([{ verb: 'initiate', status: 413 }]);
    sending.destroy();
  },
);

test('a client with a slow body receives 408 after 30 s, and not before', async () => {
  const { port, clock, answered } = await mounted();
  const socket = connect(port, '127.0.0.1');
  const head = ['POST /uploads/initiate HTTP/1.1', 'host: app.test', 'content-type: application/json'];
  socket.write(`${[...head, 'content-length: 1000'].join('\r\n')}\r\n\r\n{`);
  await until(() => clock.sleeperCount === 1);
  clock.advance(29_999);
  socket.write('"');
  await nextTurn();
  expect(answered).toEqual([]);
  clock.advance(1);
  const [data] = await once(socket, 'data');
  expect(String(data)).toMatch(/^HTTP\/1\.1 408 /);
  expect(answered).toMatchObject([{ status: 408, durationMs: 30_000 }]);
  socket.destroy();
});

test('a disconnected client stops its request', async () => {
  const arrived = promised<Request>();
  const opened = promised<void>();
  const gate = (request: Request): Promise<void> => {
    arrived.resolve(request);
    return opened.promise;
  };
  const stage = await mounted({ gate });
  const gone = new AbortController();
  const asking = post(stage, 'initiate', { name: 'never', size: 1_000_000, partSize: 102_400 }, gone.signal);
  const { signal: left } = await arrived.promise;
  gone.abort();
  await expect(asking).rejects.toThrow();
  await until(() => left.aborted);
  opened.resolve();
  await until(() => stage.answered.length === 1);
  expect(stage.answered).toMatchObject([{ verb: 'initiate', status: 499, error: { code: 'aborted' } }]);
  expect(emulator.model.uploads('media')).toEqual([]);
});

test('a client that goes away during Complete does not stop it', async () => {
  const arrived = promised<Request>();
  const opened = promised<void>();
  const gate = (request: Request): Promise<void> | undefined => {
    if (!request.url.endsWith('/complete')) return undefined;
    arrived.resolve(request);
    return opened.promise;
  };
  const noted: string[] = [];
  const stage = await mounted({ gate, completed: () => void noted.push('completed') });
  const gone = new AbortController();
  const asking = post(stage, 'complete', await sent(stage, 'left-early'), gone.signal);
  const { signal: left } = await arrived.promise;
  gone.abort();
  await expect(asking).rejects.toThrow();
  await until(() => left.aborted);
  // The request to OSS starts here.
  opened.resolve();
  await until(() => stage.answered.length === 2);
  expect(stage.answered[1]).toMatchObject({ verb: 'complete', status: 200, error: undefined });
  expect(noted).toEqual(['completed']);
});

const AROUND: readonly [string, MountOptions['around']][] = [
  ['node:http', undefined],
  [
    'a framework that compresses',
    (handler) => new Hono().use(compress({ threshold: 0 })).all('*', ({ req }) => handler(req.raw)).fetch,
  ],
];

test.each(AROUND)('every space of a Complete that takes long passes %s at once', async (_, around) => {
  const noted = promised<void>();
  const stage = await mounted({ around, completed: () => noted.promise });
  const asking = post(stage, 'complete', await sent(stage, 'slow'));
  await beat(stage);
  const response = await asking;
  expect(response.status).toBe(200);
  const reader = bodyOf(response).getReader();
  const texts: string[] = [];
  const read = async (): Promise<void> => {
    texts.push(new TextDecoder().decode((await reader.read()).value));
  };
  for (let count = 0; count < 3; count++) {
    await beat(stage);
    await read();
  }
  expect(texts).toEqual([' ', ' ', ' ']);
  noted.resolve();
  await read();
  expect(JSON.parse(texts.join(''))).toMatchObject({ object: { key: 'slow', crc64: crc64(bytes) } });
  expect(await reader.read()).toMatchObject({ done: true });
});

test('a client that goes away between two spaces does not stop a Complete', async () => {
  const noted = promised<void>();
  const stage = await mounted({ completed: () => noted.promise });
  const gone = new AbortController();
  const asking = post(stage, 'complete', await sent(stage, 'left-late'), gone.signal);
  await beat(stage);
  await asking;
  gone.abort();
  // The one that waits for OSS is left; the one that would send the next space is not.
  await until(() => stage.clock.sleeperCount === 1);
  noted.resolve();
  await until(() => stage.answered.length === 2);
  expect(stage.answered[1]).toMatchObject({ verb: 'complete', status: 200, error: undefined });
});

const file = { size: 10, partSize: undefined, object: {}, signal };

/** An upload that is whole but for Complete, which takes the result. */
async function sent({ url }: Mounted, key: string): Promise<object> {
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

/** Advances the ten seconds before a space is sent. The other timer is the deadline of Complete. */
async function beat({ clock }: Mounted): Promise<void> {
  await until(() => clock.sleeperCount === 2);
  clock.wakeNext();
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await nextTurn();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function promised<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function bodyOf({ body }: Response): ReadableStream<Uint8Array> {
  if (body === null) throw new TypeError('there is a body');
  return body;
}
