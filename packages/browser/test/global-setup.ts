import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { CompleteRequest, InitiateRequest, ObjectStore, PresignPartsRequest } from '@partway/core';
import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
import { createOssObjectStore, signHeaders } from '@partway/core/oss';
import type { AnswerScript, ScriptedAddress } from '@partway/core/testing';
import { startOssEmulator } from '@partway/emulator';
import type { TestProject } from 'vitest/node';
import { createScriptedServer } from '../../node/test/scripted-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a page tells the scripted server what to answer, and asks what it got. */
    scriptsUrl: string;
    /** A coordinator, its verbs as paths. Its OSS is the emulator, at another origin. */
    coordinatorUrl: string;
    /** The handler of one, for callers who send `authorization: Bearer ` and a name. */
    uploadsUrl: string;
  }
}

/** Starts what the pages need outside of the browser. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scripts = await startScripts();
  const coordinator = await startCoordinator();
  project.provide('scriptsUrl', scripts.url);
  project.provide('coordinatorUrl', coordinator.url);
  project.provide('uploadsUrl', coordinator.uploadsUrl);
  return async () => {
    await scripts.close();
    await coordinator.close();
  };
}

interface Started {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** `POST /` with a script makes an address; `GET /3/received` waits for what the third one received. */
async function startScripts(): Promise<Started> {
  const scripted = await createScriptedServer();
  const addresses: ScriptedAddress[] = [];
  const control = await serveJson(async (path, asked) => {
    const [index, question] = path.split('/');
    const address = addresses[Number(index)];
    if (address !== undefined && isQuestion(question)) return await address[question]();
    const added = await scripted.serve(asked as AnswerScript);
    return { url: added.url, index: addresses.push(added) - 1 };
  });
  return {
    url: control.url,
    async close() {
      await control.close();
      await scripted.close();
    },
  };
}

type Question = 'arrived' | 'received' | 'closed' | 'requestCount';

function isQuestion(text: string | undefined): text is Question {
  return text === 'arrived' || text === 'received' || text === 'closed' || text === 'requestCount';
}

async function startCoordinator(): Promise<Started & { readonly uploadsUrl: string }> {
  const credentials = { accessKeyId: 'key-id', accessKeySecret: 'key-secret' };
  const emulator = await startOssEmulator({ buckets: ['media'], credentials });
  const { endpoint, region } = emulator;
  const site = { bucket: 'media', region, endpoint, credentials };
  const cors = signHeaders({ ...site, method: 'PUT', key: '', query: { cors: undefined } });
  // Bytes, not a string: that would add a Content-Type nobody signed.
  const body = Buffer.from(CORS_RULES);
  const configured = await fetch(cors.url, { method: 'PUT', headers: cors.headers, body });
  if (!configured.ok) throw new Error(`the emulator refused the CORS rules: ${await configured.text()}`);
  const coordinator = createCoordinator({ store: createOssObjectStore(site) });
  const signal = new AbortController().signal;
  const control = await serveJson(async (verb, asked) => {
    const request = { ...(asked as InitiateRequest & PresignPartsRequest & CompleteRequest), signal };
    if (verb === 'initiate') return await coordinator.initiate(request);
    if (verb === 'presignParts') return await coordinator.presignParts(request);
    if (verb === 'complete') return await coordinator.complete(request);
    if (verb === 'object') return emulator.model.object('media', request.key) ?? null;
    return await coordinator.abort(request);
  });
  const uploads = await serveUploads(createOssObjectStore(site));
  return {
    url: control.url,
    uploadsUrl: uploads.url,
    async close() {
      await uploads.close();
      await control.close();
      await emulator.close();
    },
  };
}

/** As docs/MOUNTING.md mounts it: to the caller's own folder goes what is no program. */
async function serveUploads(store: ObjectStore): Promise<Started> {
  const coordinator = createCoordinator<Request>({
    store,
    identify: ({ headers }) => headers.get('authorization')?.slice('Bearer '.length),
    authorize: ({ name }, { principal }) =>
      name.endsWith('.exe') ? { refused: 'no programs' } : { key: `${principal}/${name}` },
  });
  const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads', cors: { origins: ['*'] } });
  const server = createServer(getRequestListener(handler, { overrideGlobalObjects: false }));
  const { url, close } = await listening(server);
  return { url: `${url}/uploads`, close };
}

const CORS_RULES = `<CORSConfiguration><CORSRule>
<AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader>
<ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-oss-request-id</ExposeHeader>
<ExposeHeader>x-oss-hash-crc64ecma</ExposeHeader>
</CORSRule></CORSConfiguration>`;

/** Answers with what `answer` makes of the path and the body: JSON both ways, for pages of any origin. */
async function serveJson(answer: (path: string, asked: unknown) => Promise<unknown>): Promise<Started> {
  const server = createServer(async (message, reply) => {
    reply.setHeader('access-control-allow-origin', '*');
    const body = Buffer.concat(await message.toArray()).toString('utf8');
    try {
      const answered = await answer(
        (message.url ?? '/').slice(1),
        body === '' ? undefined : JSON.parse(body),
      );
      reply.end(JSON.stringify(answered ?? null));
    } catch (reason) {
      reply.writeHead(500).end(String(reason));
    }
  });
  return await listening(server);
}

async function listening(server: Server): Promise<Started> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
