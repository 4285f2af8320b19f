import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type HttpServer, serveHttp } from '../../src/http/http-server.ts';
import type { OssRequest, OssResponse, Outcome } from '../../src/types.ts';

let running: HttpServer | undefined;

/** For afterEach. */
export async function stopServer(): Promise<void> {
  await running?.close();
  running = undefined;
}

/** Starts a server with the handler and resolves to its port. */
export async function startServer(handle: (request: OssRequest) => Promise<Outcome>): Promise<number> {
  running = await serveHttp({ port: 0, host: '127.0.0.1', handle, intercept: () => false });
  return running.port;
}

export function createOutcome(status: number, text = '', headers: Record<string, string> = {}): Outcome {
  const response: OssResponse = {
    status,
    headers: { 'Content-Length': String(Buffer.byteLength(text)), ...headers },
    body: Buffer.from(text),
  };
  return { response, connection: 'keep' };
}

export async function countBytes(body: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const chunk of body) size += chunk.length;
  return size;
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}

export function createDeferred<T>(): Deferred<T> {
  let settle: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle(value) };
}

export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.setEncoding('latin1');
  await once(socket, 'connect');
  return socket;
}

/** Reads until the text so far matches. */
export async function readUntil(socket: Socket, pattern: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (pattern.test(text)) return text;
  }
  return text;
}
