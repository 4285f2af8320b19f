import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { citationsIn, isTestOf } from './citations.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const lines = readFileSync(`${root}docs/PAINS.md`, 'utf8').split('\n');
const rows = lines.filter((line) => /^\| /.test(line) && !/^\| (---|number|tool)/.test(line));
const cited = rows.flatMap((row) => citationsIn(row, 2));

test('each of the thirty pains has a row', () => {
  const numbers = rows.flatMap((row) => /^\| (\d+) \|/.exec(row)?.[1] ?? []);
  expect(numbers).toEqual(Array.from({ length: 30 }, (_, index) => String(index + 1)));
});

test('every row names a test, or says why there is none', () => {
  const reason = /\b(browser|coordinator): \S+/;
  expect(rows.filter((row) => citationsIn(row, 2).length === 0 && !reason.test(row))).toEqual([]);
});

test('the tests are cited as a file and a name', () => {
  expect(cited.length).toBeGreaterThan(rows.length / 2);
  const files = rows.flatMap((row) => [...row.matchAll(/`[^`]+\.test\.ts`/g)]);
  expect(new Set(cited.map(({ path }) => path)).size).toBeGreaterThan(10);
  expect(files.length).toBeLessThanOrEqual(cited.length);
});

test.each(cited)('there is a test "$name" in $path', ({ path, name }) => {
  expect(existsSync(root + path), path).toBe(true);
  expect(isTestOf(readFileSync(root + path, 'utf8'), name), `"${name}" in ${path}`).toBe(true);
});
