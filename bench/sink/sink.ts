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
let shouldRefuse: (request: SinkRequest) => boolean = () => false;
let bodyBytes = 0;
let parts = 0;
let refused = 0;
let requestCount = 0;
let cpuSince = process.cpuUsage();

serveTasks(async (task: SinkTask) => {
  if ('listen' in task) return await listen(task.listen);
  if ('addUpload' in task) return oss.addUpload(task.addUpload.uploadId, task.addUpload.parts);
  return takeCount();
});

async function listen({ crc64s, tls, partsPerSecond }: SinkOptions): Promise<number> {
  oss = createFakeOss(crc64s ?? {});
  if (partsPerSecond !== undefined) shouldRefuse = createRateLimit(partsPerSecond);
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
  // A client may reset its connections when it has finished or is stopped.
  socket.on('error', () => socket.destroy());
}

function respond(request: SinkRequest): string {
  const response = shouldRefuse(request) ? TOO_MANY_REQUESTS : oss.respond(request);
  if (request.method === 'PUT') {
    bodyBytes += request.bodySize;
    parts += 1;
    if (response.status !== 200) refused += 1;
  }
  return serializeResponse(response);
}

function serializeResponse({ status, headers, body }: SinkResponse): string {
  requestCount += 1;
  const all = {
    date: new Date().toUTCString(),
    'content-length': String(body.length),
    'x-oss-request-id': requestCount.toString(16).toUpperCase().padStart(24, '0'),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Sink\r\n${lines.join('')}\r\n${body}`;
}

/** A token bucket with a burst of one second. The bodies of refused requests are transferred too. */
function createRateLimit(partsPerSecond: number): (request: SinkRequest) => boolean {
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
