import { expect, test } from 'vitest';
import { findMissingDocComments } from '../tooling/api/doc-comments.ts';
import { loadApi } from '../tooling/api/load-api.ts';

test('every exported symbol and member has a doc comment', () => {
  expect(findMissingDocComments(loadApi())).toEqual([]);
});
