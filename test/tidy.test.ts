import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { observeControlPlane } from '@partway/core/opentelemetry';
import { expect, test } from 'vitest';
import { readDocument } from './documents.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = filesUnder('packages', '.ts').filter((path) => path.includes('/src/'));
const shipped = sources.filter((path) => !path.endsWith('.test.ts'));
const tests = [...filesUnder('packages', '.test.ts'), ...filesUnder('test', '.test.ts')];

/** The folders that a folder may import from. All other imports are forbidden. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'core/checksum': ['core/root', 'core/checksum'],
  'core/parts': ['core/root', 'core/parts', 'core/checksum', 'core/oss:limits'],
  'core/oss': ['core/root', 'core/oss', 'core/testing'],
  'core/root': [
    'core/root',
    'core/checksum',
    'core/parts',
    'core/upload',
    'core/http',
    'core/oss:limits',
    'core/oss:key',
    'core/oss:object-headers',
  ],
  'core/upload': [
    'core/root',
    'core/upload',
    'core/parts',
    'core/checksum',
    'core/oss:error-response',
    'core/oss:limits',
  ],
  'core/http': ['core/root', 'core/http', 'core/parts', 'core/oss:limits'],
  'core/coordinator': [
    'core/root',
    'core/coordinator',
    'core/parts',
    'core/http:wire-error',
    'core/oss:key',
    'core/oss:limits',
    'core/oss:object-headers',
  ],
  // It imports types of uploads from the index, and receives the events of any other listener.
  'core/opentelemetry': ['core/root', 'core/opentelemetry'],
  'core/doctor': ['core/root', 'core/doctor', 'core/oss', 'core/parts', 'core/checksum'],
  'core/testing': [
    'core/root',
    'core/testing',
    'core/parts',
    'core/checksum',
    'core/upload:in-memory-checkpoints',
  ],
  node: [
    'node',
    '@partway/core',
    '@partway/core/ports',
    '@partway/core/internal',
    '@partway/core/oss',
    '@partway/core/coordinator',
    '@partway/core/doctor',
  ],
  browser: ['browser', '@partway/core', '@partway/core/ports', '@partway/core/internal', '@partway/core/oss'],
  emulator: ['emulator'],
};

test.each(shipped)('%s imports only from rooms it may know', (path) => {
  const allowed = ARROWS[roomOf(path)] ?? [];
  for (const target of importsOf(path).map((specifier) => roomOfImport(path, specifier))) {
    if (target === undefined) continue;
    const room = target.split(':')[0] ?? target;
    expect(allowed, `${path} imports ${target}`).toSatisfy(
      (rooms: readonly string[]) => rooms.includes(target) || rooms.includes(room),
    );
  }
});

test('core and browser import nothing of Node, but for one hash', () => {
  const foreign = shipped
    .filter((path) => path.startsWith('packages/core/') || path.startsWith('packages/browser/'))
    .flatMap((path) => importsOf(path).map((specifier) => `${path}: ${specifier}`))
    .filter((line) => / node:/.test(line));
  // `#sha256` of core's "imports" resolves to it on Node only.
  expect(foreign).toEqual(['packages/core/src/oss/signing/sha256-node.ts: node:crypto']);
});

/** A second importer of a dependency is a question for the review. */
const ONE_IMPORTER: Readonly<Record<string, string>> = {
  valibot: 'packages/core/src/coordinator/http/protocol.ts',
  idb: 'packages/browser/src/resume/upload-database.ts',
  jose: 'packages/core/src/coordinator/upload-token.ts',
  '#sha256': 'packages/core/src/oss/signing/signature-v4.ts',
  '@noble/hashes/sha2.js': 'packages/core/src/oss/signing/sha256.ts',
};

test.each(Object.entries(ONE_IMPORTER))('%s is imported by %s alone', (dependency, importer) => {
  expect(shipped.filter((path) => importsOf(path).includes(dependency))).toEqual([importer]);
});

test('@opentelemetry/api, which is optional, is imported by the room that nothing else imports', () => {
  const room = 'packages/core/src/opentelemetry/';
  const importers = shipped.filter((path) => importsOf(path).includes('@opentelemetry/api'));
  expect(importers.length).toBeGreaterThan(0);
  expect(importers.filter((path) => !path.startsWith(room))).toEqual([]);
  expect(
    shipped.filter((path) => path.startsWith(room) && /import \{[^}]*\} from '..\/index/.test(read(path))),
  ).toEqual([]);
});

test('a framework is imported by the room of its name, which nothing else imports', () => {
  for (const framework of ['react', 'vue']) {
    const room = `packages/browser/src/${framework}/`;
    const importers = shipped.filter((path) => importsOf(path).includes(framework));
    expect(importers.length).toBeGreaterThan(0);
    expect(importers.filter((path) => !path.startsWith(room))).toEqual([]);
    const others = shipped.filter((path) => !path.startsWith(room));
    expect(others.filter((path) => read(path).includes(`/${framework}/`))).toEqual([]);
  }
});

test('fast-xml-parser is imported by one file a package', () => {
  expect(shipped.filter((path) => importsOf(path).includes('fast-xml-parser'))).toEqual([
    'packages/core/src/oss/xml.ts',
    'packages/emulator/src/http/xml.ts',
  ]);
});

test.each(shipped)('%s is at most 250 lines of at most 110 characters', (path) => {
  const lines = read(path).trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(250);
  expect(lines.filter((line) => line.length > 110)).toEqual([]);
});

