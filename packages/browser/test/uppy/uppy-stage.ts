import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { createCoordinator, createCoordinatorHandler, type Policy } from '@partway/core/coordinator';
import { createOssObjectStore, signHeaders } from '@partway/core/oss';
import { type FaultRule, type OssEmulator, startOssEmulator } from '@partway/emulator';

/** The servers for pages that test Uppy, each at another origin. */
export interface UppyStage {
  /** A coordinator with a policy of its own for each path: `/uploads`, `/parts`, `/coarse`. */
  readonly coordinatorUrl: string;
  /** Looks at the emulator, and breaks it: see `serveEmulator`. */
  readonly emulatorUrl: string;
  readonly close: () => Promise<void>;
}

const CREDENTIALS = { accessKeyId: 'key-id', accessKeySecret: 'key-secret' };

const POLICIES: Readonly<Record<string, Policy>> = {
  '/uploads': {},
  '/parts': { singlePut: false },
  '/coarse': { partSizeMin: 16 * 1024 ** 2 },
};

export async function startUppyStage(): Promise<UppyStage> {
  const emulator = await startOssEmulator({ buckets: ['media'], credentials: CREDENTIALS });
  await allowPages(emulator);
  const handlers = Object.entries(POLICIES).map(([basePath, policy]) => ({
    basePath,
    listen: coordinatorAt(emulator, basePath, policy),
  }));
  const coordinator = await serve((message, reply) => {
    const mounted = handlers.find(({ basePath }) => message.url?.startsWith(`${basePath}/`));
    mounted?.listen(message, reply);
  });
  const control = await serve((message, reply) => void serveEmulator(emulator, message, reply));
  return {
    coordinatorUrl: urlOf(coordinator),
    emulatorUrl: urlOf(control),
    async close() {
      for (const server of [coordinator, control]) server.close().closeAllConnections();
      await emulator.close();
    },
  };
}

function coordinatorAt(emulator: OssEmulator, basePath: string, policy: Policy): RequestListener {
  const { endpoint, region } = emulator;
  const coordinator = createCoordinator({
    store: createOssObjectStore({ bucket: 'media', region, endpoint, credentials: CREDENTIALS }),
    authorize: ({ name }) => ({ key: `of-uppy/${name}` }),
    policy,
  });
  const handler = createCoordinatorHandler(coordinator, { basePath, cors: { origins: ['*'] } });
  const listener = getRequestListener(handler, { overrideGlobalObjects: false });
  return (message, reply) => void listener(message, reply);
}

/** `GET /bytes?key`, `/state`; `POST /fault` with a rule. */
async function serveEmulator(
  { model, faults }: OssEmulator,
  message: IncomingMessage,
  reply: Parameters<RequestListener>[1],
): Promise<void> {
  reply.setHeader('access-control-allow-origin', '*');
  const { pathname, search } = new URL(message.url ?? '/', 'http://stage');
  const body = Buffer.concat(await message.toArray()).toString('utf8');
  if (pathname === '/fault') faults.add(JSON.parse(body) as FaultRule);
  const key = decodeURIComponent(search.slice(1));
  const object = key === '' ? undefined : model.object('media', key);
  if (pathname === '/bytes' && object !== undefined) {
    reply.end(await object.bytes());
    return;
  }
  const { etag, headers } = object ?? {};
  reply.end(JSON.stringify({ uploads: model.uploads('media'), keys: model.keys('media'), etag, headers }));
}

async function allowPages({ endpoint, region }: OssEmulator): Promise<void> {
  const site = { bucket: 'media', region, endpoint, credentials: CREDENTIALS };
  const cors = signHeaders({ ...site, method: 'PUT', key: '', query: { cors: undefined } });
  // Bytes, not a string: that would add an unsigned Content-Type.
  const body = Buffer.from(CORS_RULES);
  const configured = await fetch(cors.url, { method: 'PUT', headers: cors.headers, body });
  if (!configured.ok) throw new Error(`the emulator refused the CORS rules: ${await configured.text()}`);
}

const CORS_RULES = `<CORSConfiguration><CORSRule>
<AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader>
<ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-oss-request-id</ExposeHeader>
<ExposeHeader>x-oss-hash-crc64ecma</ExposeHeader>
</CORSRule></CORSConfiguration>`;

async function serve(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
