import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const lines = readFileSync(`${root}docs/PAINS.md`, 'utf8').split('\n');
const rows = lines.filter((line) => /^\| /.test(line) && !/^\| (---|number|tool)/.test(line));
const cited = rows.flatMap((row) => citationsIn(row));

test('each of the thirty pains has a row', () => {
  const numbers = rows.flatMap((row) => /^\| (\d+) \|/.exec(row)?.[1] ?? []);
  expect(numbers).toEqual(Array.from({ length: 30 }, (_, index) => String(index + 1)));
});

test('every row names a test, or says why there is none', () => {
  const reason = /\b(browser|coordinator): \S+/;
  expect(rows.filter((row) => citationsIn(row).length === 0 && !reason.test(row))).toEqual([]);
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

interface Citation {
  readonly path: string;
  readonly name: string;
}

/** A cell cites `path` and then `name`, `name`, … as the reporter prints them, until the next path. */
function citationsIn(row: string): Citation[] {
  const found: Citation[] = [];
  let path: string | undefined;
  for (const [, text = ''] of row
    .split(' | ')
    .slice(2)
    .join(' | ')
    .matchAll(/`([^`]+)`/g)) {
    if (/^[\w/.-]+\.test\.ts$/.test(text)) path = text;
    else if (path !== undefined) found.push({ path, name: text });
  }
  return found;
}

/**
 * Whether a title of the file gives this name. What stands for a placeholder (`%s`, `$name`) must be written
 * out in the file as well, or in a conformance suite where that is what the file runs.
 */
function isTestOf(text: string, name: string): boolean {
  return titlesIn(text).some((title) => {
    const match = templateOf(title).exec(name);
    return match?.slice(1).every((filled) => isWritten(text, filled)) ?? false;
  });
}

function titlesIn(text: string): string[] {
  return [...text.matchAll(/\(\s*(?:'((?:[^'\\\n]|\\.)+)'|"([^"\n]+)"),\s*(?:async )?\(/g)].map(
    ([, single, double]) => (single ?? double ?? '').replaceAll("\\'", "'"),
  );
}

function templateOf(title: string): RegExp {
  const escaped = title.replaceAll(/[\\^*+?.()|[\]{}]/g, '\\$&');
  const open = escaped.replaceAll(/%[sij]|\$[a-z]\w*/gi, '(.+)');
  return new RegExp(`^${open}$`);
}

function isWritten(text: string, filled: string): boolean {
  if (/^-?\d+$/.test(filled)) return true;
  const suites = [...text.matchAll(/\b(\w+)Conformance\(/g)].map(([, suite]) => `${suite}-conformance.ts`);
  const texts = suites.map((suite) => readFileSync(`${root}packages/core/src/testing/${suite}`, 'utf8'));
  return [text, ...texts].some((each) => each.includes(`'${filled}'`));
}
