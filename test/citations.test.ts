import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

interface Citations {
  citedTests(): ReadonlyMap<string, readonly string[]>;
  citingRows(): readonly { readonly path: string; readonly id: string; readonly hasReason: boolean }[];
  documentsWithTables(): readonly Readonly<Record<'path' | 'text' | 'updated', string>>[];
}

const tooling = fileURLToPath(new URL('../tooling/citations.mjs', import.meta.url));
const citations = (await import(pathToFileURL(tooling).href)) as Citations;
const tests = citations.citedTests();
const rows = citations.citingRows();

test('both tables are found, and no ID has two rows', () => {
  const ids = rows.map(({ id }) => id);
  expect(new Set(ids.map((id) => id.replace(/\d+$/, '')))).toEqual(new Set(['pain-', 'threat-']));
  expect(ids.length).toBeGreaterThan(45 + 20);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test('every row of a table has a test, or a reason for having none', () => {
  expect(rows.filter(({ id, hasReason }) => !tests.has(id) && !hasReason)).toEqual([]);
});

test('every ID in the title of a test has a row', () => {
  const known = new Set(rows.map(({ id }) => id));
  expect([...tests.keys()].filter((id) => !known.has(id))).toEqual([]);
});

test.each(citations.documentsWithTables())(
  'the tables of $path link to the files of their tests',
  (document) => {
    expect(document.text, '`npm run citations` writes the links').toBe(document.updated);
  },
);
