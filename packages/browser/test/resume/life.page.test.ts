import { randomBytes } from 'node:crypto';
import type { FaultEffect, FaultHandle } from '@partway/emulator';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { claimUnless, type DrivenPage, lackOf } from '../engines/page-driver.ts';
import { type PageStage, startPageStage } from './page-stage.ts';

// A page that stays open: it loses the network, and the browser freezes it.

const PART = 102_400;
const bytes = randomBytes(6 * PART + 1);
let stage: PageStage;

beforeAll(async () => {
  stage = await startPageStage();
});
afterAll(async () => {
  await stage.close();
});
beforeEach(() => stage.emulator.faults.clear());

/** OSS accepts the request and never responds. */
const SILENT: FaultEffect = { kind: 'silent' };

/** An upload that does not get beyond its third part. */
async function atThirdPart(
  key: string,
  effect: FaultEffect = SILENT,
): Promise<{ readonly page: DrivenPage; readonly heldPart: FaultHandle }> {
  const page = await stage.open();
  const heldPart = stage.emulator.faults.add({ operation: 'UploadPart', key, partNumber: 3, effect });
  await page.choose(await stage.file(`${key}.bin`, bytes));
  await page.evaluate((name) => window.page.upload(name), key);
  await heldPart.whenFired();
  return { page, heldPart };
}

async function expectStored(page: DrivenPage, key: string): Promise<void> {
  expect(await page.evaluate(() => window.page.ended())).toBe('completed');
  const stored = await stage.emulator.model.object('media', key)?.bytes();
  expect(Buffer.compare(stored ?? Buffer.alloc(0), bytes)).toBe(0);
  expect(stage.emulator.model.uploads('media').filter((upload) => upload.key === key)).toEqual([]);
}

/** Events of a page that the browser freezes, or keeps for the back button, and continues later. */
const RESTS = ['freeze', 'pagehide'] as const;

/** A headless browser emits neither; this emits them as the standard does. Returns a function that continues the page. */
async function rest(page: DrivenPage, how: (typeof RESTS)[number]): Promise<() => Promise<void>> {
  const tell = (type: string): Promise<void> =>
    page.evaluate((name) => {
      const isTransition = name.startsWith('page');
      const event = isTransition ? new PageTransitionEvent(name, { persisted: true }) : new Event(name);
      (isTransition ? window : document).dispatchEvent(event);
    }, type);
  await tell(how);
  return () => tell(how === 'freeze' ? 'resume' : 'pageshow');
}

const noOutage = lackOf('offline');

test.skipIf(noOutage)(
  claimUnless(noOutage, 'an upload without a network waits for it and continues [pain-27]'),
  async () => {
    const { page, heldPart } = await atThirdPart('offline', { kind: 'resetAfterBytes', bytes: 1000 });
    const isOffline = (): Promise<boolean | undefined> =>
      page.evaluate(() => window.page.snapshot()?.isOffline);
    await stage.setOffline(true);
    onTestFinished(() => stage.setOffline(false));
    await expect.poll(isOffline, { timeout: 60_000 }).toBe(true);
    // Not before: a try that has reached OSS already would be stored.
    heldPart.remove();
    expect(await page.evaluate(() => window.page.snapshot())).toMatchObject({ confirmedBytes: 2 * PART });
    await stage.setOffline(false);
    await expectStored(page, 'offline');
    expect(await isOffline()).toBe(false);
    await page.close();
  },
);

test.each(RESTS)('a frozen page (%s) lets another tab resume its upload', async (how) => {
  const key = `rests-${how}`;
  const { page, heldPart } = await atThirdPart(key);
  const other = await stage.open();
  const list = (): Promise<unknown> => other.evaluate(() => window.page.list());
  await expect.poll(list).toMatchObject([{ isActive: true, confirmedBytes: 2 * PART }]);
  await rest(page, how);
  heldPart.remove();
  await expect.poll(list).toMatchObject([{ isActive: false }]);
  await other.choose(await stage.file(`${key}.bin`, bytes));
  await other.evaluate((name) => window.page.upload(name), key);
  await expectStored(other, key);
  await other.close();
  await page.close();
});

test.each(RESTS)(
  'a page continued after %s resumes its uploads, but not one that its user paused',
  async (how) => {
    const key = `wakes-${how}`;
    const { page, heldPart } = await atThirdPart(key);
    const phase = (): Promise<string | undefined> => page.evaluate(() => window.page.snapshot()?.phase);
    await page.evaluate(() => window.page.pause());
    await expect.poll(phase).toBe('paused');
    await (await rest(page, how))();
    expect(await phase()).toBe('paused');
    await page.evaluate(() => window.page.resumeCurrent());
    await heldPart.whenFired();
    const wake = await rest(page, how);
    await expect.poll(phase).toBe('paused');
    heldPart.remove();
    await wake();
    await expectStored(page, key);
    await page.close();
  },
);
