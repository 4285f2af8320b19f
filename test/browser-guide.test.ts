import { expect, test } from 'vitest';
import { examplesIn, readDocument, readFromRoot, withoutComments } from './documents.ts';

const examples = examplesIn(readDocument('guides/browser.md'));

test.each(examples)('the guide to pages shows all of $name, which runs in browsers', ({ name, code }) => {
  expect(withoutComments(readFromRoot(name))).toBe(withoutComments(code));
  const guideTest = readFromRoot('packages/browser/test/guide/guide.browser.test.ts');
  expect(guideTest).toContain(name.replace('packages/browser/test/guide/', './'));
});
