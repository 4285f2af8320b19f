import { expect, test } from 'vitest';
import { examplesIn, readDocument, readFromRoot } from './documents.ts';

const examples = examplesIn(readDocument('BROWSER.md'));

test.each(examples)('the guide to pages shows all of $name, which runs in browsers', ({ name, code }) => {
  expect(readFromRoot(name)).toBe(code);
  const guideTest = readFromRoot('packages/browser/test/guide.browser.test.ts');
  expect(guideTest).toContain(name.replace('packages/browser/test', '.'));
});
