import type { CDPSession, Page } from 'playwright-core';
import { heapSize, watchWorkerHeaps } from './worker-heaps.ts';

/** The JavaScript heaps of a page and of its workers while something ran, in bytes. */
export interface HeapGrowth {
  /** Before, after a garbage collection. There is no worker then. */
  readonly start: number;
  /** The most that the page was seen to use, garbage included. */
  readonly peak: number;
  /** The most that its workers were. */
  readonly workersPeak: number;
  /** The heap of the page at the end, after a garbage collection. */
  readonly end: number;
  readonly samples: number;
}

/** Reads the heaps in use ten times per second while `run` runs. */
export async function watchHeap<Result>(
  page: Page,
  run: () => Promise<Result>,
): Promise<HeapGrowth & { readonly result: Result }> {
  const session = await page.context().newCDPSession(page);
  const workers = await watchWorkerHeaps(session);
  const start = await collected(session);
  let [peak, workersPeak, samples] = [start, 0, 0];

  async function sample(): Promise<void> {
    peak = Math.max(peak, await usedBy(session));
    samples += 1;
    workersPeak = Math.max(workersPeak, await workers.used());
  }

  // A sample that finds the page gone is the failure of `run`, which has more details.
  const sampling = setInterval(() => void sample().catch(() => undefined), SAMPLE_MS);
  const result = await run().finally(() => clearInterval(sampling));
  return { result, start, peak, workersPeak, end: await collected(session), samples };
}

const SAMPLE_MS = 100;

async function collected(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return usedBy(session);
}

async function usedBy(session: CDPSession): Promise<number> {
  return heapSize(await session.send('Runtime.getHeapUsage'));
}
