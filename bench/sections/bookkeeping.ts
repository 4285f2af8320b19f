import { medianOf } from '../measure.ts';
import { runOnce } from '../processes.ts';
import { atMost, digits, type Section } from '../result.ts';
import type { BookkeepingResult, BookkeepingTask } from '../workloads/bookkeeping.ts';

const MB = 1e6;
const KINDS: Readonly<Record<BookkeepingTask, string>> = {
  plan: 'plan, receipts and the fold of events alone',
  ports: 'the ports in a bare loop, no engine',
  engine: 'the whole engine over the same ports',
};

export const bookkeeping: Section = {
  title: 'Planning and tracking 10,000 parts',
  how:
    'Each run is a new process without compiled code. The ports respond at once and read no bytes, so ' +
    'only the engine is measured: retries, stall detection, hedging, URLs, events. Memory is the heap ' +
    'after a garbage collection when every part is confirmed.',
  async run(scale) {
    const found = new Map<BookkeepingTask, BookkeepingResult[]>();
    const script = 'workloads/bookkeeping.js';
    for (let round = 0; round < scale.rounds; round++) {
      for (const kind of ['plan', 'ports', 'engine'] as const) {
        const result = await runOnce<BookkeepingResult>(script, kind, { execArgv: ['--expose-gc'] });
        found.set(kind, [...(found.get(kind) ?? []), result]);
      }
    }
    const cpuMs = (kind: BookkeepingTask): number => medianOf(found.get(kind) ?? [], (run) => run.cpuMs);
    const heldMb = (kind: BookkeepingTask): number =>
      medianOf(found.get(kind) ?? [], (run) => run.heldBytes / MB);
    const engineMs = cpuMs('engine') - cpuMs('ports');
    return {
      tables: [
        {
          title: 'Of 10,000 parts',
          columns: ['what', 'CPU ms', 'µs a part', 'heap held MB'],
          rows: [...found.keys()].map((kind) => [
            KINDS[kind],
            digits(cpuMs(kind)),
            digits(cpuMs(kind) / 10),
            digits(heldMb(kind)),
          ]),
        },
      ],
      claims: [
        atMost('planning and tracking', cpuMs('plan'), 50, ' ms'),
        atMost('the whole engine, less its ports', engineMs, 50, ' ms'),
        atMost('heap of the whole engine', heldMb('engine'), 20, ' MB'),
      ],
      notMeasured: [],
    };
  },
};
