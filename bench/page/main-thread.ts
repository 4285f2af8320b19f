import type { Browser, Page } from 'playwright-core';

/** The tasks of the main threads of pages during a run, as the browser traced them. */
export interface MainThread {
  readonly tasks: number;
  readonly longestMs: number;
  /** In CPU time, without the time in which other processes used the core. */
  readonly longestCpuMs: number;
  readonly busyMs: number;
  /** The number of tasks of `ms` milliseconds and more. */
  countFrom(ms: number): number;
}

/**
 * Traces all tasks while `run` runs. Processes without a page, such as a spare one, are traced too, and have
 * none.
 */
export async function traceMainThread(
  browser: Browser,
  page: Page,
  run: () => Promise<void>,
): Promise<MainThread> {
  await browser.startTracing(page, { categories: ['toplevel'] });
  await run();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as Trace;
  const mainThreads = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(toThreadId),
  );
  const tasks = traceEvents.filter(
    (event) => event.name === TASK && event.ph === 'X' && mainThreads.has(toThreadId(event)),
  );
  const durations = tasks.map(({ dur = 0 }) => dur / 1000);
  if (durations.length === 0) throw new Error('the trace contains no task of a page');
  return {
    tasks: durations.length,
    longestMs: findLongest(durations),
    longestCpuMs: findLongest(tasks.map(({ tdur = 0 }) => tdur / 1000)),
    busyMs: durations.reduce((sum, each) => sum + each, 0),
    countFrom: (ms) => durations.filter((each) => each >= ms).length,
  };
}

function findLongest(durations: readonly number[]): number {
  return durations.reduce((longest, each) => Math.max(longest, each), 0);
}

/** One task of a thread's queue, in the category `toplevel`. */
const TASK = 'ThreadControllerImpl::RunTask';

interface Trace {
  readonly traceEvents: readonly TraceEvent[];
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly dur?: number;
  /** CPU time in microseconds. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

function toThreadId({ pid, tid }: TraceEvent): string {
  return `${pid} ${tid}`;
}
