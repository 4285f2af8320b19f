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
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { chromiumLaunch } from '../../../../tooling/browsers.ts';
import { source } from '../../../../tooling/source-condition.ts';
import './page/page-api.ts';

/** A site with a page that uploads, an OSS at another origin, and a browser whose profile outlives it. */
export interface PageStage {
  readonly emulator: OssEmulator;
  /** A file that a page can choose; its time of modification is set. */
  file(name: string, bytes: Uint8Array, modifiedAt?: number): Promise<string>;
  /** A tab that shows the page. */
  open(): Promise<Page>;
  /** Closes the browser, and starts it again with the same profile. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const PAGE = fileURLToPath(new URL('page', import.meta.url));
const credentials = { accessKeyId: 'key-id', accessKeySecret: 'key-secret' };

export async function startPageStage(initScript?: () => void): Promise<PageStage> {
  const folder = await mkdtemp(join(tmpdir(), 'partway-page-'));
  const emulator = await startOssEmulator({ buckets: ['media'], credentials });
  await allowPages(emulator);
  const site = await serveSite(emulator, await builtPage());
  let context = await launch(folder, initScript);
  const unhandled: Error[] = [];
  return {
    emulator,
    async file(name, bytes, modifiedAt = 1_700_000_000) {
      const path = join(folder, name);
      await writeFile(path, bytes);
      await utimes(path, modifiedAt, modifiedAt);
      return path;
    },
    async open() {
      const page = await context.newPage();
      page.on('pageerror', (error) => unhandled.push(error));
      await page.goto(site.url);
      return page;
    },
    async restart() {
      await context.close();
      context = await launch(folder, initScript);
    },
    async close() {
      await context.close();
      await site.close();
      await emulator.close();
      await rm(folder, { recursive: true });
      if (unhandled.length > 0) throw new AggregateError(unhandled, 'a page had errors that nobody caught');
    },
  };
}

async function launch(folder: string, initScript: (() => void) | undefined): Promise<BrowserContext> {
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), await chromiumLaunch());
  if (initScript !== undefined) await context.addInitScript(initScript);
  return context;
}

type BuiltFiles = ReadonlyMap<string, string | Uint8Array>;

async function builtPage(): Promise<BuiltFiles> {
  const output = await build({
    configFile: false,
    root: PAGE,
    logLevel: 'error',
    plugins: [source],
    build: { write: false, minify: false },
  });
  const files = (output as Rolldown.RolldownOutput).output;
  return new Map(files.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]));
}

/** The page, and the coordinator below `/uploads`, as one site. */
async function serveSite(
  emulator: OssEmulator,
  files: BuiltFiles,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const { endpoint, region } = emulator;
  const coordinator = createCoordinator<Request>({
    store: createOssObjectStore({ bucket: 'media', region, endpoint, credentials }),
    tokenKeys: [{ kid: 'k', key: new Uint8Array(32).fill(1) }],
    identify: () => 'tester',
    authorize: ({ name }) => ({ key: name }),
  });
  const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads' });
  const server = serve({
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith('/uploads/')) return handler(request);
      const file = files.get(pathname === '/' ? '/index.html' : pathname);
      const type = pathname.endsWith('.js') ? 'text/javascript' : 'text/html';
      if (file === undefined) return new Response(null, { status: 404 });
      return new Response(Buffer.from(file), { headers: { 'content-type': type } });
    },
    port: 0,
    hostname: '127.0.0.1',
  }) as Server;
  if (!server.listening) await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function allowPages({ endpoint, region }: OssEmulator): Promise<void> {
  const site = { bucket: 'media', region, endpoint, credentials };
  const { url, headers } = signHeaders({ ...site, method: 'PUT', key: '', query: { cors: undefined } });
  const answer = await fetch(url, { method: 'PUT', headers, body: Buffer.from(CORS_RULES) });
  if (!answer.ok) throw new Error(`the emulator refused the CORS rules: ${await answer.text()}`);
}

const CORS_RULES = `<CORSConfiguration><CORSRule>
<AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader>
<ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-oss-request-id</ExposeHeader>
<ExposeHeader>x-oss-hash-crc64ecma</ExposeHeader>
</CORSRule></CORSConfiguration>`;
