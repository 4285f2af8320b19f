import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { OssRequest, OssResponse, Outcome } from '../types.ts';

export interface HttpServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  readonly handle: (request: OssRequest) => Promise<Outcome>;
  /** Answers requests that are not for OSS; `false` leaves the request alone. */
  readonly intercept: (message: IncomingMessage, reply: ServerResponse) => boolean;
}

export interface RunningServer {
  readonly port: number;
  /** Ends every connection, the silent ones too, and stops listening. */
  close(): Promise<void>;
}

/** Serves a model over HTTP/1.1. Bodies stream both ways with back-pressure; nothing is held whole. */
export async function serveHttp(options: HttpServerOptions): Promise<RunningServer> {
  const server = createServer({ maxHeaderSize: 64 * 1024, requireHostHeader: false });
  // An upload takes as long as it takes; only its head must arrive in time.
  server.requestTimeout = 0;
  server.headersTimeout = 60_000;
  server.keepAliveTimeout = 65_000;
  const respond = (message: IncomingMessage, reply: ServerResponse, isBodyHeldBack: boolean): void => {
    if (options.intercept(message, reply)) return;
    // Never rejects: what goes wrong ends the connection.
    void exchange(options.handle, { message, reply, isBodyHeldBack });
  };
  server.on('request', (message, reply) => respond(message, reply, false));
  server.on('checkContinue', (message, reply) => respond(message, reply, true));
  answerShortBodies(server);
  await listening(server, options);
  const { port } = server.address() as AddressInfo;
  return { port, close: () => closed(server) };
}

function listening(server: Server, { port, host }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

interface Exchange {
  readonly message: IncomingMessage;
  readonly reply: ServerResponse;
  /** The client waits for `100 Continue` before it sends the body. */
  readonly isBodyHeldBack: boolean;
}

async function exchange(handle: HttpServerOptions['handle'], parties: Exchange): Promise<void> {
  const { message, reply } = parties;
  try {
    const { response, connection } = await handle(toOssRequest(parties));
    if (reply.destroyed || connection === 'hold') return;
    if (response !== undefined) await deliver(response, connection === 'cut', parties);
    else if (connection === 'reset') message.socket.resetAndDestroy();
    else message.socket.destroy();
  } catch (reason) {
    // A client that went away is daily life. A bug of ours must not look like an answer of OSS's.
    if (!reply.destroyed && !message.destroyed) process.emitWarning(asError(reason));
    message.socket.destroy();
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

function toOssRequest({ message, reply, isBodyHeldBack }: Exchange): OssRequest {
  const headers = Object.entries(message.headersDistinct).map(([name, values = []]) => [
    name,
    fromWire(name === 'host' ? (values[0] ?? '') : values.join(',')),
  ]);
  return {
    method: message.method ?? '',
    target: message.url ?? '/',
    headers: { host: '', ...Object.fromEntries(headers) },
    body: isBodyHeldBack ? askedFor(message, reply) : chunksOf(message),
  };
}

/**
 * Sends `100 Continue` only when somebody wants the body, so that an early refusal costs the client nothing.
 */
async function* askedFor(message: IncomingMessage, reply: ServerResponse): AsyncGenerator<Uint8Array> {
  reply.writeContinue();
  yield* chunksOf(message);
}

/** Leaves the connection alone when the reader stops early: the answer has yet to be sent on it. */
function chunksOf(message: IncomingMessage): AsyncIterable<Uint8Array> {
  return message.iterator({ destroyOnReturn: false });
}

/** Node reads header values as Latin-1; OSS's clients write and sign UTF-8. */
function fromWire(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8');
}

function toWire(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

async function deliver(response: OssResponse, isCut: boolean, parties: Exchange): Promise<void> {
  const { message, reply, isBodyHeldBack } = parties;
  for (const [name, value] of Object.entries(response.headers)) {
    // Node writes its own, and knows better whether the connection stays.
    if (name.toLowerCase() !== 'connection') reply.setHeader(name, toWire(value));
  }
  // A client that was not told to continue may send its body or not: what follows cannot be told apart.
  if (isBodyHeldBack && !message.readableDidRead) reply.setHeader('Connection', 'close');
  reply.writeHead(response.status);
  if (message.method !== 'HEAD') await writeBody(response.body, reply);
  if (isCut) {
    await flushed(reply);
    message.socket.destroy();
    return;
  }
  if (!message.complete) discardRest(message);
  reply.end();
}

async function writeBody(body: OssResponse['body'], reply: ServerResponse): Promise<void> {
  if (body instanceof Uint8Array) {
    if (body.length > 0) await written(body, reply);
    return;
  }
  for await (const chunk of body) await written(chunk, reply);
}

/** Waits for the kernel to have the chunk: back-pressure, and the chunk's memory may then be used again. */
function written(chunk: Uint8Array, reply: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    reply.write(chunk, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** An empty write that comes back when all before it has left, the head too. */
function flushed(reply: ServerResponse): Promise<void> {
  reply.flushHeaders();
  return new Promise((resolve) => reply.socket?.write('', () => resolve()) ?? resolve());
}

const DISCARDED_BYTES_MAX = 64 * 1024 * 1024;
const DISCARDING_MS_MAX = 30_000;

/**
 * Reads on after an early answer, within bounds, as OSS's front end does: to close at once would reset the
 * connection and take the answer away from a client that is still sending.
 */
function discardRest(message: IncomingMessage): void {
  let left = DISCARDED_BYTES_MAX;
  const timer = setTimeout(() => message.socket.destroy(), DISCARDING_MS_MAX);
  timer.unref();
  message.once('close', () => clearTimeout(timer));
  message.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) message.socket.destroy();
  });
  message.on('error', () => message.socket.destroy());
  message.resume();
}

/**
 * A body that ends before its Content-Length is the model's to refuse: the end is passed on to it. Any other
 * breach of HTTP is answered as Node would.
 */
function answerShortBodies(server: Server): void {
  const latest = new WeakMap<object, Pick<Exchange, 'message' | 'reply'>>();
  const remember = (message: IncomingMessage, reply: ServerResponse): void => {
    latest.set(message.socket, { message, reply });
  };
  server.prependListener('request', remember);
  server.prependListener('checkContinue', remember);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const { message, reply } = latest.get(socket) ?? {};
    if (error.code === 'HPE_INVALID_EOF_STATE' && message?.complete === false) endShort(message, reply);
    else if (socket.writable) socket.end(`HTTP/1.1 ${badRequest(error)}\r\nConnection: close\r\n\r\n`);
    else (socket as Socket).destroy();
  });
}

function endShort(message: IncomingMessage, reply: ServerResponse | undefined): void {
  if (reply !== undefined) reply.shouldKeepAlive = false;
  // Otherwise Node takes the end for an abort and destroys the socket before the answer.
  message.complete = true;
  message.push(null);
}

function badRequest({ code }: NodeJS.ErrnoException): string {
  return code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
}
