import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const guide = readFileSync(`${root}docs/BROWSER.md`, 'utf8');
const blocks = [...guide.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, path = '', code = '']) => ({
  path,
  code,
}));

test('every block of TypeScript in docs/BROWSER.md names the file it is', () => {
  expect(blocks.length).toBeGreaterThan(0);
  expect(guide.match(/```ts/g)).toHaveLength(blocks.length);
});

test.each(blocks)('$path, which runs in Chromium, is what docs/BROWSER.md shows', ({ path, code }) => {
  expect(readFileSync(root + path, 'utf8')).toBe(code);
  const guideTest = readFileSync(`${root}packages/browser/test/guide.browser.test.ts`, 'utf8');
  expect(guideTest).toContain(path.replace('packages/browser/test', '.'));
});
