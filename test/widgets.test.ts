import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PartwayUploadElement } from '@partway/browser/element';
import { expect, test } from 'vitest';
import { examplesIn, passageIn, readDocument, readFromRoot } from './documents.ts';

const guide = readDocument('guides/widgets.md');
const folder = 'packages/browser/src/element';
const element = readdirSync(fileURLToPath(new URL(`../${folder}`, import.meta.url)), {
  recursive: true,
  encoding: 'utf8',
})
  .filter((name) => /\.ts$/.test(name))
  .map((name) => readFromRoot(`${folder}/${name}`))
  .join('\n');

test.each(examplesIn(guide).filter(({ language }) => language !== 'html'))(
  'the example of $name runs in browsers',
  ({ name }) => {
    const tests = readFromRoot('packages/browser/test/widgets/widgets.browser.test.ts');
    expect(tests).toContain(name.replace('packages/browser/test/widgets/', './'));
  },
);

test('the guide names every custom property of the element, and no other', () => {
  const namesIn = (text: string): Set<string> => new Set(text.match(/--partway-[a-z-]+/g));
  expect(namesIn(guide)).toEqual(namesIn(element));
});

test('the guide names every part of the element that has a style, and no part that does not exist', () => {
  const named = new Set([...passageIn(guide, 'parts').matchAll(/`([a-z-]+)`/g)].map(([, part]) => part));
  const styled = [...element.matchAll(/\[part~=([a-z-]+)\]/g)].map(([, part = '']) => part);
  // `row-` and `status-` stand for all that begin so; what is for screen readers alone has no name of its
  // own.
  const known = styled.filter(
    (part) => !/announcer|-(paused|offline|failed|completed|unfinished)/.test(part),
  );
  const unstyled = ['progress', 'list', 'toggle', 'resume', 'remove', 'overall-progress'];
  expect(named).toEqual(new Set([...known, ...unstyled, 'row-', 'status-']));
});

test('the guide names every attribute and every event of the element', () => {
  const attributes: readonly string[] = PartwayUploadElement.observedAttributes;
  const events = new Set(
    [...element.matchAll(/'(partway-[a-z]+)': CustomEvent/g)].map(([, name = '']) => name),
  );
  const names = [...attributes, ...events];
  expect(names).toHaveLength(11);
  expect(names.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
});
