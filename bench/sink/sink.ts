// A process that simulates OSS: it reads bodies, counts their bytes, discards them and responds.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { cpuSecondsSince } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';
import { createRequestReader, type SinkRequest } from './requests.ts';
import { createFakeOss, type FakeOss, type SinkResponse, TOO_MANY_REQUESTS } from './responses.ts';
import type { SinkCount, SinkOptions, SinkTask } from './start-sink.ts';

let oss: FakeOss = createFakeOss({});
let isRefused: (request: SinkRequest) => boolean = () => false;
let bodyBytes = 0;
let parts = 0;
let refused = 0;
let requestsSeen = 0;
let cpuSince = process.cpuUsage();

serveTasks(async (task: SinkTask) => {
  if ('listen' in task) return await listen(task.listen);
  if ('plant' in task) return oss.plant(task.plant.uploadId, task.plant.parts);
  return takeCount();
});

async function listen({ crc64s, tls, partsPerSecond }: SinkOptions): Promise<number> {
  oss = createFakeOss(crc64s ?? {});
  if (partsPerSecond !== undefined) isRefused = createRefusal(partsPerSecond);
  const server: Server =
    tls === undefined
      ? createServer({ noDelay: true }, serve)
      : createTlsServer({ ...tls, noDelay: true }, serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A parse edge: a server that listens on TCP has an address.
  return (server.address() as AddressInfo).port;
}

function serve(socket: Socket): void {
  const onContinue = (): void => void socket.write('HTTP/1.1 100 Continue\r\n\r\n');
  const read = createRequestReader((request) => socket.write(respond(request), 'latin1'), onContinue);
  socket.on('data', read);
  // A client that is done, or was stopped, may reset its connections.
  socket.on('error', () => socket.destroy());
}

function respond(request: SinkRequest): string {
  const response = isRefused(request) ? TOO_MANY_REQUESTS : oss.respond(request);
  if (request.method === 'PUT') {
    bodyBytes += request.bodySize;
    parts += 1;
    if (response.status !== 200) refused += 1;
  }
  return onTheWire(response);
}

function onTheWire({ status, headers, body }: SinkResponse): string {
  requestsSeen += 1;
  const all = {
    date: new Date().toUTCString(),
    'content-length': String(body.length),
    'x-oss-request-id': requestsSeen.toString(16).toUpperCase().padStart(24, '0'),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Sink\r\n${lines.join('')}\r\n${body}`;
}

/** A bucket that holds one second's worth. The refused body has been read: it has travelled all the same. */
function createRefusal(partsPerSecond: number): (request: SinkRequest) => boolean {
  let allowed = partsPerSecond;
  let filledAt = performance.now();
  return ({ method }) => {
    if (method !== 'PUT') return false;
    const now = performance.now();
    allowed = Math.min(partsPerSecond, allowed + ((now - filledAt) / 1000) * partsPerSecond);
    filledAt = now;
    if (allowed < 1) return true;
    allowed -= 1;
    return false;
  };
}

function takeCount(): SinkCount {
  const count = { bodyBytes, parts, refused, cpuSeconds: cpuSecondsSince(cpuSince) };
  bodyBytes = 0;
  parts = 0;
  refused = 0;
  cpuSince = process.cpuUsage();
  return count;
}
