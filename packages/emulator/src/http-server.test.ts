import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type RunningServer, serveHttp } from './http-server.ts';
import type { Outcome } from './misbehave.ts';
import type { OssRequest, OssResponse } from './types.ts';

let running: RunningServer | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

/** Starts a server that answers so; resolves to its port. */
async function serving(handle: (request: OssRequest) => Promise<Outcome>): Promise<number> {
  running = await serveHttp({ port: 0, host: '127.0.0.1', handle, intercept: () => false });
  return running.port;
}

function answer(status: number, text = '', headers: Record<string, string> = {}): Outcome {
  const response: OssResponse = {
    status,
    headers: { 'Content-Length': String(Buffer.byteLength(text)), ...headers },
    body: Buffer.from(text),
  };
  return { response, connection: 'keep' };
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const chunk of body) size += chunk.length;
  return size;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}

function deferred<T>(): Deferred<T> {
  let settle: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle(value) };
}

async function opened(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.setEncoding('latin1');
  await once(socket, 'connect');
  return socket;
}

/** Reads until the text so far matches. */
async function heard(socket: Socket, pattern: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (pattern.test(text)) return text;
  }
  return text;
}

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

describe('Expect: 100-continue', () => {
  const head = 'PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n';

  test('is granted when the body is wanted', async () => {
    const port = await serving(async ({ body }) => answer(200, String(await readAll(body))));
    const socket = await opened(port);
    socket.write(head);
    expect(await heard(socket, /\r\n\r\n/)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write('12345');
    expect(await heard(socket, /\r\n\r\n5/)).toMatch(/^HTTP\/1\.1 200 OK/);
    socket.destroy();
  });

  test('is not granted with a refusal, which comes at once and closes the connection', async () => {
    const port = await serving(async () => answer(403, 'no'));
    const socket = await opened(port);
    socket.write(head);
    const text = await heard(socket, /no$/);
    expect(text).toMatch(/^HTTP\/1\.1 403 Forbidden/);
    expect(text).toMatch(/Connection: close/i);
    socket.destroy();
  });
});

describe('an early answer', () => {
  test('reaches a client that is still sending, and the connection lives on', async () => {
    let requests = 0;
    const port = await serving(async () => answer(403, `refusal ${++requests}`));
    const socket = await opened(port);
    const size = 8 * 1024 * 1024;
    socket.write(`PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`);
    expect(await heard(socket, /refusal 1/)).toMatch(/^HTTP\/1\.1 403/);
    socket.write(Buffer.alloc(size));
    socket.write('GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await heard(socket, /refusal 2/)).toMatch(/^HTTP\/1\.1 403/);
    socket.destroy();
  });

  test('does not keep the server reading for ever', async () => {
    const port = await serving(async () => answer(403, 'refusal'));
    const socket = await opened(port);
    socket.write(`PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: ${2 ** 40}\r\n\r\n`);
    await heard(socket, /refusal/);
    const closed = new Promise((resolve) => socket.once('close', resolve).once('error', resolve));
    const chunk = Buffer.alloc(1024 * 1024);
    const pump = (): void => {
      if (!socket.destroyed) socket.write(chunk, pump);
    };
    pump();
    await closed;
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

describe('a connection', () => {
  test('is closed without a word', async () => {
    const port = await serving(async () => ({ response: undefined, connection: 'close' }));
    const socket = await opened(port);
    socket.write('GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await heard(socket, /never/)).toBe('');
    socket.destroy();
  });

  test('is reset', async () => {
    const port = await serving(async () => ({ response: undefined, connection: 'reset' }));
    const socket = await opened(port);
    socket.write('GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect(heard(socket, /never/)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('is closed in the middle of a response', async () => {
    const cut = { response: { status: 200, headers: { 'Content-Length': '10' }, body: Buffer.from('half') } };
    const port = await serving(async () => ({ ...cut, connection: 'cut' }));
    const socket = await opened(port);
    socket.write('GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await heard(socket, /never/)).toMatch(/Content-Length: 10\r\n.*\r\n\r\nhalf$/s);
    socket.destroy();
  });

  test('that is held open without an answer ends when the server is closed', async () => {
    const arrived = deferred<void>();
    const port = await serving(async () => {
      arrived.resolve();
      return { response: undefined, connection: 'hold' };
    });
    const socket = await opened(port);
    socket.write('GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    await arrived.promise;
    const closed = once(socket, 'close');
    await running?.close();
    socket.end();
    await closed;
  });

  test('ends when the answer cannot be made, and the reason is not swallowed', async () => {
    const port = await serving(async () => {
      throw new Error('a bug in the emulator');
    });
    const warned = once(process, 'warning');
    const socket = await opened(port);
    socket.write('GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await heard(socket, /never/)).toBe('');
    expect(await warned).toEqual([expect.objectContaining({ message: 'a bug in the emulator' })]);
    socket.destroy();
  });
});

test('a port in use is an error that says so', async () => {
  const port = await serving(async () => answer(200));
  const again = serveHttp({
    port,
    host: '127.0.0.1',
    handle: async () => answer(200),
    intercept: () => false,
  });
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
