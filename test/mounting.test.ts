import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { examplesIn, readDocument, readFromRoot } from './documents.ts';

test('the guide to mounting shows every example of a mount, or a file that the example imports', () => {
  const shown = examplesIn(readDocument('guides/mounting.md')).map(({ name }) => name);
  const folder = fileURLToPath(new URL('../examples', import.meta.url));
  const examples = readdirSync(folder).filter((name) => name.startsWith('mount-'));
  const missing = examples.filter((name) => {
    const source = readFromRoot(`examples/${name}`);
    const isImported = (path: string) =>
      source.includes(path.replace('examples/', './').replace(/\.ts$/, ''));
    return !shown.includes(`examples/${name}`) && !shown.some(isImported);
  });
  expect(examples.length).toBeGreaterThan(0);
  expect(missing).toEqual([]);
});
