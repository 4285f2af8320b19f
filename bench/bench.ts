// `npm run bench -- --only send,crc64`: measures the cost of Partway and of other clients in one run. Writes
// bench/RESULTS.md, and keeps the results of other sections there. `npm run bench:quick` measures with little
// data and only prints. `npm run bench -- --render` writes RESULTS.md from results.json without a run.
import { parseArgs } from 'node:util';
import { removeFiles } from './files.ts';
import { killChildren } from './processes.ts';
import { createReport } from './report/report.ts';
import type { Section } from './result.ts';
import { SECTIONS } from './sections/sections.ts';
import { FULL, QUICK } from './settings.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    render: { type: 'boolean', default: false },
  },
});
const names = values.render ? [] : (values.only?.split(',') ?? [...SECTIONS.keys()]);

process.on('exit', () => {
  killChildren();
  removeFiles();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

const report = createReport(values.quick ? QUICK : FULL);
for (const [name, section] of names.map(findSection)) {
  await report.measure(name, section);
  removeFiles();
}
process.exitCode = report.finish();

function findSection(name: string): readonly [string, Section] {
  const section = SECTIONS.get(name);
  if (section !== undefined) return [name, section];
  throw new TypeError(`unknown section '${name}', the sections are ${[...SECTIONS.keys()].join(', ')}`);
}
