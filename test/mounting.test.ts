import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const guide = readFileSync(`${root}docs/MOUNTING.md`, 'utf8');
const blocks = [...guide.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, path = '', code = '']) => ({
  path,
  code,
}));

test('every block of the guide to mounting names the example it is from', () => {
  expect(guide.match(/```/g)).toHaveLength(2 * blocks.length);
  expect(blocks.filter(({ path }) => !existsSync(root + path))).toEqual([]);
});

test.each(blocks)('what the guide shows of $path stands there', ({ path, code }) => {
  expect(readFileSync(root + path, 'utf8')).toContain(code);
});

test('every example of a mount is in the guide, itself or by the files it mounts', () => {
  const examples = readdirSync(`${root}examples`).filter((name) => name.startsWith('mount-'));
  const shown = blocks.map(({ path }) => path);
  const unseen = examples.filter((name) => {
    const source = readFileSync(`${root}examples/${name}`, 'utf8');
    const isShown = (path: string) => source.includes(path.replace('examples/', './').replace(/\.ts$/, ''));
    return !shown.includes(`examples/${name}`) && !shown.some(isShown);
  });
  expect(examples.length).toBeGreaterThan(0);
  expect(unseen).toEqual([]);
});
