import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import {
  countBytes,
  createDeferred,
  createOutcome,
  openSocket,
  readUntil,
  startServer,
  stopServer,
} from '../../test/stages/raw-http.ts';
import type { OssRequest } from '../types.ts';

afterEach(stopServer);

describe('a request', () => {
  test('arrives unchanged, with headers in lower case, joined and decoded as UTF-8', async () => {
    const requests: OssRequest[] = [];
    const port = await startServer(async (request) => {
      requests.push(request);
      return createOutcome(200);
    });
    const socket = await openSocket(port);
    const meta = Buffer.from('x-oss-meta-a: 中').toString('latin1');
    socket.write(
      `GET /b//k/../%2e?a=&b HTTP/1.1\r\nHost: b.test:1\r\n${meta}\r\nX-A: 1\r\nx-a: 2\r\n\r\n`,
      'latin1',
    );
    await readUntil(socket, /\r\n\r\n/);
    expect(requests[0]).toMatchObject({ method: 'GET', target: '/b//k/../%2e?a=&b' });
    expect(requests[0]?.headers).toMatchObject({ host: 'b.test:1', 'x-oss-meta-a': '中', 'x-a': '1,2' });
    socket.destroy();
  });

  test('streams its body with back-pressure', async () => {
    const mayRead = createDeferred<void>();
    const port = await startServer(async ({ body }) => {
      await mayRead.promise;
      return createOutcome(200, String(await countBytes(body)));
    });
    const size = 64 * 1024 * 1024;
    const request = httpRequest({ port, method: 'PUT', headers: { 'content-length': size } });
    const accepted = request.write(Buffer.alloc(size));
    expect(accepted).toBe(false);
    expect(request.writableLength).toBeGreaterThan(size / 2);
    mayRead.resolve();
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(String(await response.toArray())).toBe(String(size));
  });

  test('that is aborted ends its body with an error', async () => {
    const started = createDeferred<void>();
    const received = createDeferred<unknown>();
    const port = await startServer(async ({ body }) => {
      try {
        for await (const _ of body) started.resolve();
        received.resolve('the end');
      } catch (reason) {
        received.resolve(reason);
      }
      return createOutcome(200);
    });
    const socket = await openSocket(port);
    socket.write('PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345');
    await started.promise;
    socket.resetAndDestroy();
    expect(await received.promise).toBeInstanceOf(Error);
  });

  test('with a body shorter than its Content-Length gets a response', async () => {
    const port = await startServer(async ({ body }) => createOutcome(400, `${await countBytes(body)} bytes`));
    const socket = await openSocket(port);
    socket.end('PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345');
    expect(await readUntil(socket, /bytes/)).toMatch(/^HTTP\/1\.1 400 .*\r\n\r\n5 bytes$/s);
    socket.destroy();
  });

  test('that is not HTTP gets 400', async () => {
    const port = await startServer(async () => createOutcome(200));
    const socket = await openSocket(port);
    socket.write('what?\r\n\r\n');
    expect(await readUntil(socket, /close/)).toMatch(/^HTTP\/1\.1 400 Bad Request/);
    socket.destroy();
  });
});

describe('a response', () => {
  test('to HEAD has no body and the Content-Length of GET', async () => {
    const port = await startServer(async () => createOutcome(200, 'hidden'));
    const socket = await openSocket(port);
    socket.write('HEAD /b/k HTTP/1.1\r\nHost: x\r\n\r\nGET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    const text = await readUntil(socket, /hidden/);
    expect(text.match(/Content-Length: 6/g)).toHaveLength(2);
    expect(text.split('\r\n\r\n')[1]).toMatch(/^HTTP\/1\.1 200 OK/);
    socket.destroy();
  });

  test('keeps the case of its header names and sends UTF-8', async () => {
    const port = await startServer(async () => createOutcome(204, '', { ETag: '"A"', 'x-oss-meta-a': '中' }));
    const socket = await openSocket(port);
    socket.write('DELETE /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    const text = Buffer.from(await readUntil(socket, /\r\n\r\n/), 'latin1').toString();
    expect(text).toContain('\r\nETag: "A"\r\n');
    expect(text).toContain('x-oss-meta-a: 中');
    socket.destroy();
  });

  test('streams a body with chunks that share memory', async () => {
    async function* body(): AsyncGenerator<Uint8Array> {
      const memory = Buffer.alloc(1024 * 1024);
      for (const letter of 'abc') yield memory.fill(letter);
    }
    const headers = { 'Content-Length': String(3 * 1024 * 1024) };
    const port = await startServer(async () => ({
      response: { status: 200, headers, body: body() },
      connection: 'keep',
    }));
    const response = await fetch(`http://127.0.0.1:${port}/b/k`);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.length).toBe(3 * 1024 * 1024);
    expect([0, 1, 2].map((index) => String.fromCharCode(bytes[index * 1024 * 1024] ?? 0))).toEqual([
      'a',
      'b',
      'c',
    ]);
  });
});
