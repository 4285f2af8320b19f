import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { seedBase } from './seed-base.ts';
import { type SimulationResult, simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string' },
    trace: { type: 'boolean', default: false },
    /** Stop at the first seed that fails. */
    bail: { type: 'boolean', default: false },
    worker: { type: 'boolean', default: false },
  },
});

/** The report of a worker for each hundred seeds. */
interface Report {
  readonly seeds: number;
  readonly failures: readonly SimulationResult[];
  readonly endings: Readonly<Record<string, number>>;
}

const REPORT_SEEDS = 100;
const FAILURES_MAX = 10;

async function work(from: number, seeds: number, report: (report: Report) => void): Promise<void> {
  for (let first = from; first < from + seeds; first += REPORT_SEEDS) {
    const failures: SimulationResult[] = [];
    const endings: Record<string, number> = {};
    const end = Math.min(first + REPORT_SEEDS, from + seeds);
    for (let seed = first; seed < end; seed++) {
      const result = await simulate(seed, { isTraced: values.trace });
      for (const ending of result.endings) endings[ending] = (endings[ending] ?? 0) + 1;
      if (result.violations.length > 0) failures.push(result);
      if (values.trace) console.log([...result.trace, ...result.endings].join('\n'));
      if (values.bail && failures.length > 0) return report({ seeds: seed - first + 1, failures, endings });
    }
    report({ seeds: end - first, failures, endings });
  }
}

/** Resolves with the exit code. */
async function supervise(from: number, seeds: number): Promise<number> {
  const startedAt = performance.now();
  const failures: SimulationResult[] = [];
  const endings: Record<string, number> = {};
  let done = 0;
  const take = (report: Report): void => {
    done += report.seeds;
    failures.push(...report.failures);
    for (const [how, count] of Object.entries(report.endings)) endings[how] = (endings[how] ?? 0) + count;
    for (const { seed, violations } of report.failures.slice(0, FAILURES_MAX)) {
      console.log(`seed ${seed}: ${violations.join('; ')}`);
      console.log(`  npm run sim -- --seeds 1 --trace --from ${seed}`);
    }
    if (done % 10_000 === 0) console.log(`${done} seeds`);
  };
  if (values.trace || values.bail || seeds <= REPORT_SEEDS) await work(from, seeds, take);
  else await inWorkers(from, seeds, take);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const told = Object.entries(endings).sort(([, a], [, b]) => b - a);
  console.log(`lives ended: ${told.map(([how, count]) => `${how} ${count}`).join(', ')}`);
  console.log(`${done} seeds from ${from}, ${failures.length} failed, ${seconds} s`);
  return failures.length === 0 && done === seeds ? 0 : 1;
}

/** Each worker lives for so many seeds: processes that died in the simulation still wait in its memory. */
const WORKER_SEEDS = 2500;

async function inWorkers(from: number, seeds: number, take: (report: Report) => void): Promise<void> {
  let next = from;
  const work = async (): Promise<void> => {
    while (next < from + seeds) {
      const first = next;
      next += WORKER_SEEDS;
      const count = Math.min(WORKER_SEEDS, from + seeds - first);
      const args = ['--worker', '--from', String(first), '--seeds', String(count)];
      await ended(fork(process.argv[1] ?? '', args), take);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

function ended(worker: ChildProcess, take: (report: Report) => void): Promise<void> {
  return new Promise((resolve) => {
    worker.on('message', (report) => take(report as Report));
    worker.on('exit', () => resolve());
  });
}

const from = values.from === undefined ? seedBase() : Number(values.from);
const seeds = Number(values.seeds);
if (!Number.isSafeInteger(from) || !Number.isSafeInteger(seeds))
  throw new TypeError('--from and --seeds are whole numbers');
if (values.worker) await work(from, seeds, (report) => process.send?.(report));
else process.exitCode = await supervise(from, seeds);
if (values.worker) process.disconnect();
