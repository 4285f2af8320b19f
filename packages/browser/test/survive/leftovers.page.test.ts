import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SurviveStage, startSurviveStage } from './survive-stage.ts';

const PART = 102_400;
const SIZE = 8 * PART + 1;

let stage: SurviveStage;
let path: string;

beforeAll(async () => {
  stage = await startSurviveStage();
  path = await stage.file('film.mkv', SIZE);
}, 60_000);
afterAll(() => stage.close());

test('abort leaves nothing: no part in OSS, no record in the browser, no lock held', async () => {
  const key = 'aborted';
  const tab = await stage.open();
  await tab.choose(path);
  const stopped = stage.stopAfter(key, 4, 'silent');
  await tab.evaluate((terms) => window.uploads.upload(terms), { key, partSize: PART });
  await stopped.whenStopped();
  const during = await tab.evaluate(() => window.uploads.leftovers());
  expect(during.records.length).toBeGreaterThan(0);
  expect(during.locks.length).toBeGreaterThan(0);

  await tab.evaluate(() => window.uploads.abort());
  expect(await tab.evaluate(() => window.uploads.ended())).toBe('aborted');
  stage.expectNothing(key);
  expect(await tab.evaluate(() => window.uploads.leftovers())).toEqual({ records: [], locks: [] });
  await tab.close();
});

test('a page with blocked storage uploads, and is notified once', async () => {
  const tab = await stage.open('/sandboxed');
  await tab.choose(path);
  await tab.evaluate((terms) => window.uploads.upload(terms), { key: 'blocked', partSize: PART });
  expect(await tab.evaluate(() => window.uploads.ended())).toBe('completed');
  expect(await tab.evaluate(() => window.uploads.blocked())).toEqual(['SecurityError']);
  await stage.expectStored('blocked', path);
  await tab.close();
});
