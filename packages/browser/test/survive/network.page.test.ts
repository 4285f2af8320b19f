import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { claimUnless, type DrivenPage, lackOf } from '../engines/page-driver.ts';
import { type SurviveStage, startSurviveStage } from './survive-stage.ts';

const PART = 102_400;
const SIZE = 12 * PART + 1;
const HOUR_MS = 3_600_000;

let stage: SurviveStage;
let path: string;

beforeAll(async () => {
  stage = await startSurviveStage();
  path = await stage.file('film.mkv', SIZE);
}, 60_000);
afterAll(() => stage.close());

async function begin(tab: DrivenPage, key: string, attemptsMax: number): Promise<void> {
  await tab.choose(path);
  const terms = { key, partSize: PART, retry: { attemptsMax } };
  await tab.evaluate((given) => window.uploads.upload(given), terms);
}

const noOffline = lackOf('offline');
const offline = 'ten seconds without a network, in the middle, cost no part that was there before';

test.skipIf(noOffline)(claimUnless(noOffline, offline), async () => {
  const key = 'offline';
  const stopped = stage.stopAfter(key, 6, 'silent');
  const tab = await stage.open();
  await tab.passTime(0);
  await begin(tab, key, 100);
  await stopped.whenStopped();
  await stage.setOffline(true);
  onTestFinished(() => stage.setOffline(false));
  const isReached = () =>
    fetch('/').then(
      () => true,
      () => false,
    );
  expect(await tab.evaluate(isReached)).toBe(false);
  const heldBefore = stage.heldParts(key);
  const sentBefore = stage.sent.of(key).length;
  stopped.letGo();
  await tab.passTime(10_000);
  expect(stage.sent.of(key)).toHaveLength(sentBefore);
  expect(await tab.evaluate(() => window.uploads.progress())).not.toMatchObject({ phase: 'failed' });
  await stage.setOffline(false);

  // After its last attempt the upload waits for the clock of the page.
  const phase = async () => {
    await tab.passTime(1000);
    return (await tab.evaluate(() => window.uploads.progress())).phase;
  };
  await expect.poll(phase, { timeout: 30_000 }).toBe('completed');
  const sentAgain = stage.sent.of(key).slice(sentBefore);
  expect(sentAgain.filter(({ partNumber = 0 }) => heldBefore.includes(partNumber))).toEqual([]);
  await stage.expectStored(key, path);
  await tab.close();
});

test('URLs that expire before they reach OSS are signed again, and no part is lost', async () => {
  const key = 'expired';
  stage.sent.onPart = () => {
    if (stage.sent.of(key).length === 5) stage.passServerTime(HOUR_MS);
  };
  const tab = await stage.open();
  await begin(tab, key, 3);
  expect(await tab.evaluate(() => window.uploads.ended())).toBe('completed');
  const refused = stage.sent.of(key).filter(({ status }) => status === 403);
  expect(refused.length).toBeGreaterThan(0);
  expect(await tab.evaluate(() => window.uploads.progress())).toMatchObject({ retries: refused.length });
  await stage.expectStored(key, path);
  await tab.close();
});
