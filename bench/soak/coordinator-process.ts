// A coordinator over HTTP in its own process, which reports its cost.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { systemClock } from '@partway/core/ports';
import { createUndiciFetch } from '@partway/node';
import { peakMemory } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';
import { BUCKET, CREDENTIALS, REGION } from './emulated-oss.ts';

export type ServiceTask = { readonly serve: string } | 'cost' | 'memory';

/** The cost so far. */
export interface Cost {
  /** User and system time of all threads. */
  readonly cpuMs: number;
  readonly requests: number;
  /** Those with a status other than 200. */
  readonly failures: number;
  /** The duration of each call to presign in the handler since the last report. */
  readonly presignMs: readonly number[];
}

/** Reading it collects garbage, which is CPU time outside of serving. */
export interface Memory {
  /** Bytes used, including those outside of the heap. */
  readonly used: number;
  readonly resident: number;
  /** The peak of resident bytes since the start. */
  readonly peak: number;
}

let requests = 0;
let failures = 0;
let presignMs: number[] = [];

serveTasks(async (task: ServiceTask): Promise<Cost | Memory | { readonly port: number }> => {
  if (task === 'cost') return takeCost();
  if (task === 'memory') return await measureMemory();
  return { port: await serve(task.serve) };
});

async function serve(endpoint: string): Promise<number> {
  const options = { region: REGION, bucket: BUCKET, endpoint, credentials: CREDENTIALS };
  const coordinator = createCoordinator({
    store: createOssObjectStore({ ...options, fetch: createUndiciFetch() }),
    identify: (request) => request.headers.get('authorization') ?? undefined,
    authorize: (file, { principal }) => ({ key: `${principal}/${file.name}` }),
  });
  const handler = createCoordinatorHandler(coordinator, {
    basePath: '/uploads',
    clock: { ...systemClock, now: () => performance.now() },
    onResponse({ verb, status, durationMs }) {
      requests += 1;
      if (verb === 'presign-parts') presignMs.push(durationMs);
      if (status !== 200) failures += 1;
    },
  });
  const server = createServer((message, reply) => void respond(handler, message, reply));
  // Longer than clients keep idle connections: no request is sent on a connection that the server closes.
  server.keepAliveTimeout = 65_000;
  server.listen(0, '127.0.0.1', 4096);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function respond(
  handler: (request: Request) => Promise<Response>,
  message: IncomingMessage,
  serverResponse: ServerResponse,
): Promise<void> {
  const { method = 'POST', url = '/', headers } = message;
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  const request = new Request(`http://coordinator${url}`, {
    method,
    headers: headers as Record<string, string>,
    body: Buffer.concat(chunks),
  });
  const response = await handler(request);
  serverResponse.writeHead(response.status, Object.fromEntries(response.headers));
  serverResponse.end(await response.text());
}

function takeCost(): Cost {
  const { user, system } = process.cpuUsage();
  const presigned = presignMs;
  presignMs = [];
  return { cpuMs: (user + system) / 1000, requests, failures, presignMs: presigned };
}

async function measureMemory(): Promise<Memory> {
  // The first collection may free objects that kept others alive.
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await nextIteration();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: heapUsed + external, resident: rss, peak: peakMemory() };
}
