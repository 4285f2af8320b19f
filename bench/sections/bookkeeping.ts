import { medianOf } from '../measure.ts';
import { runOnce } from '../processes.ts';
import { atMost, formatFigure, type Section } from '../result.ts';
import type { BookkeepingResult, BookkeepingTask } from '../workloads/bookkeeping.ts';

const MB = 1e6;
const KINDS: Readonly<Record<BookkeepingTask, string>> = {
  plan: 'plan, receipts and snapshot only',
  ports: 'ports in a loop, without the engine',
  engine: 'engine with the same ports',
};

export const bookkeeping: Section = {
  title: 'Planning and tracking 10,000 parts',
  how:
    'Each run is a new process without compiled code. The ports respond at once and read no bytes, so ' +
    'only the engine is measured: retries, stall detection, hedging, URLs, events. Memory is the heap ' +
    'after a garbage collection when every part is confirmed.',
  async run(scale) {
    const runs = new Map<BookkeepingTask, BookkeepingResult[]>();
    const script = 'workloads/bookkeeping.js';
    for (let round = 0; round < scale.rounds; round++) {
      for (const kind of ['plan', 'ports', 'engine'] as const) {
        const result = await runOnce<BookkeepingResult>(script, kind, { execArgv: ['--expose-gc'] });
        runs.set(kind, [...(runs.get(kind) ?? []), result]);
      }
    }
    const cpuMs = (kind: BookkeepingTask): number => medianOf(runs.get(kind) ?? [], (run) => run.cpuMs);
    const heapMb = (kind: BookkeepingTask): number =>
      medianOf(runs.get(kind) ?? [], (run) => run.heapBytes / MB);
    const engineMs = cpuMs('engine') - cpuMs('ports');
    return {
      tables: [
        {
          title: 'Cost of 10,000 parts',
          columns: ['measured', 'CPU ms', 'µs per part', 'heap MB'],
          rows: [...runs.keys()].map((kind) => [
            KINDS[kind],
            formatFigure(cpuMs(kind)),
            formatFigure(cpuMs(kind) / 10),
            formatFigure(heapMb(kind)),
          ]),
        },
      ],
      claims: [
        atMost('planning and tracking', cpuMs('plan'), 50, ' ms'),
        atMost('engine without its ports', engineMs, 50, ' ms'),
        atMost('heap of the engine', heapMb('engine'), 20, ' MB'),
      ],
      notMeasured: [],
    };
  },
};
