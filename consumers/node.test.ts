import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { ENTRY_COUNT, listEntries, PACKAGES } from './packages.ts';
import { type Running, run, start } from './run.ts';
import { BYTES, PART_COUNT, readStored, successMessage } from './uploaded-bytes.ts';

const folder = inject('folder');
const plain = join(folder, 'plain');
let stage: Running;

beforeAll(async () => {
  stage = await start(plain, 'node/stage.js');
  await run(plain, 'node_modules/.bin/tsc', '-p', 'tsconfig.node.json');
});

afterAll(() => stage.close());

test('a compiled Node program uploads a file', async () => {
  await writeFile(join(plain, 'movie.mp4'), BYTES);
  const args = ['built/node/upload.js', 'movie.mp4', `${stage.url}/uploads`];
  const { stdout } = await run(plain, process.execPath, ...args);
  expect(stdout).toBe(`${successMessage('wei/movie.mp4')}\n`);
  const stored = await readStored(stage.url, 'wei/movie.mp4');
  expect(stored.partCount).toBe(PART_COUNT);
  expect(stored.bytes.equals(BYTES)).toBe(true);
});

test('the emulator serves a program in development', async () => {
  const emulator = await start(plain, 'built/node/emulator.js');
  onTestFinished(() => emulator.close());
  const unsigned = await fetch(`${emulator.url}/media/a`);
  expect(unsigned.status).toBe(403);
  expect(await unsigned.text()).toContain('<Code>AccessDenied</Code>');
});

test.each([
  ['partway', /\bput\b/],
  ['partway-emulator', /--port/],
])('npx %s --help prints its usage', async (command, usage) => {
  const { stdout } = await run(plain, 'npx', command, '--help');
  expect(stdout).toMatch(usage);
});

test('every entry can be imported, without the optional peers all entries that need none', async () => {
  const entries = PACKAGES.flatMap((name) => listEntries(plain, name));
  expect(entries).toHaveLength(ENTRY_COUNT);
  expect(await findUnusableEntries('plain', entries)).toEqual(ENTRIES_WITH_PEERS);
  expect(await findUnusableEntries('peers', entries)).toEqual([]);
});

const ENTRIES_WITH_PEERS = ['@partway/core/opentelemetry', '@partway/browser/react', '@partway/browser/vue'];

/** The entries that Node cannot import, or that export nothing. */
async function findUnusableEntries(consumer: string, entries: readonly string[]): Promise<unknown> {
  const program = `const unusable = [];
    for (const entry of ${JSON.stringify(entries)}) {
      const names = await import(entry).then(Object.keys, () => []);
      if (names.length === 0) unusable.push(entry);
    }
    console.log(JSON.stringify(unusable));`;
  const args = ['--input-type=module', '--eval', program];
  const { stdout } = await run(join(folder, consumer), process.execPath, ...args);
  return JSON.parse(stdout);
}
