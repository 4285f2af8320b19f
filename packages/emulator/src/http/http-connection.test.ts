import { once } from 'node:events';
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
import { serveHttp } from './http-server.ts';

afterEach(stopServer);

describe('Expect: 100-continue', () => {
  const head = 'PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n';

  test('gets 100 Continue when the body is read', async () => {
    const port = await startServer(async ({ body }) => createOutcome(200, String(await countBytes(body))));
    const socket = await openSocket(port);
    socket.write(head);
    expect(await readUntil(socket, /\r\n\r\n/)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write('12345');
    expect(await readUntil(socket, /\r\n\r\n5/)).toMatch(/^HTTP\/1\.1 200 OK/);
    socket.destroy();
  });

  test('gets no 100 Continue with an early error, which closes the connection', async () => {
    const port = await startServer(async () => createOutcome(403, 'no'));
    const socket = await openSocket(port);
    socket.write(head);
    const text = await readUntil(socket, /no$/);
    expect(text).toMatch(/^HTTP\/1\.1 403 Forbidden/);
    expect(text).toMatch(/Connection: close/i);
    socket.destroy();
  });
});

describe('an early response', () => {
  test('reaches a client that is still sending, and the connection is kept', async () => {
    let requests = 0;
    const port = await startServer(async () => createOutcome(403, `refusal ${++requests}`));
    const socket = await openSocket(port);
    const size = 8 * 1024 * 1024;
    socket.write(`PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`);
    expect(await readUntil(socket, /refusal 1/)).toMatch(/^HTTP\/1\.1 403/);
    socket.write(Buffer.alloc(size));
    socket.write('GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await readUntil(socket, /refusal 2/)).toMatch(/^HTTP\/1\.1 403/);
    socket.destroy();
  });

  test('stops the reading of the body at a limit', async () => {
    const port = await startServer(async () => createOutcome(403, 'refusal'));
    const socket = await openSocket(port);
    socket.write(`PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: ${2 ** 40}\r\n\r\n`);
    await readUntil(socket, /refusal/);
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
  test('is closed without a response for close', async () => {
    const port = await startServer(async () => ({ response: undefined, connection: 'close' }));
    const socket = await openSocket(port);
    socket.write('GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await readUntil(socket, /never/)).toBe('');
    socket.destroy();
  });

  test('is reset for reset', async () => {
    const port = await startServer(async () => ({ response: undefined, connection: 'reset' }));
    const socket = await openSocket(port);
    socket.write('GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect(readUntil(socket, /never/)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('is closed in the middle of a response for cut', async () => {
    const cut = { response: { status: 200, headers: { 'Content-Length': '10' }, body: Buffer.from('half') } };
    const port = await startServer(async () => ({ ...cut, connection: 'cut' }));
    const socket = await openSocket(port);
    socket.write('GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await readUntil(socket, /never/)).toMatch(/Content-Length: 10\r\n.*\r\n\r\nhalf$/s);
    socket.destroy();
  });

  test('is held open without a response until the server is closed for hold', async () => {
    const arrived = createDeferred<void>();
    const port = await startServer(async () => {
      arrived.resolve();
      return { response: undefined, connection: 'hold' };
    });
    const socket = await openSocket(port);
    socket.write('GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    await arrived.promise;
    const closed = once(socket, 'close');
    await stopServer();
    socket.end();
    await closed;
  });

  test('ends if the handler rejects, and the error becomes a process warning', async () => {
    const port = await startServer(async () => {
      throw new Error('a bug in the emulator');
    });
    const warned = once(process, 'warning');
    const socket = await openSocket(port);
    socket.write('GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await readUntil(socket, /never/)).toBe('');
    expect(await warned).toEqual([expect.objectContaining({ message: 'a bug in the emulator' })]);
    socket.destroy();
  });
});

test('a port in use rejects with EADDRINUSE', async () => {
  const port = await startServer(async () => createOutcome(200));
  const again = serveHttp({
    port,
    host: '127.0.0.1',
    handle: async () => createOutcome(200),
    intercept: () => false,
  });
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
