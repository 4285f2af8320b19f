import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import {
  answer,
  deferred,
  heard,
  opened,
  readAll,
  serving,
  stopServing,
} from '../../test/stages/raw-http.ts';
import type { OssRequest } from '../types.ts';

afterEach(stopServing);

describe('the request', () => {
  test('arrives as it is on the wire, headers in lower case, joined and as UTF-8', async () => {
    const requests: OssRequest[] = [];
    const port = await serving(async (request) => {
      requests.push(request);
      return answer(200);
    });
    const socket = await opened(port);
    const meta = Buffer.from('x-oss-meta-a: 中').toString('latin1');
    socket.write(
      `GET /b//k/../%2e?a=&b HTTP/1.1\r\nHost: b.test:1\r\n${meta}\r\nX-A: 1\r\nx-a: 2\r\n\r\n`,
      'latin1',
    );
    await heard(socket, /\r\n\r\n/);
    expect(requests[0]).toMatchObject({ method: 'GET', target: '/b//k/../%2e?a=&b' });
    expect(requests[0]?.headers).toMatchObject({ host: 'b.test:1', 'x-oss-meta-a': '中', 'x-a': '1,2' });
    socket.destroy();
  });

  test('streams its body under back-pressure', async () => {
    const mayRead = deferred<void>();
    const port = await serving(async ({ body }) => {
      await mayRead.promise;
      return answer(200, String(await readAll(body)));
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

  test('that breaks off reaches the reader as an error, not as an end', async () => {
    const begun = deferred<void>();
    const seen = deferred<unknown>();
    const port = await serving(async ({ body }) => {
      try {
        for await (const _ of body) begun.resolve();
        seen.resolve('the end');
      } catch (reason) {
        seen.resolve(reason);
      }
      return answer(200);
    });
    const socket = await opened(port);
    socket.write('PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345');
    await begun.promise;
    socket.resetAndDestroy();
    expect(await seen.promise).toBeInstanceOf(Error);
  });

  test('whose sender stops short of its Content-Length still gets an answer', async () => {
    const port = await serving(async ({ body }) => answer(400, `${await readAll(body)} bytes`));
    const socket = await opened(port);
    socket.end('PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345');
    expect(await heard(socket, /bytes/)).toMatch(/^HTTP\/1\.1 400 .*\r\n\r\n5 bytes$/s);
    socket.destroy();
  });

  test('that is not HTTP is answered 400', async () => {
    const port = await serving(async () => answer(200));
    const socket = await opened(port);
    socket.write('what?\r\n\r\n');
    expect(await heard(socket, /close/)).toMatch(/^HTTP\/1\.1 400 Bad Request/);
    socket.destroy();
  });
});

describe('the response', () => {
  test('has no body for HEAD, keeping the length of what GET would send', async () => {
    const port = await serving(async () => answer(200, 'hidden'));
    const socket = await opened(port);
    socket.write('HEAD /b/k HTTP/1.1\r\nHost: x\r\n\r\nGET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    const text = await heard(socket, /hidden/);
    expect(text.match(/Content-Length: 6/g)).toHaveLength(2);
    expect(text.split('\r\n\r\n')[1]).toMatch(/^HTTP\/1\.1 200 OK/);
    socket.destroy();
  });

  test('keeps the case of its header names and writes UTF-8', async () => {
    const port = await serving(async () => answer(204, '', { ETag: '"A"', 'x-oss-meta-a': '中' }));
    const socket = await opened(port);
    socket.write('DELETE /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    const text = Buffer.from(await heard(socket, /\r\n\r\n/), 'latin1').toString();
    expect(text).toContain('\r\nETag: "A"\r\n');
    expect(text).toContain('x-oss-meta-a: 中');
    socket.destroy();
  });

  test('streams its body from memory that is used again', async () => {
    async function* body(): AsyncGenerator<Uint8Array> {
      const memory = Buffer.alloc(1024 * 1024);
      for (const letter of 'abc') yield memory.fill(letter);
    }
    const headers = { 'Content-Length': String(3 * 1024 * 1024) };
    const port = await serving(async () => ({
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
