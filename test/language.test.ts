import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

type Idioms = Readonly<{ words: number; idioms: readonly Readonly<{ word: string; index: number }>[] }>;
type Prose = Readonly<{ kind: string; text: string; line: number }>;
type OldName = Readonly<{ name: string; line: number }>;

const tooling = (file: string): string =>
  pathToFileURL(fileURLToPath(new URL(`../tooling/${file}`, import.meta.url))).href;
const { countIdioms, oldNamesOf } = (await import(tooling('language.mjs'))) as {
  countIdioms: (text: string, mayStartLowerCase?: boolean) => Idioms;
  oldNamesOf: (path: string, source: string) => OldName[];
};
const { proseOf } = (await import(tooling('prose.mjs'))) as {
  proseOf: (path: string, source: string) => Prose[];
};

const wordsOf = (text: string, mayStartLowerCase?: boolean): string[] =>
  countIdioms(text, mayStartLowerCase).idioms.map(({ word }) => word);
const textsOf = (path: string, source: string): string[][] =>
  proseOf(path, source).map(({ kind, text }) => [kind, text.replace(/\s+/g, ' ').trim()]);

test.each([
  ['The client is told, nobody hears.', ['tell', 'nobody', 'hear']],
  ['An upload goes\non; it went on; it is gone on with.', ['go on', 'go on', 'go on']],
  ['It lets go of the lock for want of time.', ['let go', 'for want of']],
  ['The option --answer, a half-told story, retelling.', []],
  ['The caller aborts the upload.', []],
])('countIdioms finds inflected forms as whole words: %j', (text, words) => {
  expect(wordsOf(text)).toEqual(words);
});

test('a sentence that starts with a clause is counted, a question is not', () => {
  expect(wordsOf('What fails is kept. Then (see 1.5) it ends. **Who aborts** waits.')).toEqual([
    'headless clause',
    'headless clause',
  ]);
  expect(wordsOf('What is a part plan? What OSS lists is kept.')).toEqual([]);
  expect(wordsOf('what fails is kept')).toEqual([]);
  expect(wordsOf('what fails is kept', true)).toEqual(['headless clause']);
});

test('countIdioms counts words, not numbers or punctuation', () => {
  expect(countIdioms("A part-size of 5 MiB isn't small.").words).toBe(6);
});

test('markdown without fences, code spans, comments and link targets', () => {
  const source = [
    '# Title',
    '',
    'A `told` [link](./told.md) <!-- told -->',
    '',
    '```ts',
    'told();',
    '```',
    '',
    '| a | b |',
  ].join('\n');
  expect(textsOf('docs/a.md', source)).toEqual([
    ['docs', '# Title'],
    ['docs', 'A [link'],
    ['docs', 'a'],
    ['docs', 'b'],
  ]);
  expect(proseOf('docs/adr/0001-a.md', source).map(({ kind, line }) => [kind, line])[1]).toEqual(['adr', 3]);
});

test('a source gives its comments, the titles of its tests and its messages', () => {
  const source = [
    '/** One `two`',
    ' * three. */',
    '// four',
    '// five',
    "test('six', () => {});",
    `test.each(rows)(\`seven \${eight}\`, () => {});`,
    "throw new TypeError('nine ten');",
    "const other = ['eleven twelve', 'a longer message'];",
    "import type { Thirteen } from 'a longer path';",
  ].join('\n');
  const comments = [
    ['comments', 'One three.'],
    ['comments', 'four five'],
  ];
  const titles = [
    ['titles', 'six'],
    ['titles', 'seven'],
  ];
  const messages = [
    ['messages', 'nine ten'],
    ['messages', 'a longer message'],
  ];
  expect(textsOf('packages/core/src/a.ts', source)).toEqual([...comments, ...titles, ...messages]);
  expect(textsOf('packages/core/src/a.test.ts', source)).toEqual([...comments, ...titles]);
});

test('an old name that is also a word counts in code only', () => {
  const source = "// told, lostForMs\nconst told = 'told';\nconst untold = told;\n";
  expect(oldNamesOf('a.ts', source)).toEqual([
    { name: 'lostForMs', line: 1 },
    { name: 'told', line: 2 },
    { name: 'told', line: 3 },
  ]);
  expect(oldNamesOf('a.md', 'told `told` urlsWanted').map(({ name }) => name)).toEqual([
    'told',
    'urlsWanted',
  ]);
});
