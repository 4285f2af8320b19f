import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import { type BrowserContextOptions, type ConsoleMessage, chromium, type Page } from 'playwright-core';
import { chromiumLaunch } from '../../../tooling/browsers.ts';
import { source } from '../../../tooling/source-condition.ts';
import { type Demo, startDemo } from '../start-demo.ts';

/** The demo and a browser. */
export interface DemoStage extends Omit<Demo, 'close'> {
  /** A file that a page can choose. */
  file(name: string, bytes: Uint8Array): Promise<string>;
  /** A page of its own profile, opened. */
  open(options: BrowserContextOptions): Promise<OpenedPage>;
  close(): Promise<void>;
}

export interface OpenedPage {
  readonly page: Page;
  /** Errors in the console, except failed requests to OSS, which browsers report too. */
  readonly errors: readonly string[];
  /** The violations that axe-core finds in the page. */
  violations(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function startDemoStage(): Promise<DemoStage> {
  const folder = await mkdtemp(join(tmpdir(), 'partway-demo-test-'));
  const pageFolder = fileURLToPath(new URL('../page', import.meta.url));
  const demo = await startDemo({ pageFolder, plugins: [source] });
  const browser = await chromium.launch(await chromiumLaunch());
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  return {
    ...demo,
    async file(name, bytes) {
      const path = join(folder, name);
      await writeFile(path, bytes);
      return path;
    },
    async open(options) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      page.on('console', (message) => {
        if (isError(message, demo.emulator.endpoint)) errors.push(message.text());
      });
      await page.goto(demo.url);
      return {
        ...{ page, errors },
        violations: () => violationsOf(page, axe),
        close: () => context.close(),
      };
    },
    async close() {
      await browser.close();
      await demo.close();
      await rm(folder, { recursive: true });
    },
  };
}

function isError(message: ConsoleMessage, ossEndpoint: string): boolean {
  const isOfRequest = message.text().includes('Failed to load resource');
  return message.type() === 'error' && !(isOfRequest && message.location().url.startsWith(ossEndpoint));
}

/** Evaluated, it needs no place in the policy of the page. */
async function violationsOf(page: Page, axe: string): Promise<readonly string[]> {
  await page.evaluate(axe);
  // Colours change over time, and axe would measure one on the way.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
  const { violations, passes } = await page.evaluate<AxeResults>('axe.run()');
  if (!passes.some(({ id }) => id === 'color-contrast')) throw new Error('axe has not looked at colours');
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
