import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { citationsIn, isTestOf } from './citations.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const lines = readFileSync(`${root}docs/SECURITY.md`, 'utf8').split('\n');
const rows = lines.filter((line) => /^\| /.test(line) && !/^\| (---|threat)/.test(line));
const cited = rows.flatMap((row) => citationsIn(row, 2));

test('every threat names its test', () => {
  expect(rows.length).toBeGreaterThan(15);
  expect(rows.filter((row) => citationsIn(row, 2).length === 0)).toEqual([]);
});

test.each(cited)('there is a test "$name" in $path', ({ path, name }) => {
  expect(existsSync(root + path), path).toBe(true);
  expect(isTestOf(readFileSync(root + path, 'utf8'), name), `"${name}" in ${path}`).toBe(true);
});
