import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { claimUnless, type DrivenPage, lackOf } from '../engines/page-driver.ts';
import { sizes } from './sizes.ts';
import { type SurviveStage, startSurviveStage, whenNoted } from './survive-stage.ts';

const PART = 8 * 1024 ** 2;
const SIZE = sizes().large;
const PARTS = Math.ceil(SIZE / PART);
const HALF = Math.floor(PARTS / 2);

vi.setConfig({ testTimeout: 300_000 });
let stage: SurviveStage;
let path: string;

beforeAll(async () => {
  stage = await startSurviveStage();
  path = await stage.file('film.mkv', SIZE);
}, 60_000);
afterAll(() => stage.close());

test(`${Math.floor(SIZE / 1e6)} MB are uploaded in parts, each of them once`, async () => {
  const tab = await stage.open();
  await tab.choose(path);
  await tab.evaluate(() => window.uploads.upload({ key: 'whole' }));
  expect(await tab.evaluate(() => window.uploads.ended())).toBe('completed');
  const numbers = stage.sent.of('whole').map(({ partNumber }) => partNumber);
  expect(numbers.toSorted((a = 0, b = 0) => a - b)).toEqual(Array.from({ length: PARTS }, (_, n) => n + 1));
  await stage.expectStored('whole', path);
  await tab.close();
});

/** An upload of which OSS holds one half and leaves all further parts without a response. */
async function halfWay(key: string): Promise<{ readonly tab: DrivenPage; readonly id: string }> {
  const tab = await stage.open();
  await tab.choose(path);
  const stopped = stage.stopAfter(key, HALF, 'silent');
  await tab.evaluate((to) => window.uploads.upload({ key: to }), key);
  await stopped.whenStopped();
  const id = await whenNoted(tab, key, HALF * PART);
  stopped.letGo();
  return { tab, id };
}

/** Chooses the file again and resumes; stored parts must not be sent again. */
async function finish(
  tab: DrivenPage,
  { key, id }: { readonly key: string; readonly id: string },
): Promise<void> {
  const storedParts = stage.heldParts(key);
  expect(storedParts).toHaveLength(HALF);
  const sentBefore = stage.sent.of(key).length;
  await tab.choose(path);
  expect(await tab.evaluate((wanted) => window.uploads.resume(wanted), id)).toBeUndefined();
  expect(await tab.evaluate(() => window.uploads.ended())).toBe('completed');
  const sentAgain = stage.sent.of(key).slice(sentBefore);
  expect(sentAgain.filter(({ partNumber = 0 }) => storedParts.includes(partNumber))).toEqual([]);
  expect(sentAgain.reduce((sum, { size }) => sum + size, 0)).toBe(SIZE - HALF * PART);
  expect(stage.sent.initiations(key)).toBe(1);
  await stage.expectStored(key, path);
  expect(await tab.evaluate(() => window.uploads.list())).toEqual([]);
  await tab.close();
}

test('after a reload at 50 % and choosing the file again, the other half is sent', async () => {
  const { tab, id } = await halfWay('reloaded');
  await tab.reload();
  await finish(tab, { key: 'reloaded', id });
});

const noRestart = lackOf('restart');
const killed = 'after the browser was killed at 50 % the file is chosen again, and the other half is sent';

test.skipIf(noRestart)(claimUnless(noRestart, killed), async () => {
  const { id } = await halfWay('killed');
  await stage.kill();
  const tab = await stage.open();
  expect(await tab.evaluate(() => window.uploads.list())).toMatchObject([
    { id, name: 'film.mkv', size: SIZE, confirmedBytes: HALF * PART, isActive: false },
  ]);
  await finish(tab, { key: 'killed', id });
});
