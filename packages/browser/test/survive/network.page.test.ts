import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Tab } from './browser.ts';
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

async function begin(key: string, attemptsMax: number): Promise<Tab> {
  const tab = await stage.open();
  await tab.choose(path);
  await tab.passTime(0);
  const terms = { key, partSize: PART, retry: { attemptsMax } };
  await tab.run((given) => window.uploads.upload(given), terms);
  return tab;
}

test('ten seconds without a network, in the middle, cost no part that was there before', async () => {
  const key = 'offline';
  const stopped = stage.stopAfter(key, 6, 'silent');
  const tab = await begin(key, 100);
  await stopped.whenStopped();
  await stage.setOffline(true);
  const isReached = () =>
    fetch('/').then(
      () => true,
      () => false,
    );
  expect(await tab.run(isReached)).toBe(false);
  const heldBefore = stage.heldParts(key);
  const sentBefore = stage.sent.of(key).length;
  stopped.letGo();
  await tab.passTime(10_000);
  expect(stage.sent.of(key)).toHaveLength(sentBefore);
  expect(await tab.run(() => window.uploads.progress())).not.toMatchObject({ phase: 'failed' });
  await stage.setOffline(false);

  // What the upload waits for after its last try is time of the page.
  const phase = async () => {
    await tab.passTime(1000);
    return (await tab.run(() => window.uploads.progress())).phase;
  };
  await expect.poll(phase, { timeout: 30_000 }).toBe('completed');
  const sentAgain = stage.sent.of(key).slice(sentBefore);
  expect(sentAgain.filter(({ partNumber = 0 }) => heldBefore.includes(partNumber))).toEqual([]);
  await stage.expectStored(key, path);
  await tab.close();
});

test('URLs that expire on their way to OSS are signed anew, and no part is lost', async () => {
  const key = 'expired';
  stage.sent.onPart = () => {
    if (stage.sent.of(key).length === 5) stage.passServerTime(HOUR_MS);
  };
  const tab = await begin(key, 3);
  expect(await tab.run(() => window.uploads.ended())).toBe('completed');
  const refused = stage.sent.of(key).filter(({ status }) => status === 403);
  expect(refused.length).toBeGreaterThan(0);
  expect(await tab.run(() => window.uploads.progress())).toMatchObject({ retries: refused.length });
  await stage.expectStored(key, path);
  await tab.close();
});
