import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { OssRequest, OssResponse, Outcome } from '../types.ts';

export interface HttpServerOptions {
  /** 0 for a free one. */
  readonly port: number;
  readonly host: string;
  readonly handle: (request: OssRequest) => Promise<Outcome>;
  /** Responds to requests that are not for OSS. `false`: the request is for OSS. */
  readonly intercept: (message: IncomingMessage, reply: ServerResponse) => boolean;
}

export interface HttpServer {
  readonly port: number;
  /** Closes every connection, also those without a response, and stops listening. */
  close(): Promise<void>;
}

/** Serves a model over HTTP/1.1. Bodies stream both ways with back-pressure and are never buffered whole. */
export async function serveHttp(options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer({ maxHeaderSize: 64 * 1024, requireHostHeader: false });
  // An upload may take any time; only the request's head has a timeout.
  server.requestTimeout = 0;
  server.headersTimeout = 60_000;
  server.keepAliveTimeout = 65_000;
  const respond = (message: IncomingMessage, reply: ServerResponse, isAwaitingContinue: boolean): void => {
    if (options.intercept(message, reply)) return;
    // Never rejects: an error ends the connection.
    void handleExchange(options.handle, { message, reply, isAwaitingContinue });
  };
  server.on('request', (message, reply) => respond(message, reply, false));
  server.on('checkContinue', (message, reply) => respond(message, reply, true));
  handleClientErrors(server);
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return { port, close: () => closeServer(server) };
}

function listen(server: Server, { port, host }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

interface Exchange {
  readonly message: IncomingMessage;
  readonly reply: ServerResponse;
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly isAwaitingContinue: boolean;
}

async function handleExchange(handle: HttpServerOptions['handle'], exchange: Exchange): Promise<void> {
  const { message, reply } = exchange;
  try {
    const { response, connection } = await handle(toOssRequest(exchange));
    if (reply.destroyed || connection === 'hold') return;
    if (response !== undefined) await sendResponse(response, connection === 'cut', exchange);
    else if (connection === 'reset') message.socket.resetAndDestroy();
    else message.socket.destroy();
  } catch (reason) {
    // A client that disconnects is normal. A bug of the emulator must not look like a response of OSS.
    if (!reply.destroyed && !message.destroyed) process.emitWarning(asError(reason));
    message.socket.destroy();
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

function toOssRequest({ message, reply, isAwaitingContinue }: Exchange): OssRequest {
  const headers = Object.entries(message.headersDistinct).map(([name, values = []]) => [
    name,
    decodeHeader(name === 'host' ? (values[0] ?? '') : values.join(',')),
  ]);
  return {
    method: message.method ?? '',
    target: message.url ?? '/',
    headers: { host: '', ...Object.fromEntries(headers) },
    body: isAwaitingContinue ? sendContinueThenRead(message, reply) : readChunks(message),
  };
}

/** Sends `100 Continue` when the model reads the body, so that an early refusal saves the upload. */
async function* sendContinueThenRead(
  message: IncomingMessage,
  reply: ServerResponse,
): AsyncGenerator<Uint8Array> {
  reply.writeContinue();
  yield* readChunks(message);
}

/** Keeps the connection when the reader stops early: the response must still be sent. */
function readChunks(message: IncomingMessage): AsyncIterable<Uint8Array> {
  return message.iterator({ destroyOnReturn: false });
}

/** Node decodes header values as Latin-1, but clients of OSS send and sign UTF-8. */
function decodeHeader(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8');
}

function encodeHeader(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

async function sendResponse(response: OssResponse, isCut: boolean, exchange: Exchange): Promise<void> {
  const { message, reply, isAwaitingContinue } = exchange;
  for (const [name, value] of Object.entries(response.headers)) {
    // Node writes its own `Connection`, since it decides whether the connection is kept.
    if (name.toLowerCase() !== 'connection') reply.setHeader(name, encodeHeader(value));
  }
  // Without `100 Continue` a client may send its body or not, so the next bytes are ambiguous.
  if (isAwaitingContinue && !message.readableDidRead) reply.setHeader('Connection', 'close');
  reply.writeHead(response.status);
  if (message.method !== 'HEAD') await writeBody(response.body, reply);
  if (isCut) {
    await flush(reply);
    message.socket.destroy();
    return;
  }
  if (!message.complete) discardRest(message);
  reply.end();
}

async function writeBody(body: OssResponse['body'], reply: ServerResponse): Promise<void> {
  if (body instanceof Uint8Array) {
    if (body.length > 0) await writeChunk(body, reply);
    return;
  }
  for await (const chunk of body) await writeChunk(chunk, reply);
}

/** Waits until the kernel has the chunk: this is the back-pressure, and the chunk's memory may be reused. */
function writeChunk(chunk: Uint8Array, reply: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    reply.write(chunk, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Resolves when everything written before, also the head, has been passed to the kernel. */
function flush(reply: ServerResponse): Promise<void> {
  reply.flushHeaders();
  return new Promise((resolve) => reply.socket?.write('', () => resolve()) ?? resolve());
}

const DISCARDED_BYTES_MAX = 64 * 1024 * 1024;
const DISCARD_MS_MAX = 30_000;

/**
 * Reads the rest of the body after an early response, within limits, as OSS does. Closing at once would reset
 * the connection, and a client that is still sending would lose the response.
 */
function discardRest(message: IncomingMessage): void {
  let remaining = DISCARDED_BYTES_MAX;
  const timer = setTimeout(() => message.socket.destroy(), DISCARD_MS_MAX);
  timer.unref();
  message.once('close', () => clearTimeout(timer));
  message.on('data', (chunk: Buffer) => {
    remaining -= chunk.length;
    if (remaining < 0) message.socket.destroy();
  });
  message.on('error', () => message.socket.destroy());
  message.resume();
}

/**
 * A body that is shorter than its Content-Length ends early for the model, which refuses it. Other violations
 * of HTTP get the response that Node would send.
 */
function handleClientErrors(server: Server): void {
  const latestExchanges = new WeakMap<object, Pick<Exchange, 'message' | 'reply'>>();
  const remember = (message: IncomingMessage, reply: ServerResponse): void => {
    latestExchanges.set(message.socket, { message, reply });
  };
  server.prependListener('request', remember);
  server.prependListener('checkContinue', remember);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const { message, reply } = latestExchanges.get(socket) ?? {};
    if (error.code === 'HPE_INVALID_EOF_STATE' && message?.complete === false) endShortBody(message, reply);
    else if (socket.writable) socket.end(`HTTP/1.1 ${errorStatusLine(error)}\r\nConnection: close\r\n\r\n`);
    else (socket as Socket).destroy();
  });
}

function endShortBody(message: IncomingMessage, reply: ServerResponse | undefined): void {
  if (reply !== undefined) reply.shouldKeepAlive = false;
  // Otherwise Node treats the end as an abort and destroys the socket before the response.
  message.complete = true;
  message.push(null);
}

function errorStatusLine({ code }: NodeJS.ErrnoException): string {
  return code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
}
