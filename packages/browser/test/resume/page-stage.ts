import { once } from 'node:events';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
import { createOssObjectStore, signHeaders } from '@partway/core/oss';
import { systemClock } from '@partway/core/ports';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { build, type Plugin, type Rolldown } from 'vite';
import { source } from '../../../../tooling/source-condition.ts';
import { type DrivenPage, startBrowser } from '../engines/page-driver.ts';
import './page/page-api.ts';

/** A site with a page that uploads, an OSS at another origin, and a browser with a persistent profile. */
export interface PageStage {
  readonly emulator: OssEmulator;
  /** A file that a page can choose; its time of modification is set. */
  file(name: string, bytes: Uint8Array, modifiedAt?: number): Promise<string>;
  /** A tab that shows the page. */
  open(): Promise<DrivenPage>;
  /** Takes the network away from the browser, or gives it back. */
  setOffline(isOffline: boolean): Promise<void>;
  /** Closes the browser, and starts it again with the same profile. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const PAGE = fileURLToPath(new URL('page', import.meta.url));
export const credentials = { accessKeyId: 'key-id', accessKeySecret: 'key-secret' };

/** `initScript` runs in the page before anything of it does. */
export async function startPageStage(initScript?: () => void): Promise<PageStage> {
  const folder = await mkdtemp(join(tmpdir(), 'partway-page-'));
  const emulator = await startOssEmulator({ buckets: ['media'], credentials });
  await allowPages(emulator);
  const site = await serveSite(emulator, await builtPage(PAGE, [source], initScript));
  const browser = await startBrowser(join(folder, 'profile'));
  return {
    emulator,
    async file(name, bytes, modifiedAt = 1_700_000_000) {
      const path = join(folder, name);
      await writeFile(path, bytes);
      await utimes(path, modifiedAt, modifiedAt);
      return path;
    },
    open: () => browser.open(site.url),
    setOffline: (isOffline) => browser.setOffline(isOffline),
    restart: () => browser.restart(),
    async close() {
      await browser.close();
      await site.close();
      await emulator.close();
      await rm(folder, { recursive: true });
      if (site.uncaught.length > 0) throw new Error(`pages did not catch ${site.uncaught.join(', ')}`);
    },
  };
}

export type BuiltFiles = ReadonlyMap<string, string | Uint8Array>;

/**
 * The page of a folder, bundled. Without the plugin that looks into `src`, of the packages as they are built.
 * `initScript` runs in it before anything else does.
 */
export async function builtPage(
  root: string,
  plugins: readonly Plugin[],
  initScript?: () => void,
): Promise<BuiltFiles> {
  const output = await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [...plugins],
    build: { write: false, minify: false },
  });
  const files = (output as Rolldown.RolldownOutput).output;
  const built = files.map((file): [string, string | Uint8Array] => [
    `/${file.fileName}`,
    file.type === 'chunk' ? file.code : file.source,
  ]);
  const html = built.find(([path]) => path === '/index.html')?.[1];
  const scripts = [reportUncaught, ...(initScript === undefined ? [] : [initScript])];
  const first = scripts.map((script) => `<script>(${script})();</script>`).join('');
  return new Map([...built, ['/', String(html).replace('<meta', `${first}<meta`)]]);
}

/** Runs in the page: no driver reports its uncaught errors. */
function reportUncaught(): void {
  addEventListener('error', ({ message }) => navigator.sendBeacon('/uncaught', message));
  addEventListener('unhandledrejection', ({ reason }) => navigator.sendBeacon('/uncaught', String(reason)));
}

export interface Site {
  readonly url: string;
  /** Uncaught errors of pages. */
  readonly uncaught: readonly string[];
  close(): Promise<void>;
}

/**
 * The page, and the coordinator below `/uploads`, as one site. At `/sandboxed` the same page has no origin, and
 * the browser stores nothing for it.
 */
export async function serveSite(
  emulator: OssEmulator,
  files: BuiltFiles,
  now: () => number = Date.now,
): Promise<Site> {
  const { endpoint, region } = emulator;
  const clock = { ...systemClock, now };
  const coordinator = createCoordinator<Request>({
    store: createOssObjectStore({ bucket: 'media', region, endpoint, credentials, clock }),
    clock,
    tokenKeys: [{ kid: 'k', key: new Uint8Array(32).fill(1) }],
    identify: () => 'tester',
    authorize: ({ name }) => ({ key: name }),
  });
  const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads', cors: { origins: ['*'] } });
  const uncaught: string[] = [];
  const server = serve({
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith('/uploads/')) return handler(request);
      if (pathname === '/uncaught') uncaught.push(await request.text());
      const isSandboxed = pathname === '/sandboxed';
      const file = files.get(isSandboxed ? '/' : pathname);
      const headers = {
        'content-type': pathname.endsWith('.js') ? 'text/javascript' : 'text/html',
        'access-control-allow-origin': '*',
        ...(isSandboxed && { 'content-security-policy': 'sandbox allow-scripts' }),
      };
      if (file === undefined) return new Response(null, { status: 404 });
      return new Response(Buffer.from(file), { headers });
    },
    port: 0,
    hostname: '127.0.0.1',
  }) as Server;
  if (!server.listening) await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    uncaught,
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Lets pages of every origin send to the bucket, and read these headers of its responses. */
export async function allowPages(
  { endpoint, region }: OssEmulator,
  exposed: readonly string[] = EXPOSED,
): Promise<void> {
  const site = { bucket: 'media', region, endpoint, credentials };
  const { url, headers } = signHeaders({ ...site, method: 'PUT', key: '', query: { cors: undefined } });
  const answer = await fetch(url, { method: 'PUT', headers, body: Buffer.from(corsRules(exposed)) });
  if (!answer.ok) throw new Error(`the emulator refused the CORS rules: ${await answer.text()}`);
}

const EXPOSED = ['ETag', 'x-oss-request-id', 'x-oss-hash-crc64ecma'];

function corsRules(exposed: readonly string[]): string {
  return `<CORSConfiguration><CORSRule>
<AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader>
${exposed.map((name) => `<ExposeHeader>${name}</ExposeHeader>`).join('')}
</CORSRule></CORSConfiguration>`;
}
