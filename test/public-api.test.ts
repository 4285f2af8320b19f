import { expect, test } from 'vitest';
import { loadApi } from '../tooling/api/load-api.ts';
import { printApi } from '../tooling/api/print-api.ts';

const api = loadApi();

test('test/public-api.txt matches the exports of every entry', async () => {
  const hint = 'The public API has changed. Run "npm run api" and commit test/public-api.txt with the change';
  await expect(printApi(api), hint).toMatchFileSnapshot('public-api.txt');
});

test.each(api.entries)('$specifier exports its values at run time', async ({ specifier, exports }) => {
  const values = exports.filter(({ isValue }) => isValue).map(({ name }) => name);
  expect(new Set(Object.keys(await import(specifier)))).toEqual(new Set(values));
});
