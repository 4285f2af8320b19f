import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createCrc64 } from '@partway/core';
import type {
  ReceivedRequest,
  ScriptedAddress,
  ScriptedResponse,
  ScriptedServer,
} from '@partway/core/testing';

/** Over bare sockets, so that it can respond before the body and reset a connection on request. */
export async function createScriptedServer(): Promise<ScriptedServer> {
  const lines = new Map<string, Line>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // One more for every request a connection carries.
    socket.setMaxListeners(0);
    socket.on('close', () => sockets.delete(socket));
    // Errors of reset connections are caused by the tests.
    socket.on('error', () => undefined);
    serveConnection(socket, lines);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    async serve(script) {
      const target = `/bucket/a%2Bb%20c/${lines.size}?partNumber=1&uploadId=A%2FB&x=%E4%BD%A0`;
      const line = createLine(script, `http://127.0.0.1:${port}${target}`);
      lines.set(target, line);
      return line.address;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** One address: its script, and what happens there. */
interface Line {
  readonly script: ScriptedResponse;
  readonly address: ScriptedAddress;
  readonly onHead: () => void;
  readonly onReceived: (request: ReceivedRequest) => void;
  readonly onClosed: () => void;
}

function createLine(script: ScriptedResponse, url: string): Line {
  const head = promised<void>();
  const request = promised<ReceivedRequest>();
  const end = promised<void>();
  let requestCount = 0;
  return {
    script,
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

function promised<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Reads one request after another, each with the length it declares. */
function serveConnection(socket: Socket, lines: ReadonlyMap<string, Line>): void {
  let unread: Buffer = Buffer.alloc(0);
  let exchange: Exchange | undefined;
  socket.on('data', (bytes) => {
    unread = Buffer.concat([unread, bytes]);
    while (unread.length > 0) {
      if (exchange === undefined) {
        const headEnd = unread.indexOf('\r\n\r\n');
        if (headEnd === -1) return;
        exchange = beginExchange(socket, lines, unread.toString('latin1', 0, headEnd));
        unread = unread.subarray(headEnd + 4);
      }
      unread = exchange.takeBody(unread);
      if (!exchange.isWhole()) return;
      exchange.end();
      exchange = undefined;
    }
  });
  socket.on('close', () => exchange?.end());
}

interface Exchange {
  /** Gives back what belongs to the next request. */
  takeBody(bytes: Buffer): Buffer;
  isWhole(): boolean;
  end(): void;
}

function beginExchange(socket: Socket, lines: ReadonlyMap<string, Line>, head: string): Exchange {
  const [requestLine = '', ...headerLines] = head.split('\r\n');
  const [method = '', target = ''] = requestLine.split(' ');
  const headers = Object.fromEntries(
    headerLines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 2),
    ]),
  );
  const size = Number(headers['content-length'] ?? 0);
  const line = lines.get(target);
  const crc = createCrc64();
  let bodySize = 0;
  if (method === 'OPTIONS' || line === undefined) {
    const answer = { ...PREFLIGHT, status: line === undefined ? 404 : 204 };
    return { takeBody: (bytes) => bytes, isWhole: () => true, end: () => void socket.write(textOf(answer)) };
  }
  const { behaviour } = line.script;
  socket.on('close', line.onClosed);
  line.onHead();
  if (behaviour === 'reset') socket.resetAndDestroy();
  if (behaviour === 'respond-early') socket.write(textOf(line.script));
  if (behaviour === 'respond-and-reset') {
    // The body still coming in is what makes the system reset the connection.
    socket.pause();
    socket.write(textOf(line.script), () => socket.destroy());
  }
  return {
    takeBody(bytes) {
      const body = bytes.subarray(0, size - bodySize);
      crc.update(body);
      bodySize += body.length;
      return bytes.subarray(body.length);
    },
    isWhole: () => bodySize === size,
    end() {
      line.onReceived({ method, target, headers, bodySize, bodyCrc64: crc.digest() });
      if (behaviour === 'respond') socket.write(textOf(line.script));
    },
  };
}

const PREFLIGHT: ScriptedResponse = { behaviour: 'respond', status: 204, headers: {}, body: '' };

function textOf({ status, headers, body }: ScriptedResponse): string {
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
