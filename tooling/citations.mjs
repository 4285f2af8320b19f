// Writes the last column of the tables of problems and attacks: links to the tests with a row's ID at the end of their
// titles, such as `[pain-17]`.
//   npm run citations
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** IDs at the end of a string: `'… [pain-7] [threat-3]'`. */
const IDS = /((?: \[[a-z]+-\d+\])+)['"`]/g;
/** A table with rows that own their IDs (`tests`), or that refer to the IDs of another table (`cites`). */
const TABLE = /<!-- (tests|cites): ([a-z]+) -->\n([\s\S]*?)<!-- \/\1 -->/g;
/** In place of links, by hand, where a row has no test. */
const REASON = /^no test: \S/;

/** The files of tests that carry each ID. Suites of cases that several tests run count as tests. */
export function citedTests() {
  const tests = new Map();
  for (const path of filesUnder('packages', /(\.test|-conformance)\.tsx?$/)) {
    for (const id of idsIn(readFileSync(join(root, path), 'utf8'))) {
      tests.set(id, (tests.get(id) ?? new Set()).add(path));
    }
  }
  return new Map([...tests].map(([id, paths]) => [id, [...paths]]));
}

function idsIn(text) {
  return [...text.matchAll(IDS)].flatMap(([, ids]) => [...ids.matchAll(/\[([^\]]+)\]/g)].map(([, id]) => id));
}

/** Every row that owns an ID: its document, its ID and whether its last column holds a reason. */
export function citingRows() {
  return documents().flatMap(({ path, text }) =>
    [...text.matchAll(TABLE)].flatMap(([, role, kind, table]) =>
      (role === 'tests' ? rowsOf(table) : []).map(({ number, tests }) => ({
        path,
        id: `${kind}-${number}`,
        hasReason: REASON.test(tests),
      })),
    ),
  );
}

/** The documents with tables, as they are and as they should be. */
export function documentsWithTables() {
  const tests = citedTests();
  return documents().map(({ path, text }) => ({
    path,
    text,
    updated: text.replace(TABLE, (whole, _role, kind, table) =>
      whole.replace(table, () => withLinks(table, kind, path, tests)),
    ),
  }));
}

function documents() {
  return ['README.md', ...filesUnder('docs', /\.md$/)]
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
    .filter(({ text }) => text.match(TABLE) !== null);
}

function withLinks(table, kind, path, tests) {
  return rowsOf(table).reduce((text, { line, number, tests: cell }) => {
    const paths = tests.get(`${kind}-${number}`) ?? [];
    const links = paths.map((test) => `[${shortName(test)}](${relative(dirname(path), test)})`).join(', ');
    const column = paths.length === 0 && REASON.test(cell) ? cell : links;
    return text.replace(
      `${line}\n`,
      () => `${line.slice(0, line.lastIndexOf(' | ', line.length - 3))} | ${column} |\n`,
    );
  }, table);
}

function shortName(path) {
  return path
    .replace(/^packages\//, '')
    .replace(/\.tsx?$/, '')
    .replace(/\.test$/, '');
}

function rowsOf(table) {
  return [...table.matchAll(/^\| (\d+) \| .*\|$/gm)].map(([line, number]) => {
    return { line, number, tests: line.slice(line.lastIndexOf(' | ', line.length - 3) + 3, -1).trim() };
  });
}

function filesUnder(folder, name) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !/(^|\/)(node_modules|dist)\//.test(path))
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { path, text, updated } of documentsWithTables()) {
    if (updated === text) continue;
    writeFileSync(join(root, path), updated);
    console.log(`${path} is updated`);
  }
}
