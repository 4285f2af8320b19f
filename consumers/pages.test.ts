import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { chromiumLaunch } from '../tooling/browsers.ts';
import { serveFiles } from './file-server.ts';
import { bareImportsOf } from './imports.ts';
import { type Running, run, start } from './run.ts';
import { BYTES, PART_COUNT, readStored, successMessage } from './uploaded-bytes.ts';

const plain = join(inject('folder'), 'plain');
const pages = join(plain, 'pages');
const bins = join(plain, 'node_modules/.bin');
let browser: Browser;
let stage: Running;

beforeAll(async () => {
  stage = await start(plain, 'node/stage.js');
  browser = await chromium.launch(await chromiumLaunch());
});

afterAll(async () => {
  await browser.close();
  await stage.close();
});

test('a page built by Vite uploads, and its worker computes the CRC64s', async () => {
  await run(pages, join(bins, 'vite'), 'build', '.', '--outDir', 'built/vite');
  const site = await serveFiles(join(pages, 'built/vite'));
  await expectUpload(site, { page: '/', key: 'vite.mp4', worker: /\/assets\/crc64-worker-[\w-]+\.js$/ });
});

test('a page served by Vite in development uploads too', async () => {
  const vite = join(plain, 'node_modules/vite/bin/vite.js');
  const site = await start(pages, vite, '.', '--host', '127.0.0.1', '--port', '0', '--clearScreen', 'false');
  await expectUpload(site, { page: '/', key: 'vite-dev.mp4', worker: /\/crc64-worker\.js\?/ });
});

test('a page built by webpack without configuration uploads too', async () => {
  const args = ['--mode', 'production', '--entry', './upload.js', '--output-path', 'built/webpack'];
  await run(pages, join(bins, 'webpack'), ...args);
  const site = await serveFiles(pages);
  await expectUpload(site, {
    page: '/webpack.html',
    key: 'webpack.mp4',
    worker: /\/built\/webpack\/\d+\.js$/,
  });
});

test('a page without a bundler, with an import map, uploads too', async () => {
  const site = await serveFiles(plain);
  const worker = /\/node_modules\/@partway\/browser\/dist\/crc64\/crc64-worker\.js$/;
  await expectUpload(site, { page: '/pages/import-map.html', key: 'import-map.mp4', worker });

  const [, map = '{}'] =
    /importmap">([^<]+)/.exec(readFileSync(join(pages, 'import-map.html'), 'utf8')) ?? [];
  const scripts = site.served.filter((path) => path.endsWith('.js'));
  const imported = new Set(scripts.flatMap((path) => bareImportsOf(readFileSync(path, 'utf8'))));
  expect(imported).toEqual(new Set(Object.keys(JSON.parse(map).imports)));
  expect(scripts.find((path) => path.endsWith('crc64-worker.js'))).toBeDefined();
});

test('docs/guides/browser.md names the tested versions', () => {
  const guide = readFileSync(new URL('../docs/guides/browser.md', import.meta.url), 'utf8');
  const { devDependencies } = JSON.parse(readFileSync(join(plain, 'package.json'), 'utf8'));
  for (const bundler of ['vite', 'webpack']) expect(guide).toContain(devDependencies[bundler]);
});

interface Expected {
  readonly page: string;
  readonly key: string;
  /** The URL of the worker that computes the CRC64s. */
  readonly worker: RegExp;
}

/**
 * Opens the page, chooses a file, and checks the stored object, the origin of the CRC64s, and the console.
 */
async function expectUpload(site: Running, { page: path, key, worker }: Expected): Promise<void> {
  onTestFinished(() => site.close());
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  await page.addInitScript(countComputed);
  const problems = collectProblems(page);
  const workers: string[] = [];
  page.on('worker', (started) => workers.push(started.url()));
  const requests: string[] = [];
  page.on('request', (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`));

  const endpoint = new URLSearchParams({ endpoint: `${stage.url}/uploads` });
  await page.goto(`${site.url}${path}?${endpoint}`);
  await page.setInputFiles('input', { name: key, mimeType: 'video/mp4', buffer: BYTES });
  await page.waitForFunction(() => document.querySelector('output')?.value);

  expect(await page.locator('output').textContent()).toBe(successMessage(`wei/${key}`));
  const stored = await readStored(stage.url, `wei/${key}`);
  expect(stored.partCount).toBe(PART_COUNT);
  expect(stored.bytes.equals(BYTES)).toBe(true);
  expect(workers).toEqual([expect.stringMatching(worker)]);
  expect(await page.evaluate('computedCount')).toBe(PART_COUNT);
  expect(problems).toEqual([]);
  // Each part was sent once.
  expect(countByText(requests.filter((request) => /^(PUT|POST) /.test(request)))).toEqual({
    'POST /uploads/initiate': 1,
    [`PUT /media/wei/${key}`]: PART_COUNT,
    'POST /uploads/complete': 1,
  });
}

function countByText(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

/** Runs in the page before its own scripts: counts the CRC64s that workers post. */
function countComputed(): void {
  Object.assign(globalThis, { computedCount: 0 });
  globalThis.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.addEventListener('message', ({ data }) => {
        const { computedCount } = globalThis as unknown as { readonly computedCount: number };
        if (data.type === 'computed') Object.assign(globalThis, { computedCount: computedCount + 1 });
      });
    }
  };
}

/** Errors and warnings of the console. */
function collectProblems(page: Page): readonly string[] {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()} ${new URL(response.url()).pathname}`);
  });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
  });
  return problems;
}
