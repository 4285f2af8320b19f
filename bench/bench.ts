// `npm run bench -- --only send,crc64`: what Partway costs, beside others, in one run. Writes
// bench/RESULTS.md, and keeps there what was not measured this time. `npm run bench:quick` measures less, and
// only prints.
import { parseArgs } from 'node:util';
import { removeFiles } from './files.ts';
import { endChildren } from './processes.ts';
import { createReport } from './report/report.ts';
import type { Section } from './result.ts';
import { SECTIONS } from './sections/sections.ts';
import { FULL, QUICK } from './settings.ts';

const { values } = parseArgs({
  options: { only: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const names = values.only?.split(',') ?? [...SECTIONS.keys()];

process.on('exit', () => {
  endChildren();
  removeFiles();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

const report = createReport(values.quick ? QUICK : FULL);
for (const [name, section] of names.map(sectionNamed)) {
  await report.measure(name, section);
  removeFiles();
}
process.exitCode = report.finish();

function sectionNamed(name: string): readonly [string, Section] {
  const section = SECTIONS.get(name);
  if (section !== undefined) return [name, section];
  throw new TypeError(`there is no section '${name}'; there are ${[...SECTIONS.keys()].join(', ')}`);
}
