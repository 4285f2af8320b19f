import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createCrc64 } from '@partway/core';
import type {
  ReceivedRequest,
  ScriptedAddress,
  ScriptedResponse,
  ScriptedServer,
} from '@partway/core/testing';

/** Uses plain sockets, so that it can respond before the body and reset connections. */
export async function createScriptedServer(): Promise<ScriptedServer> {
  const routes = new Map<string, Route>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // A connection gets one listener per request.
    socket.setMaxListeners(0);
    socket.on('close', () => sockets.delete(socket));
    // Errors of reset connections are caused by the tests.
    socket.on('error', () => undefined);
    serveConnection(socket, routes);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    async serve(response) {
      const target = `/bucket/a%2Bb%20c/${routes.size}?partNumber=1&uploadId=A%2FB&x=%E4%BD%A0`;
      const route = createRoute(response, `http://127.0.0.1:${port}${target}`);
      routes.set(target, route);
      return route.address;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** One address with its scripted response, and the listeners of its requests. */
interface Route {
  readonly response: ScriptedResponse;
  readonly address: ScriptedAddress;
  readonly onHead: () => void;
  readonly onReceived: (request: ReceivedRequest) => void;
  readonly onClosed: () => void;
}

function createRoute(response: ScriptedResponse, url: string): Route {
  const head = createDeferred<void>();
  const request = createDeferred<ReceivedRequest>();
  const end = createDeferred<void>();
  let requestCount = 0;
  return {
    response,
    address: {
      url,
      arrived: () => head.promise,
      received: () => request.promise,
      closed: () => end.promise,
      requestCount: () => Promise.resolve(requestCount),
    },
    onHead() {
      requestCount += 1;
      head.resolve();
    },
    onReceived: request.resolve,
    onClosed: end.resolve,
  };
}

function createDeferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Reads one request after another, each with the length it declares. */
function serveConnection(socket: Socket, routes: ReadonlyMap<string, Route>): void {
  let unread: Buffer = Buffer.alloc(0);
  let exchange: Exchange | undefined;
  socket.on('data', (bytes) => {
    unread = Buffer.concat([unread, bytes]);
    while (unread.length > 0) {
      if (exchange === undefined) {
        const headEnd = unread.indexOf('\r\n\r\n');
        if (headEnd === -1) return;
        exchange = startExchange(socket, routes, unread.toString('latin1', 0, headEnd));
        unread = unread.subarray(headEnd + 4);
      }
      unread = exchange.readBody(unread);
      if (!exchange.isComplete()) return;
      exchange.end();
      exchange = undefined;
    }
  });
  socket.on('close', () => exchange?.end());
}

interface Exchange {
  /** Returns the bytes of the next request. */
  readBody(bytes: Buffer): Buffer;
  isComplete(): boolean;
  end(): void;
}

function startExchange(socket: Socket, routes: ReadonlyMap<string, Route>, head: string): Exchange {
  const [requestLine = '', ...headerLines] = head.split('\r\n');
  const [method = '', target = ''] = requestLine.split(' ');
  const headers = Object.fromEntries(
    headerLines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 2),
    ]),
  );
  const size = Number(headers['content-length'] ?? 0);
  const route = routes.get(target);
  const crc = createCrc64();
  let bodySize = 0;
  if (method === 'OPTIONS' || route === undefined) {
    const response = { ...PREFLIGHT, status: route === undefined ? 404 : 204 };
    return {
      readBody: (bytes) => bytes,
      isComplete: () => true,
      end: () => void socket.write(format(response)),
    };
  }
  const { behaviour } = route.response;
  socket.on('close', route.onClosed);
  route.onHead();
  if (behaviour === 'reset') socket.resetAndDestroy();
  if (behaviour === 'respond-early') socket.write(format(route.response));
  if (behaviour === 'respond-and-reset') {
    // Because the body is still arriving, the system resets the connection.
    socket.pause();
    socket.write(format(route.response), () => socket.destroy());
  }
  return {
    readBody(bytes) {
      const body = bytes.subarray(0, size - bodySize);
      crc.update(body);
      bodySize += body.length;
      return bytes.subarray(body.length);
    },
    isComplete: () => bodySize === size,
    end() {
      route.onReceived({ method, target, headers, bodySize, bodyCrc64: crc.digest() });
      if (behaviour === 'respond') socket.write(format(route.response));
    },
  };
}

const PREFLIGHT: ScriptedResponse = { behaviour: 'respond', status: 204, headers: {}, body: '' };

function format({ status, headers, body }: ScriptedResponse): string {
  const lines = Object.entries({ ...CORS_HEADERS, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const length = status === 204 ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`;
  return `HTTP/1.1 ${status} Scripted\r\n${lines.join('')}${length}\r\n${body}`;
}

const CORS_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'PUT',
  'access-control-allow-headers': '*',
  'access-control-expose-headers': '*',
};
