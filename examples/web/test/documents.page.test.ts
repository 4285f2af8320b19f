import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readFromRoot } from '../../../test/documents.ts';
import { type Snippets, writeSnippets } from '../../../test/snippets.ts';
import { chromiumLaunch } from '../../../tooling/browsers.ts';

let browser: Browser;
let snippets: Snippets;
let vite: ViteDevServer;

beforeAll(async () => {
  browser = await chromium.launch(await chromiumLaunch());
});
afterEach(async () => {
  await vite.close();
  await snippets.close();
});
afterAll(() => browser.close());

/** Follows a document: starts its server, adds the CORS rule, and serves its page as `npx vite` does. */
async function open(path: string, server = readFromRoot(path)): Promise<Page> {
  const document = readFromRoot(path);
  snippets = await writeSnippets('page', `${server}\n${document}`);
  await snippets.start('server.mjs');
  const doctor = /^npx partway doctor .*$/m.exec(document)?.[0] ?? '';
  await snippets.runCommand(doctor);
  const port = snippets.port('5173');
  vite = await createServer({
    root: snippets.folder,
    configFile: false,
    cacheDir: join(snippets.folder, '.vite'),
    logLevel: 'warn',
    server: { port, strictPort: true },
  });
  await vite.listen();
  const page = await browser.newPage();
  await page.goto(`http://localhost:${port}`);
  return page;
}

async function upload(page: Page): Promise<string> {
  await page.setInputFiles('input', join(snippets.folder, 'movie.mp4'));
  const output = page.locator('output', { hasText: 'CRC64' });
  return (await output.textContent()) ?? '';
}

test('the page of the README uploads a file through its server', async () => {
  const shown = await upload(await open('README.md'));
  const object = snippets.emulator.model.object('media', 'wei/movie.mp4');
  expect(object?.size).toBe(20 * 1024 ** 2);
  expect(shown).toContain(object?.crc64);
});

test('the page of the tutorial uploads a file, also with checkpoints', async () => {
  const page = await open('docs/getting-started/browser.md', readFromRoot('docs/getting-started/server.md'));
  const shown = await upload(page);
  expect(shown).toContain(snippets.emulator.model.object('media', 'wei/movie.mp4')?.crc64);
  // As text: Vitest would rewrite the import of a function.
  const endpoint = `http://localhost:${snippets.port('3000')}/uploads`;
  const key = await page.evaluate<string>(
    `import('/lasting.js')
      .then(({ uploadLasting }) => uploadLasting(new File(['hello'], 'hello.txt'), '${endpoint}').result)
      .then((object) => object.key)`,
  );
  expect(snippets.emulator.model.object('media', key)?.size).toBe(5);
});
