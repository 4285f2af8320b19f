import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import type { OssEmulator } from '@partway/emulator';

/** A coordinator over HTTP in front of the bucket `media`. Keys start with the principal, `wei/`. */
export interface CoordinatorServer {
  readonly endpoint: string;
  /** The headers that `identify` accepts. */
  readonly headers: Readonly<Record<string, string>>;
  close(): void;
}

export async function startCoordinatorServer(
  { region, endpoint }: OssEmulator,
  credentials: { readonly accessKeyId: string; readonly accessKeySecret: string },
): Promise<CoordinatorServer> {
  const coordinator = createCoordinator({
    store: createOssObjectStore({ bucket: 'media', region, endpoint, credentials }),
    tokenKeys: [{ kid: 'k', key: new Uint8Array(32).fill(1) }],
    identify: (request: Request) => /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1],
    authorize: ({ name }, { principal }) => ({ key: `${principal}/${name}` }),
  });
  const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads' });
  const server = createServer(getRequestListener(handler));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}/uploads`,
    headers: { authorization: 'Bearer wei' },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
