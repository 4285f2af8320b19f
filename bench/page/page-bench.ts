import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createCrc64 } from '@partway/core';
import { startOssEmulator } from '@partway/emulator';
import { type Browser, chromium, type Page } from 'playwright-core';
import {
  allowPages,
  builtPage,
  credentials,
  serveSite,
} from '../../packages/browser/test/resume/page-stage.ts';
import { writeSeededFile } from '../../packages/browser/test/survive/disk-files.ts';
import { chromiumLaunch } from '../../tooling/browsers.ts';
import { formatMebibytes, parseSize } from '../soak/size.ts';
import { watchHeap } from './heap.ts';
import { traceMainThread } from './main-thread.ts';
import './site/measured-page.ts';

const SITE = fileURLToPath(new URL('site', import.meta.url));
const KEY = 'film.mkv';
const TASK_MS_MAX = 50;
const HEAP_GROWTH_MAX = 60e6;

const { values } = parseArgs({ options: { size: { type: 'string', default: '1GiB' } } });
// Awaited here: the process that imports this file cannot load further modules after the import.
await benchPage(parseSize(values.size));

/** One upload by the built package in Chromium, to an emulator that keeps no bytes. */
async function benchPage(size: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'partway-bench-page-'));
  const emulator = await startOssEmulator({ buckets: ['media'], credentials, discardBodies: true });
  await allowPages(emulator);
  const site = await serveSite(emulator, await builtPage(SITE, []));
  const browser = await chromium.launch(await chromiumLaunch());
  try {
    const path = join(folder, KEY);
    await writeSeededFile(path, { size, seed: 1 });
    const page = await browser.newPage();
    await page.goto(site.url);
    await page.setInputFiles('input', path);
    console.log(`one upload of ${size} bytes in Chromium ${browser.version()}`);
    await measure(browser, page);
    const object = emulator.model.object('media', KEY);
    printClaim('the object has the bytes of the file', object?.crc64 === (await crc64Of(path)));
  } finally {
    await browser.close();
    await site.close();
    await emulator.close();
    await rm(folder, { recursive: true });
  }
}

async function measure(browser: Browser, page: Page): Promise<void> {
  let seconds = 0;
  const upload = async (): Promise<void> => {
    const startedAt = performance.now();
    await page.evaluate((key) => window.measured.upload(key), KEY);
    seconds = (performance.now() - startedAt) / 1000;
  };
  // The trace is inside, so that it has no garbage collection that the bench requested.
  const { result: thread, ...heap } = await watchHeap(page, () => traceMainThread(browser, page, upload));
  const longTasksMs = await page.evaluate(() => window.measured.longTasksMs());
  printFigure('load of the machine', `${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`);
  printFigure('seconds', seconds.toFixed(1));
  printFigure('longest task', `${thread.longestMs.toFixed(1)} ms`);
  printFigure('longest task, CPU time', `${thread.longestCpuMs.toFixed(1)} ms`);
  printFigure('long tasks, seen by the page', longTasksMs.length);
  for (const ms of [5, 10, 16, TASK_MS_MAX]) printFigure(`tasks of ${ms} ms and more`, thread.countFrom(ms));
  printFigure('tasks', thread.tasks);
  printFigure('main thread busy', `${(thread.busyMs / seconds / 10).toFixed(1)} %`);
  printFigure('heap at the start', formatMebibytes(heap.start));
  printFigure('peak heap', `${formatMebibytes(heap.peak)} in ${heap.samples} samples`);
  printFigure('peak heap of the worker', formatMebibytes(heap.workersPeak));
  printFigure('heap at the end', formatMebibytes(heap.end));
  printClaim(`no task took ${TASK_MS_MAX} ms`, thread.longestMs < TASK_MS_MAX && longTasksMs.length === 0);
  const growth = heap.peak + heap.workersPeak - heap.start;
  printClaim('the heaps grew by less than 60 MB', heap.workersPeak > 0 && growth < HEAP_GROWTH_MAX);
}

async function crc64Of(path: string): Promise<string> {
  const crc = createCrc64();
  for await (const chunk of createReadStream(path)) crc.update(chunk as Buffer);
  return crc.digest();
}

function printFigure(name: string, figure: string | number): void {
  console.log(`  ${name.padEnd(28)} ${figure}`);
}

function printClaim(text: string, holds: boolean): void {
  console.log(`  ${holds ? 'met   ' : 'MISSED'} ${text}`);
  if (!holds) process.exitCode = 1;
}
