import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import {
  type CoordinatorHandler,
  createCoordinator,
  createCoordinatorHandler,
} from '@partway/core/coordinator';
import { createOssObjectStore, signHeaders } from '@partway/core/oss';
import { type FaultRule, startOssEmulator } from '@partway/emulator';

export interface Started {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * The handler of a coordinator for pages of every origin, with the user `wei`; its OSS is the emulator, at
 * another origin. `/uploads` stores into `media`; `/hidden` into a bucket with CORS rules that expose no header.
 * `/objects/<bucket>/<key>` returns the object of the emulator, `POST /misbehave` adds a fault rule.
 */
export async function startUploads(): Promise<Started> {
  const credentials = { accessKeyId: 'key-id', accessKeySecret: 'key-secret' };
  const emulator = await startOssEmulator({ buckets: ['media', 'hidden'], credentials });

  async function handlerOf(bucket: string, basePath: string, exposed: string): Promise<CoordinatorHandler> {
    const site = { bucket, region: emulator.region, endpoint: emulator.endpoint, credentials };
    const cors = signHeaders({ ...site, method: 'PUT', key: '', query: { cors: undefined } });
    // Bytes, not a string: that would add an unsigned Content-Type.
    const body = Buffer.from(corsRules(exposed));
    const configured = await fetch(cors.url, { method: 'PUT', headers: cors.headers, body });
    if (!configured.ok) throw new Error(`the emulator refused the CORS rules: ${await configured.text()}`);
    const coordinator = createCoordinator({
      store: createOssObjectStore(site),
      identify: (request) => request.headers.get('authorization')?.replace('Bearer ', ''),
      authorize: ({ name }, { principal }) =>
        name.endsWith('.exe') ? { refused: 'No programs, please.' } : { key: `${principal}/${name}` },
    });
    return createCoordinatorHandler(coordinator, { basePath, cors: { origins: ['*'] } });
  }

  const uploads = await handlerOf('media', '/uploads', EXPOSED);
  const hidden = await handlerOf('hidden', '/hidden', '');
  const server = createServer(
    getRequestListener(async (request) => {
      const [, first, bucket = '', ...key] = new URL(request.url).pathname.split('/');
      if (first === 'uploads') return await uploads(request);
      if (first === 'hidden') return await hidden(request);
      const headers = { 'access-control-allow-origin': '*' };
      if (first === 'misbehave') {
        emulator.faults.add((await request.json()) as FaultRule);
        return new Response(null, { status: 204, headers });
      }
      const object = emulator.model.object(bucket, decodeURIComponent(key.join('/')));
      return Response.json(object ?? null, { headers });
    }),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await emulator.close();
    },
  };
}

const EXPOSED = ['ETag', 'x-oss-request-id', 'x-oss-hash-crc64ecma']
  .map((name) => `<ExposeHeader>${name}</ExposeHeader>`)
  .join('');

function corsRules(exposed: string): string {
  return `<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>
    <AllowedHeader>*</AllowedHeader>${exposed}</CORSRule></CORSConfiguration>`;
}
