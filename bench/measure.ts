import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The cost of a run in its process. */
export interface Usage {
  /** User and system time of all threads. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** The peak of resident memory since the start of the process, in bytes. */
  readonly peakMemory: number;
  /** The longest time for which the event loop was blocked. */
  readonly loopBlockMs: number;
  readonly loopBlockP99Ms: number;
}

/** Runs it in this process, and returns the cost. */
export async function measureUsage(run: () => Promise<void>): Promise<Usage> {
  const delays = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delays.enable();
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await run();
  const wallSeconds = (performance.now() - startedAt) / 1000;
  const cpuSeconds = cpuSecondsSince(cpu);
  delays.disable();
  return {
    cpuSeconds,
    wallSeconds,
    peakMemory: peakMemory(),
    // Node's figures include the period of the sampling timer.
    loopBlockMs: Math.max(0, delays.max / 1e6 - LOOP_RESOLUTION_MS),
    loopBlockP99Ms: Math.max(0, delays.percentile(99) / 1e6 - LOOP_RESOLUTION_MS),
  };
}

const LOOP_RESOLUTION_MS = 2;

export function cpuSecondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/**
 * On Linux not `maxRSS`, which a process inherits from the one that started it.
 */
export function peakMemory(): number {
  const kilobytes = process.platform === 'linux' ? readHighWaterMark() : undefined;
  return (kilobytes ?? process.resourceUsage().maxRSS) * 1024;
}

function readHighWaterMark(): number | undefined {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes);
}

export function elapsedSeconds(run: () => void): number {
  const startedAt = performance.now();
  run();
  return (performance.now() - startedAt) / 1000;
}

/** The middle figure, or the mean of the two middle figures. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return middle.reduce((sum, figure) => sum + figure, 0) / middle.length;
}

export function medianOf<Item>(items: readonly Item[], figureOf: (item: Item) => number): number {
  return median(items.map(figureOf));
}
