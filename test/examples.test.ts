import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  documentPaths,
  type Example,
  examplesIn,
  readFromRoot,
  unnamedBlocksIn,
  withoutComments,
} from './documents.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The examples that are named after the file they are taken from. */
const excerpts = documentPaths().flatMap((path) =>
  examplesIn(readFromRoot(join('docs', path)))
    .filter(({ name }) => name.includes('/'))
    .map((example): Example & { readonly path: string } => ({ path, ...example })),
);

test.each(excerpts)('the example of $name in docs/$path is an excerpt of that file', ({ name, code }) => {
  expect(existsSync(root + name), name).toBe(true);
  expect(withoutComments(readFromRoot(name))).toContain(withoutComments(code));
});

test('every block of TypeScript, JavaScript and HTML in docs/ has a name that a test can find', () => {
  const unnamed = documentPaths().flatMap((path) =>
    unnamedBlocksIn(readFromRoot(join('docs', path))).map((line) => `${path}: ${line}`),
  );
  expect(unnamed).toEqual([]);
  expect(excerpts.length).toBeGreaterThan(15);
});