test('no function is longer than 70 lines', () => {
  const long = shipped.flatMap((path) =>
    functionsOf(read(path))
      .filter(({ length }) => length > 70)
      .map(({ name, length }) => `${path}: ${name} has ${length} lines`),
  );
  expect(long).toEqual([]);
});

test('nothing is left to do later, skipped, or hidden from the compiler', () => {
  const marks =
    /\b(TODO|FIXME|XXX)\b|@ts-(ignore|expect-error|nocheck)|\bas any\b|\b(test|describe|it)\.only\b/;
  const here = 'test/tidy.test.ts';
  const found = [...sources, ...tests].filter((path) => path !== here && marks.test(read(path)));
  expect(found).toEqual([]);
});

test('no test sleeps', () => {
  const found = tests.filter(
    (path) => path !== 'test/tidy.test.ts' && /setTimeout\(|timers\/promises/.test(read(path)),
  );
  expect(found).toEqual([]);
});

test('file names describe their contents in standard terms', () => {
  const vague = /(^|\/|-)(utils?|helpers?|manager|common|misc|data|info)(-|\.)/;
  expect(sources.filter((path) => vague.test(path))).toEqual([]);
});

test('every metric and every span has a row in docs/reference/telemetry.md, and every row is one of them', () => {
  const room = shipped
    .filter((path) => path.startsWith('packages/core/src/opentelemetry/'))
    .map(read)
    .join('\n');
  // Names of attributes are followed by a colon, or set alone.
  const named = [...room.matchAll(/(?<!setAttribute\()'(partway\.[\w.]+)',/g)].map((match) => match[1]);
  const verbs = Object.keys(observeControlPlane(createInertControlPlane())).map((verb) => `partway.${verb}`);
  const rows = [...readDocument('reference/telemetry.md').matchAll(/^\| `(partway[\w.]+)` \|/gm)];
  expect(new Set(rows.map((match) => match[1]))).toEqual(new Set([...named, ...verbs]));
  expect(rows.length).toBeGreaterThan(10);
});

test('every decision record is linked from the architecture', () => {
  const architecture = readDocument('explanation/architecture.md');
  const records = readdirSync(join(root, 'docs/explanation/adr'));
  expect(records.length).toBeGreaterThan(0);
  expect(records.filter((name) => !architecture.includes(`adr/${name}`))).toEqual([]);
});

test('every canary has one anchor, every anchor a canary, and the mistake can be made there', async () => {
  const folder = 'packages/core/test/simulation';
  const { CANARIES } = (await importOf(`${folder}/canary-list.mjs`)) as { CANARIES: readonly Canary[] };
  const { anchorsIn, mutate } = (await importOf(`${folder}/mutations.mjs`)) as Mutations;
  const anchored = new Map<string, string>();
  for (const path of shipped.filter((each) => each.startsWith('packages/core/'))) {
    for (const id of anchorsIn(read(path))) {
      expect(anchored.get(id), `the other anchor of ${id}, in ${path}`).toBeUndefined();
      anchored.set(id, path);
    }
  }
  expect(CANARIES).toHaveLength(anchored.size);
  expect(new Set(CANARIES.map(({ id }) => id))).toEqual(new Set(anchored.keys()));
  for (const canary of CANARIES) {
    const path = anchored.get(canary.id) ?? '';
    expect(mutate(path, read(path), canary), canary.id).not.toBe(read(path));
  }
});

/** Has every verb, and does nothing. */
function createInertControlPlane(): Parameters<typeof observeControlPlane>[0] {
  const unanswered = (): Promise<never> => new Promise(() => undefined);
  return {
    initiate: unanswered,
    presignParts: unanswered,
    listParts: unanswered,
    complete: unanswered,
    abort: unanswered,
  };
}

interface Canary {
  readonly id: string;
}

interface Mutations {
  anchorsIn(text: string): readonly string[];
  mutate(path: string, text: string, canary: Canary): string;
}

function importOf(path: string): Promise<unknown> {
  return import(pathToFileURL(join(root, path)).href);
}

function filesUnder(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !/(^|\/)(node_modules|dist)\//.test(path))
    .sort();
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function importsOf(path: string): string[] {
  // Without the lines of doc comments: their examples import too.
  const code = read(path).replaceAll(/^ *\*.*$/gm, '');
  return [...code.matchAll(/(?:^|\n)(?:import|export)[^;]*?from '([^']+)'/g)].map((match) => match[1] ?? '');
}

/** `core/upload`, `core/root` or a package's name. */
function roomOf(path: string): string {
  const [, name = '', , folder = ''] = path.split('/');
  if (name !== 'core') return name;
  return folder.endsWith('.ts') ? 'core/root' : `core/${folder}`;
}

/** The room, and behind a colon the file, that an import leads to; `undefined` for foreign packages. */
function roomOfImport(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('@partway/')) return specifier;
  if (!specifier.startsWith('.')) return undefined;
  const target = relative(root, resolve(root, dirname(from), specifier));
  const name = target.split('/').at(-1)?.replace('.ts', '');
  return `${roomOf(target)}:${name}`;
}

/** Of a canary: not a line of the function. */
const ANCHOR = /^ *\/\/ canary: /;

function functionsOf(text: string): { name: string; length: number }[] {
  const lines = text.split('\n');
  return lines.flatMap((line, start) => {
    const name = /^(?:export )?(?:async )?function\*? (\w+)/.exec(line)?.[1];
    if (name === undefined) return [];
    const end = lines.findIndex((candidate, index) => index > start && /^\}/.test(candidate));
    const anchors = lines.slice(start, end).filter((each) => ANCHOR.test(each));
    return [{ name, length: end - start + 1 - anchors.length }];
  });
}
