import { once } from 'node:events';
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
import { serveHttp } from './http-server.ts';

afterEach(stopServing);

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
    await stopServing();
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
