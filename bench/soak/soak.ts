// Long runs over real sockets: `npm run soak -- kill|flaky|sparse|stream|coordinator [--seed N] [--size
// 1GiB]`. Prints figures, and exits with 1 if a claim does not hold.
import { parseArgs } from 'node:util';
import { soakCoordinator } from './coordinator.ts';
import { soakFlaky } from './flaky.ts';
import { soakKill } from './kill.ts';
import type { Report, SoakOptions } from './report.ts';
import { parseSize } from './size.ts';
import { soakSparse } from './sparse.ts';
import { soakStream } from './stream.ts';

interface Run {
  readonly size: string;
  readonly soak: (options: SoakOptions) => Promise<Report>;
}

const RUNS: ReadonlyMap<string, Run> = new Map([
  ['kill', { size: '1GiB', soak: soakKill }],
  ['flaky', { size: '1GiB', soak: soakFlaky }],
  ['stream', { size: '30GiB', soak: soakStream }],
  ['sparse', { size: '100GiB', soak: soakSparse }],
  // 19 parts of 100 KiB, and one of 1 byte.
  ['coordinator', { size: '1945601', soak: soakCoordinator }],
]);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' }, size: { type: 'string' } },
});
const [name = ''] = positionals;
const run = RUNS.get(name);
if (run === undefined) {
  throw new TypeError(`unknown run '${name}', the runs are ${[...RUNS.keys()].join(', ')}`);
}
if (!/^\d+$/.test(values.seed)) throw new TypeError(`--seed must be a whole number, got ${values.seed}`);
const options = { seed: Number(values.seed), size: parseSize(values.size ?? run.size) };
console.log(`soak ${name}, ${options.size} bytes, seed ${options.seed}`);
const { figures, claims } = await run.soak(options);
for (const [label, figure] of Object.entries(figures)) console.log(`  ${label.padEnd(26)} ${figure}`);
for (const [claim, holds] of Object.entries(claims)) console.log(`  ${holds ? 'holds ' : 'FAILED'} ${claim}`);
if (Object.values(claims).includes(false)) process.exitCode = 1;
