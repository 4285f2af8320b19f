// An application as in production: a site with a page and the coordinator's handler, and OSS at
// another origin, to which the page sends its parts. Here OSS is the emulator, with faults.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
import { examineBucket } from '@partway/core/doctor';
import { createOssObjectStore, type OssObjectStoreOptions } from '@partway/core/oss';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import type { Plugin } from 'vite';
import { type BuiltFile, buildPage } from './built-page.ts';
import { createDemoRoutes } from './demo-routes.ts';
import { createFaultSwitches } from './fault-switches.ts';

export interface DemoOptions {
  /** Where index.html is. */
  readonly pageFolder: string;
  /** Default: 0, a free one. */
  readonly port?: number | undefined;
  /** Of Vite. */
  readonly plugins?: readonly Plugin[] | undefined;
}

export interface Demo {
  /** Of the page. */
  readonly url: string;
  readonly emulator: OssEmulator;
  close(): Promise<void>;
}

const credentials = { accessKeyId: 'demo-access-key-id', accessKeySecret: 'demo-access-key-secret' };
const host = '127.0.0.1';

/** Resolves when the page can be opened. After a failure nothing is left behind. */
export async function startDemo({ pageFolder, port = 0, plugins }: DemoOptions): Promise<Demo> {
  const page = await buildPage(pageFolder, plugins);
  const dataDir = await mkdtemp(join(tmpdir(), 'partway-demo-'));
  const emulator = await startOssEmulator({ buckets: ['media'], credentials, dataDir });
  const site = { bucket: 'media', region: emulator.region, endpoint: emulator.endpoint, credentials };
  const server = createServer(
    getRequestListener(createSite(page, site, emulator), { overrideGlobalObjects: false }),
  );

  async function close(): Promise<void> {
    server.closeAllConnections();
    server.close();
    await emulator.close();
    await rm(dataDir, { recursive: true });
  }

  try {
    await once(server.listen(port, host), 'listening');
    const url = `http://${host}:${(server.address() as AddressInfo).port}`;
    await prepareBucket({ ...site, origin: url });
    return { url, emulator, close };
  } catch (reason) {
    await close();
    throw reason;
  }
}

/** The page, the coordinator's handler, and the routes of the demo. */
function createSite(
  page: ReadonlyMap<string, BuiltFile>,
  options: OssObjectStoreOptions & { readonly endpoint: string },
  { faults }: OssEmulator,
): (request: Request) => Promise<Response> {
  const store = createOssObjectStore(options);
  const coordinator = createCoordinator<Request>({
    store,
    // Use lasting keys in production: with these, unfinished uploads cannot be resumed after a restart.
    tokenKeys: [{ kid: 'demo', key: randomBytes(32) }],
    identify: () => 'visitor',
    authorize: ({ name }, { principal }) => ({ key: `${principal}/${name}` }),
    // Small parts, so that files of a few megabytes show some progress.
    policy: { sizeMax: 1024 ** 3, partSizeMax: 256 * 1024 },
  });
  const uploads = createCoordinatorHandler(coordinator, { basePath: '/uploads' });
  const demo = createDemoRoutes({ switches: createFaultSwitches(faults), store });
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith('/uploads/')) return uploads(request);
    if (pathname.startsWith('/demo/')) return demo(request);
    return respondWithFile(page.get(pathname === '/' ? '/index.html' : pathname), options.endpoint);
  };
}

/** Adds a CORS rule for the page and a lifecycle rule, like `partway doctor --origin … --fix`. */
async function prepareBucket(options: Parameters<typeof examineBucket>[0]): Promise<void> {
  const checks = await examineBucket({ ...options, fix: true });
  const failed = checks.find(({ status }) => status === 'failed');
  if (failed !== undefined) throw new Error(`the bucket is not ready for pages: ${JSON.stringify(failed)}`);
}

function respondWithFile(file: BuiltFile | undefined, ossEndpoint: string): Response {
  if (file === undefined) return new Response('There is no such page.', { status: 404 });
  return new Response(file.body, {
    headers: { 'content-type': file.type, 'content-security-policy': policyFor(ossEndpoint) },
  });
}

/** Everything the page needs: its own files, and OSS. */
function policyFor(ossEndpoint: string): string {
  return [
    "default-src 'self'",
    `connect-src 'self' ${ossEndpoint}`,
    "script-src 'self' 'wasm-unsafe-eval'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
