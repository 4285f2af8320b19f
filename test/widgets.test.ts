import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const guide = readFileSync(`${root}docs/WIDGETS.md`, 'utf8');
const element = 'packages/browser/src/element';
const blocks = [...guide.matchAll(/```tsx?\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, path = '', code = '']) => ({
  path,
  code,
}));

test('every script of the guide to widgets names the file it is from', () => {
  expect(guide.match(/```tsx?$/gm)).toHaveLength(blocks.length);
  expect(blocks.filter(({ path }) => !existsSync(root + path))).toEqual([]);
});

test.each(blocks)('what the guide shows of $path stands there, and a test runs it', ({ path, code }) => {
  const tests = readFileSync(`${root}packages/browser/test/widgets.browser.test.ts`, 'utf8');
  expect(readFileSync(root + path, 'utf8')).toContain(code);
  expect(tests).toContain(path.replace('packages/browser/test/', './'));
});

test('the element of the guide is the one that a test runs', () => {
  const page = readFileSync(`${root}packages/browser/test/widgets/page.html`, 'utf8');
  expect(guide).toContain(`\`\`\`html\n${page}\`\`\``);
});

test('the guide names every custom property and every part of the element, and no other', () => {
  const styles = readFileSync(`${root}${element}/styles.ts`, 'utf8');
  const namesIn = (text: string): Set<string> => new Set(text.match(/--partway-[a-z-]+/g));
  expect(namesIn(guide)).toEqual(namesIn(styles));
  const named =
    guide.slice(guide.indexOf('the like:'), guide.indexOf('Chrome 123')).match(/`[a-z-]+`/g) ?? [];
  const styled = [...styles.matchAll(/\[part~=([a-z-]+)\]/g)].map(([, part]) => `\`${part}\``);
  const known = styled.filter((part) => !/told|-(paused|offline|failed|completed|unfinished)/.test(part));
  expect(new Set(named)).toEqual(
    new Set([
      ...known,
      '`row-`',
      '`status-`',
      '`progress`',
      '`list`',
      '`toggle`',
      '`again`',
      '`remove`',
      '`overall-progress`',
    ]),
  );
});

test('the guide names every attribute and every event of the element', () => {
  const attributes = readFileSync(`${root}${element}/attributes.ts`, 'utf8');
  const events = readFileSync(`${root}${element}/events.ts`, 'utf8');
  const names = [
    ...(/WATCHED_ATTRIBUTES[^;]+;/.exec(attributes)?.[0].matchAll(/'([a-z-]+)'/g) ?? []),
    ...events.matchAll(/'(partway-[a-z]+)':/g),
  ].map(([, name]) => `\`${name}\``);
  expect(names).toHaveLength(11);
  expect(names.filter((name) => !guide.includes(name))).toEqual([]);
});
