import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Measurement, Section, SectionResult } from '../result.ts';
import { SECTIONS } from '../sections/sections.ts';
import type { Scale } from '../settings.ts';
import { writeChart } from './chart.ts';
import { describeMachine, describePeers } from './machine.ts';
import { writePage } from './markdown.ts';

export interface Report {
  /** Runs a section and prints its result. After a failed section, which is reported, the next one runs. */
  measure(name: string, section: Section): Promise<void>;
  /** Writes RESULTS.md after a full run. Returns the exit code. */
  finish(): number;
}

const FOLDER = new URL('../../', import.meta.url);
const RESULTS = new URL('results.json', FOLDER);

export function createReport(scale: Scale): Report {
  const measured: Record<string, Measurement> = {};
  let hasFailed = false;
  return {
    async measure(name, section) {
      console.log(`\n${section.title}`);
      try {
        const result = await section.run(scale, (line) => console.log(`  … ${line}`));
        const at = new Date().toISOString().slice(0, 10);
        measured[name] = {
          at,
          machine: describeMachine(),
          peers: describePeers(),
          scale: scale.name,
          result,
        };
        hasFailed ||= (result.failures ?? []).length > 0;
        print(result);
      } catch (reason) {
        hasFailed = true;
        console.error(`  ${name} failed:`, reason);
      }
    },
    finish() {
      if (scale.name === 'full') writeResults({ ...readResults(), ...measured });
      const misses = Object.values(measured).flatMap(({ result }) =>
        result.claims.filter(({ holds }) => !holds),
      );
      console.log(`\n${misses.length} targets missed`);
      for (const { claim, figure } of misses) console.log(`  MISSED ${claim}: ${figure}`);
      if (scale.name === 'quick')
        console.log('A quick run is too short for the targets. Run `npm run bench` to check them.');
      return hasFailed ? 1 : 0;
    },
  };
}

function print({ tables, claims, notMeasured, failures = [] }: SectionResult): void {
  for (const { title, columns, rows } of tables) {
    console.log(`\n  ${title}`);
    const widths = columns.map((column, index) =>
      Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)),
    );
    for (const row of [columns, ...rows]) {
      console.log(`    ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')}`);
    }
  }
  console.log('');
  for (const text of notMeasured) console.log(`  not measured: ${text}`);
  for (const text of failures) console.error(`  FAILED ${text}`);
  for (const { claim, figure, holds } of claims)
    console.log(`  ${holds ? 'met   ' : 'MISSED'} ${claim}: ${figure}`);
}

function readResults(): Record<string, Measurement> {
  // A parse edge: an earlier run wrote this file.
  return existsSync(RESULTS)
    ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as Record<string, Measurement>)
    : {};
}

function writeResults(all: Readonly<Record<string, Measurement>>): void {
  writeFileSync(RESULTS, `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(new URL('RESULTS.md', FOLDER), writePage(SECTIONS, all));
  const bars = all.send?.result.bars;
  if (bars !== undefined) {
    const title = 'CPU seconds to send 1 GiB, 8 MiB parts, 4 in flight';
    writeFileSync(new URL('results.svg', FOLDER), writeChart(title, bars));
  }
}
