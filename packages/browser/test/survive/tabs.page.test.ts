import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DrivenPage } from '../engines/page-driver.ts';
import { type SurviveStage, startSurviveStage, whenNoted } from './survive-stage.ts';

const PART = 102_400;
const SIZE = 8 * PART + 1;
const PATIENCE = { timeout: 30_000 };

let stage: SurviveStage;
let path: string;

beforeAll(async () => {
  stage = await startSurviveStage();
  path = await stage.file('film.mkv', SIZE);
}, 60_000);
afterAll(() => stage.close());

function upload(tab: DrivenPage, key: string): Promise<void> {
  // What OSS refuses for now is tried again soon, and as long as the test wants.
  const retry = { attemptsMax: 100, maxMs: 200 };
  return tab.evaluate((terms) => window.uploads.upload(terms), { key, partSize: PART, retry });
}

/** Two tabs that upload the same file to the same key; OSS accepts four parts, the others after release. */
async function twoTabs(key: string) {
  const stopped = stage.stopAfter(key, 4, 'busy');
  const [owner, other] = [await stage.open(), await stage.open()];
  for (const tab of [owner, other]) await tab.choose(path);
  await upload(owner, key);
  await stopped.whenStopped();
  await upload(other, key);
  expect(await other.evaluate(() => window.uploads.ended())).toBe('upload_locked');
  const id = await whenNoted(other, key, 4 * PART);
  return { owner, other, id, release: () => stopped.letGo() };
}

test('with two tabs one uploads, the other observes it, and OSS has one upload', async () => {
  const key = 'shared';
  const { owner, other, id, release } = await twoTabs(key);
  expect(await other.evaluate((wanted) => window.uploads.resume(wanted), id)).toBeUndefined();
  expect(await other.evaluate(() => window.uploads.ended())).toBe('upload_locked');
  const watched = () => other.evaluate(() => window.uploads.watched());
  await expect.poll(watched, PATIENCE).toMatchObject([{ id, key, confirmedBytes: 4 * PART, isActive: true }]);
  release();
  expect(await owner.evaluate(() => window.uploads.ended())).toBe('completed');
  await expect.poll(watched, PATIENCE).toMatchObject([{ id, phase: 'completed', confirmedBytes: SIZE }]);
  expect(stage.sent.initiations(key)).toBe(1);
  await stage.expectStored(key, path);
  await owner.close();
  await other.close();
});

test('after the uploading tab is closed, another tab resumes with the stored parts', async () => {
  const key = 'inherited';
  const { owner, other, id, release } = await twoTabs(key);
  await other.evaluate((wanted) => window.uploads.startWaiting(wanted), id);
  expect(await other.evaluate(() => window.uploads.hasWaited())).toBe(false);
  await owner.close();
  await expect.poll(() => other.evaluate(() => window.uploads.hasWaited()), PATIENCE).toBe(true);
  const storedParts = stage.heldParts(key);
  expect(storedParts).toHaveLength(4);
  // Not before the tab is dead: its last breath could be a part.
  release();
  const sentBefore = stage.sent.of(key).length;
  expect(await other.evaluate((wanted) => window.uploads.resume(wanted), id)).toBeUndefined();
  expect(await other.evaluate(() => window.uploads.ended())).toBe('completed');
  const sentAgain = stage.sent.of(key).slice(sentBefore);
  expect(
    sentAgain.map(({ partNumber = 0 }) => partNumber).filter((part) => storedParts.includes(part)),
  ).toEqual([]);
  expect(sentAgain).toHaveLength(5);
  expect(stage.sent.initiations(key)).toBe(1);
  await stage.expectStored(key, path);
  await other.close();
});
