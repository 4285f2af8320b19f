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

/** The report of a worker on each hundred seeds. */
interface Report {
  readonly seeds: number;
  readonly failures: readonly SimulationResult[];
  readonly outcomes: Readonly<Record<string, number>>;
}

const SEEDS_PER_REPORT = 100;
const FAILURES_MAX = 10;

async function runSeeds(from: number, seeds: number, report: (report: Report) => void): Promise<void> {
  for (let first = from; first < from + seeds; first += SEEDS_PER_REPORT) {
    const failures: SimulationResult[] = [];
    const outcomes: Record<string, number> = {};
    const end = Math.min(first + SEEDS_PER_REPORT, from + seeds);
    for (let seed = first; seed < end; seed++) {
      const result = await simulate(seed, { isTraced: values.trace });
      for (const outcome of result.outcomes) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (result.violations.length > 0) failures.push(result);
      if (values.trace) console.log([...result.trace, ...result.outcomes].join('\n'));
      if (values.bail && failures.length > 0) return report({ seeds: seed - first + 1, failures, outcomes });
    }
    report({ seeds: end - first, failures, outcomes });
  }
}

/** Resolves with the exit code. */
async function runAll(from: number, seeds: number): Promise<number> {
  const startedAt = performance.now();
  const failures: SimulationResult[] = [];
  const outcomes: Record<string, number> = {};
  let seedCount = 0;
  const addReport = (report: Report): void => {
    seedCount += report.seeds;
    failures.push(...report.failures);
    for (const [outcome, count] of Object.entries(report.outcomes)) {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
    }
    for (const { seed, violations } of report.failures.slice(0, FAILURES_MAX)) {
      console.log(`seed ${seed}: ${violations.join('; ')}`);
      console.log(`  npm run sim -- --seeds 1 --trace --from ${seed}`);
    }
    if (seedCount % 10_000 === 0) console.log(`${seedCount} seeds`);
  };
  if (values.trace || values.bail || seeds <= SEEDS_PER_REPORT) await runSeeds(from, seeds, addReport);
  else await runInWorkers(from, seeds, addReport);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const sorted = Object.entries(outcomes).sort(([, a], [, b]) => b - a);
  console.log(`outcomes: ${sorted.map(([outcome, count]) => `${outcome} ${count}`).join(', ')}`);
  console.log(`${seedCount} seeds from ${from}, ${failures.length} failed, ${seconds} s`);
  return failures.length === 0 && seedCount === seeds ? 0 : 1;
}

/** A worker ends after this number of seeds: killed processes of the simulation stay in its memory. */
const SEEDS_PER_WORKER = 2500;

async function runInWorkers(from: number, seeds: number, onReport: (report: Report) => void): Promise<void> {
  let next = from;
  const runNext = async (): Promise<void> => {
    while (next < from + seeds) {
      const first = next;
      next += SEEDS_PER_WORKER;
      const count = Math.min(SEEDS_PER_WORKER, from + seeds - first);
      const args = ['--worker', '--from', String(first), '--seeds', String(count)];
      await waitForWorker(fork(process.argv[1] ?? '', args), onReport);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runNext));
}

function waitForWorker(worker: ChildProcess, onReport: (report: Report) => void): Promise<void> {
  return new Promise((resolve) => {
    worker.on('message', (report) => onReport(report as Report));
    worker.on('exit', () => resolve());
  });
}

const from = values.from === undefined ? seedBase() : Number(values.from);
const seeds = Number(values.seeds);
if (!Number.isSafeInteger(from) || !Number.isSafeInteger(seeds))
  throw new TypeError('--from and --seeds must be whole numbers');
if (values.worker) await runSeeds(from, seeds, (report) => process.send?.(report));
else process.exitCode = await runAll(from, seeds);
if (values.worker) process.disconnect();
