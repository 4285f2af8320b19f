import { afterEach, expect, test } from 'vitest';
import { examplesIn, readDocument, unnamedBlocksIn } from './documents.ts';
import { type Snippets, writeSnippets } from './snippets.ts';

const SIZE = 20 * 1024 ** 2;
const documents = ['node', 'server', 'browser'];
let snippets: Snippets;

const write = async (name: string): Promise<void> => {
  snippets = await writeSnippets(`getting-started-${name}`, readDocument(`getting-started/${name}.md`));
};
afterEach(() => snippets?.close());

test('every block of code of the tutorials has a name and is run', () => {
  const files = documents.flatMap((name) => {
    const document = readDocument(`getting-started/${name}.md`);
    expect(unnamedBlocksIn(document)).toEqual([]);
    return examplesIn(document).map((example) => `${name}: ${example.name}`);
  });
  expect(files).toEqual([
    ...['store.mjs', 'upload.mjs', 'progress.mjs', 'resume.mjs'].map((file) => `node: ${file}`),
    ...['server.mjs', 'client.mjs'].map((file) => `server: ${file}`),
    // examples/web/test/documents.page.test.ts opens the page.
    ...['index.html', 'page.js', 'lasting.js'].map((file) => `browser: ${file}`),
  ]);
});

test('the programs of the Node tutorial upload the file', async () => {
  await write('node');
  const { model } = snippets.emulator;
  const output = await snippets.run('upload.mjs');
  expect(model.object('media', 'movies/1.mp4')?.size).toBe(SIZE);
  expect(output).toContain(model.object('media', 'movies/1.mp4')?.crc64);
  expect(await snippets.run('progress.mjs')).toContain(`completed: ${SIZE} of ${SIZE} bytes`);
  expect(await snippets.run('progress.mjs', { OSS_ACCESS_KEY_SECRET: 'wrong' })).toMatch(
    /^\[signature_mismatch\]/m,
  );
  await snippets.run('resume.mjs');
  expect(model.object('media', 'movies/2.mp4')?.size).toBe(SIZE);
});

test('the server of the tutorial accepts the command and the program', async () => {
  await write('server');
  const { model } = snippets.emulator;
  await snippets.start('server.mjs');
  const command = /^npx partway put .*$/m.exec(readDocument('getting-started/server.md'))?.[0] ?? '';
  await snippets.runCommand(command);
  expect(model.object('media', 'wei/movie.mp4')?.size).toBe(SIZE);
  await snippets.run('client.mjs');
  expect(model.object('media', 'wei/holiday.mp4')?.size).toBe(SIZE);
});
