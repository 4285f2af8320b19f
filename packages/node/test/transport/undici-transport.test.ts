import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { createCrc64, UploadError } from '@partway/core';
import { createPartBody, type PartBody, type PartResponse, type Transport } from '@partway/core/ports';
import { createInMemorySource, transportConformance } from '@partway/core/testing';
import { Agent, MockAgent } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { createFileSource } from '../../src/files/file-source.ts';
import { createUndiciTransport } from '../../src/transport/undici-transport.ts';
import { createScriptedServer } from '../stages/scripted-server.ts';

const MEBIBYTE = 1024 * 1024;
const closings: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

const conformance = transportConformance({
  async createTransport() {
    const transport = createUndiciTransport();
    return { transport, close: () => transport.close() };
  },
  createServer: createScriptedServer,
  sendsWhileReading: true,
});

test.each(conformance)('the undici transport $name', ({ run }) => run());

function put(transport: Transport, url: string, body: PartBody): Promise<PartResponse> {
  const signal = new AbortController().signal;
  return transport.put({ url, headers: {}, body, onProgress: () => undefined, signal });
}

function createBody(bytes: Uint8Array): PartBody {
  return createInMemorySource(bytes).part(0, bytes.length);
}

async function openTransport(options: Parameters<typeof createUndiciTransport>[0] = {}): Promise<Transport> {
  const transport = createUndiciTransport(options);
  closings.push(() => transport.close());
  return transport;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closings.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** Responds with the CRC64 of the received body. */
const respondWithCrc64 = async (message: IncomingMessage, reply: ServerResponse): Promise<void> => {
  const crc = createCrc64();
  for await (const chunk of message) crc.update(chunk);
  reply.setHeader('x-oss-hash-crc64ecma', crc.digest()).end();
};

async function openFileSource(bytes: Uint8Array): ReturnType<typeof createFileSource> {
  const folder = await mkdtemp(join(tmpdir(), 'partway-undici-'));
  const path = join(folder, 'file');
  await writeFile(path, bytes);
  const source = await createFileSource(path);
  closings.push(async () => {
    await source.close();
    await rm(folder, { recursive: true });
  });
  return source;
}

test('concurrent parts of a file with reused buffers arrive unchanged', async () => {
  const port = await listen(createServer(respondWithCrc64));
  const transport = await openTransport();
  const bytes = randomBytes(24 * MEBIBYTE + 999);
  const source = await openFileSource(bytes);
  const partSize = 3 * MEBIBYTE + 1001;
  const offsets = Array.from({ length: Math.ceil(bytes.length / partSize) }, (_, index) => index * partSize);
  await Promise.all(
    offsets.map(async (offset) => {
      const body = source.part(offset, Math.min(partSize, bytes.length - offset));
      const { headers } = await put(transport, `http://127.0.0.1:${port}/p?x=1`, body);
      expect(headers['x-oss-hash-crc64ecma']).toBe(await body.crc64(new AbortController().signal));
    }),
  );
});

test('parts over TLS arrive unchanged', async () => {
  const psk = randomBytes(32);
  const ciphers = 'PSK-AES128-GCM-SHA256';
  const server = createTlsServer(
    { ciphers, maxVersion: 'TLSv1.2', pskCallback: () => psk, pskIdentityHint: 'test' },
    respondWithCrc64,
  );
  const port = await listen(server);
  const connect = {
    ciphers,
    pskCallback: () => ({ psk, identity: 'test' }),
    checkServerIdentity: () => undefined,
  };
  const dispatcher = new Agent({ connect });
  closings.push(() => dispatcher.close());
  const transport = await openTransport({ dispatcher });
  const bytes = randomBytes(20 * MEBIBYTE + 20_000);
  const source = await openFileSource(bytes);
  for (const [offset, size] of [
    [0, 5 * MEBIBYTE + 17_000],
    [7 * MEBIBYTE, 13 * MEBIBYTE + 20_000],
    [MEBIBYTE, 40_000],
  ] as const) {
    const body = source.part(offset, size);
    const { headers } = await put(transport, `https://127.0.0.1:${port}/p`, body);
    expect(headers['x-oss-hash-crc64ecma']).toBe(await body.crc64(new AbortController().signal));
  }
});

test('a small chunk can be overwritten when the next one is requested', async () => {
  const server = createServer(async (message, reply) => {
    // Long enough for the client to fill the socket buffers of both sides.
    for (let tick = 0; tick < 50; tick++) await new Promise((resolve) => setImmediate(resolve));
    await respondWithCrc64(message, reply);
  });
  const port = await listen(server);
  const transport = await openTransport();
  const chunk = Buffer.alloc(10_000);
  const body = createPartBody({
    size: 2000 * chunk.length,
    async *read() {
      for (let count = 0; count < 2000; count++) yield chunk.fill(count);
    },
  });
  const { headers } = await put(transport, `http://127.0.0.1:${port}/p`, body);
  expect(headers['x-oss-hash-crc64ecma']).toBe(await body.crc64(new AbortController().signal));
});

test('sequential parts share one connection', async () => {
  let connectionCount = 0;
  const server = createServer(respondWithCrc64).on('connection', () => {
    connectionCount += 1;
  });
  const port = await listen(server);
  const transport = await openTransport();
  const source = await openFileSource(randomBytes(4 * MEBIBYTE));
  for (const size of [10, 70_000, MEBIBYTE, MEBIBYTE + 1, 4 * MEBIBYTE, 3, 4 * MEBIBYTE]) {
    await put(transport, `http://127.0.0.1:${port}/p`, source.part(0, size));
  }
  expect(connectionCount).toBe(1);
});

test('an early response is returned also if the connection is reset before the next read', async () => {
  const server = await createScriptedServer();
  closings.push(() => server.close());
  const transport = await openTransport();
  const source = await openFileSource(Buffer.alloc(16 * MEBIBYTE));
  for (let round = 0; round < 20; round++) {
    const script = { behaviour: 'respond-and-reset', status: 403, headers: {}, body: '<Error/>' } as const;
    const { url } = await server.serve(script);
    expect(await put(transport, url, source.part(0, source.size))).toMatchObject({
      status: 403,
      body: '<Error/>',
    });
  }
});

test('an early response ends the read of the body [pain-20]', async () => {
  const server = await createScriptedServer();
  closings.push(() => server.close());
  const transport = await openTransport();
  const { url } = await server.serve({ behaviour: 'respond-early', status: 403, headers: {}, body: '' });
  const outcome = await new Promise((resolve) => {
    const body: PartBody = {
      ...createBody(new Uint8Array(8 * MEBIBYTE)),
      async *chunks() {
        try {
          for (let count = 0; count < 8; count++) yield new Uint8Array(MEBIBYTE);
        } finally {
          resolve('ended');
        }
      },
    };
    put(transport, url, body).catch(resolve);
  });
  expect(outcome).toBe('ended');
});

test('opens at most as many connections as the option allows [pain-23]', async () => {
  let open = 0;
  let openMax = 0;
  const server = createServer(respondWithCrc64).on('connection', (socket) => {
    open += 1;
    openMax = Math.max(openMax, open);
    socket.on('close', () => {
      open -= 1;
    });
  });
  const port = await listen(server);
  const transport = await openTransport({ connections: 2 });
  const bodies = Array.from({ length: 8 }, () => createBody(new Uint8Array(300_000)));
  await Promise.all(bodies.map((body) => put(transport, `http://127.0.0.1:${port}/p`, body)));
  expect(openMax).toBe(2);
});

test('the path is sent as it was signed, also if `URL` would rewrite it', async () => {
  const targets: (string | undefined)[] = [];
  const server = createServer((message, reply) => {
    targets.push(message.url);
    message.resume().on('end', () => reply.end());
  });
  const port = await listen(server);
  const transport = await openTransport();
  for (const target of ['/a/../b%2Bc/./d?partNumber=1&x=a%2Fb', '/', '']) {
    await put(transport, `http://127.0.0.1:${port}${target}`, createBody(Buffer.from('x')));
  }
  expect(targets).toEqual(['/a/../b%2Bc/./d?partNumber=1&x=a%2Fb', '/', '/']);
});

test('a dispatcher of the caller is used and stays open', async () => {
  const dispatcher = new MockAgent();
  dispatcher.disableNetConnect();
  const origin = 'https://media.oss-cn-hangzhou.aliyuncs.com';
  const intercepted = dispatcher.get(origin).intercept({ method: 'PUT', path: '/key?partNumber=1' });
  intercepted.reply(200, '', { headers: { ETag: '"A"' } });
  const transport = createUndiciTransport({ dispatcher });
  const response = await put(transport, `${origin}/key?partNumber=1`, createBody(Buffer.from('x')));
  expect(response).toMatchObject({ status: 200, headers: { etag: '"A"' } });
  await transport.close();
  await expect(dispatcher.request({ origin, path: '/', method: 'GET' })).rejects.toThrow(/not matched/);
  await dispatcher.close();
});

test('an error contains no URL', async () => {
  const server = await createScriptedServer();
  const { url } = await server.serve({ behaviour: 'reset', status: 200, headers: {}, body: '' });
  const transport = await openTransport();
  const lost = await put(transport, url, createBody(randomBytes(10))).catch((reason: unknown) => reason);
  await server.close();
  const refused = await put(transport, url, createBody(randomBytes(10))).catch((reason: unknown) => reason);
  const broken = await put(transport, 'no-url?uploadId=A', createBody(randomBytes(10))).catch(
    (reason: unknown) => reason,
  );
  for (const error of [lost, refused, broken]) {
    expect(error).toBeInstanceOf(UploadError);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/uploadId=|partNumber=/);
  }
  expect(refused).toMatchObject({ code: 'network', disposition: 'transient' });
  expect(broken).toMatchObject({ code: 'malformed_response', disposition: 'permanent' });
});

test('a closed transport rejects with a permanent error', async () => {
  const transport = createUndiciTransport();
  await transport.close();
  const sending = put(transport, 'http://127.0.0.1:9/', createBody(randomBytes(10)));
  await expect(sending).rejects.toMatchObject({ code: 'network', disposition: 'permanent' });
});

test('an invalid number of connections throws a RangeError', () => {
  expect(() => createUndiciTransport({ connections: 0 })).toThrow(RangeError);
});
