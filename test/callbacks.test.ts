import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');

test('what docs/CALLBACKS.md shows is what the example runs', () => {
  const example = read('examples/callback.ts');
  const blocks = [...read('docs/CALLBACKS.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(
    ([, code = '']) => code,
  );
  expect(blocks).toHaveLength(3);
  for (const block of blocks) expect(example).toContain(block);
});
