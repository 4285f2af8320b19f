import type { CDPSession, Page } from 'playwright-core';
import { heapSize, watchWorkerHeaps } from './worker-heaps.ts';

/** The JavaScript heaps of a page and of its workers during a run, in bytes. */
export interface HeapGrowth {
  /** At the start, after a garbage collection, without workers. */
  readonly start: number;
  /** The peak of the page, garbage included. */
  readonly peak: number;
  /** The peak of its workers. */
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
  const start = await measureAfterGc(session);
  let [peak, workersPeak, samples] = [start, 0, 0];

  async function sample(): Promise<void> {
    peak = Math.max(peak, await measureHeap(session));
    samples += 1;
    workersPeak = Math.max(workersPeak, await workers.used());
  }

  // A sample that finds the page gone is the failure of `run`, which has more details.
  const sampling = setInterval(() => void sample().catch(() => undefined), SAMPLE_MS);
  const result = await run().finally(() => clearInterval(sampling));
  return { result, start, peak, workersPeak, end: await measureAfterGc(session), samples };
}

const SAMPLE_MS = 100;

async function measureAfterGc(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return measureHeap(session);
}

async function measureHeap(session: CDPSession): Promise<number> {
  return heapSize(await session.send('Runtime.getHeapUsage'));
}
