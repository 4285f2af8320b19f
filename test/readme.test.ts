import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examplesIn, readFromRoot, unnamedBlocksIn } from './documents.ts';
import { type Snippets, writeSnippets } from './snippets.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFromRoot('README.md');
let snippets: Snippets;

beforeAll(async () => {
  snippets = await writeSnippets('readme', readme);
});
afterAll(() => snippets.close());

test('every block of code of the README has a name and is run', () => {
  expect(unnamedBlocksIn(readme)).toEqual([]);
  // examples/web/test/documents.page.test.ts opens the page.
  const run = ['server.mjs', 'upload.mjs', 'index.html', 'page.js'];
  expect(examplesIn(readme).map(({ name }) => name)).toEqual(run);
});

test('the Node client of the README uploads a file through its server', async () => {
  await snippets.start('server.mjs');
  const lines = (await snippets.run('upload.mjs')).trim().split('\n');
  const object = snippets.emulator.model.object('media', 'wei/movie.mp4');
  expect(object?.size).toBe(20 * 1024 ** 2);
  expect(object?.headers['content-type']).toBe('video/mp4');
  expect(lines.at(-1)).toContain(object?.crc64);
});

test('the partway commands of the README succeed', async () => {
  const commands = [...readme.matchAll(/^npx partway .*$/gm)].map(([command]) => command);
  expect(commands.length).toBeGreaterThan(1);
  for (const command of commands) await snippets.runCommand(command);
  expect(snippets.emulator.model.object('media', 'movies/1.mp4')?.size).toBe(20 * 1024 ** 2);
});

test('the npm scripts that the README names exist', async () => {
  const { scripts } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
  const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1]);
  expect(named).toContain('demo');
  expect(named.filter((name) => !(String(name) in scripts))).toEqual([]);
});
