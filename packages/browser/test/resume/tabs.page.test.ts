import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { claimUnless, type DrivenPage, lackOf } from '../engines/page-driver.ts';
import { type PageStage, startPageStage } from './page-stage.ts';

const PART = 102_400;
const bytes = randomBytes(4 * PART + 1);
let stage: PageStage;

beforeAll(async () => {
  stage = await startPageStage();
});
afterAll(async () => {
  await stage.close();
});
beforeEach(() => stage.emulator.faults.clear());

const PATIENCE = { timeout: 30_000 };

/** Two tabs; the first one uploads, and its third part gets no response. */
async function twoTabs(
  key: string,
): Promise<{ owner: DrivenPage; other: DrivenPage; id: string; release: () => void }> {
  const path = await stage.file(`${key}.bin`, bytes);
  const [owner, other] = [await stage.open(), await stage.open()];
  for (const page of [owner, other]) await page.choose(path);
  const rule = { operation: 'UploadPart', key, partNumber: 3, effect: { kind: 'silent' } } as const;
  const heldPart = stage.emulator.faults.add(rule);
  await owner.evaluate((name) => window.page.upload(name), key);
  await heldPart.whenFired();
  await expect.poll(() => lastWatched(other), PATIENCE).toMatchObject([{ key, confirmedBytes: 2 * PART }]);
  const [upload] = await other.evaluate(() => window.page.list());
  return { owner, other, id: upload?.id ?? '', release: () => heldPart.remove() };
}

function lastWatched(page: DrivenPage) {
  return page.evaluate(() => window.page.watched.at(-1));
}

async function waitUntilUnlocked(page: DrivenPage): Promise<void> {
  await expect.poll(() => page.evaluate(() => window.page.hasWaited), PATIENCE).toBe(true);
}

/** The locks that are waited for in any tab, each once. */
async function waitingFor(page: DrivenPage): Promise<unknown[]> {
  const { pending } = await page.evaluate(() => navigator.locks.query());
  return [...new Set(pending?.map(({ name }) => name))];
}

async function expectStored(key: string): Promise<void> {
  const stored = await stage.emulator.model.object('media', key)?.bytes();
  expect(Buffer.compare(stored ?? Buffer.alloc(0), bytes)).toBe(0);
}

test("a tab observes the progress of another tab's upload, and cannot take it over [pain-39]", async () => {
  const { owner, other, id, release } = await twoTabs('owned');
  expect(await lastWatched(other)).toEqual([
    expect.objectContaining({ id, name: 'owned.bin', key: 'owned', phase: 'sending', isActive: true }),
  ]);
  expect(await lastWatched(other)).toMatchObject([{ size: bytes.length, partCount: 5, partsConfirmed: 2 }]);
  expect(await other.evaluate(() => window.page.list())).toMatchObject([{ id, isActive: true }]);

  await other.evaluate(() => window.page.upload('owned'));
  expect(await other.evaluate(() => window.page.ended())).toBe('upload_locked');
  expect(await other.evaluate((wanted) => window.page.resume(wanted), id)).toBeUndefined();
  expect(await other.evaluate(() => window.page.ended())).toBe('upload_locked');
  expect(await other.evaluate((wanted) => window.page.remove(wanted), id)).toBe('upload_locked');
  expect(await lastWatched(other)).toMatchObject([{ phase: 'sending', isActive: true }]);

  release();
  // The part that was held is sent again, on the way on after the pause.
  await owner.evaluate(() => window.page.pause());
  await expect.poll(() => lastWatched(other), PATIENCE).toMatchObject([{ phase: 'paused' }]);
  expect(await lastWatched(other)).toMatchObject([{ id, isActive: false }]);
  await owner.evaluate(() => window.page.resumeCurrent());
  expect(await owner.evaluate(() => window.page.ended())).toBe('completed');
  await expect.poll(() => lastWatched(other), PATIENCE).toMatchObject([{ phase: 'completed' }]);
  expect(await lastWatched(other)).toMatchObject([{ confirmedBytes: bytes.length, isActive: false }]);
  await expectStored('owned');
  await owner.close();
  await other.close();
});

test('messages between tabs hold no URL and no token [threat-24]', async () => {
  const { owner, other, release } = await twoTabs('told');
  release();
  await owner.evaluate(() => window.page.pause());
  await expect.poll(() => lastWatched(other), PATIENCE).toMatchObject([{ phase: 'paused' }]);
  const messages = await other.evaluate(() => window.page.messages);
  expect(messages.length).toBeGreaterThan(2);
  for (const message of messages) {
    const { format, type, upload } = JSON.parse(message);
    expect({ format, type }).toEqual({ format: 'partway-tabs-1', type: 'upload' });
    const { id, name, key, phase, ...numbers } = upload;
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect([name, key]).toEqual(['told.bin', 'told']);
    expect(['opening', 'sending', 'paused']).toContain(phase);
    expect(new Set(Object.values(numbers).map((value) => typeof value))).toEqual(new Set(['number']));
  }
  await owner.evaluate(() => window.page.resumeCurrent());
  expect(await owner.evaluate(() => window.page.ended())).toBe('completed');
  await owner.close();
  await other.close();
});

test('after the tab of an upload is closed, another tab is notified and takes over', () =>
  takesOver('closed', (owner) => owner.close()));

const noCrash = lackOf('crash');
test.skipIf(noCrash)(claimUnless(noCrash, 'after the tab of an upload crashes, another tab takes over'), () =>
  takesOver('crashed', (owner) => owner.crash()),
);

async function takesOver(key: string, end: (owner: DrivenPage) => Promise<void>): Promise<void> {
  const { owner, other, id, release } = await twoTabs(key);
  await other.evaluate((wanted) => window.page.startWaiting(wanted), id);
  // It waits in the lock queue without polling, and not for the lock that it may take.
  await expect.poll(() => waitingFor(other), PATIENCE).toEqual([`partway:partway:${id}:life`]);
  expect(await other.evaluate(() => window.page.hasWaited)).toBe(false);
  release();
  await end(owner);
  await waitUntilUnlocked(other);
  await expect.poll(() => lastWatched(other), PATIENCE).toMatchObject([{ id, isActive: false }]);
  const counted = stage.emulator.faults.add({
    ...{ operation: 'UploadPart', key, probability: 0 },
    effect: { kind: 'silent' },
  });
  expect(await other.evaluate((wanted) => window.page.resume(wanted), id)).toBeUndefined();
  expect(await other.evaluate(() => window.page.ended())).toBe('completed');
  expect(counted.matchedCount).toBe(3);
  await expectStored(key);
  expect(await lastWatched(other)).toMatchObject([{ id, phase: 'completed' }]);
  await other.close();
}

test('a tab opened later lists the uploads in progress', async () => {
  const { owner, other, id } = await twoTabs('told-later');
  const later = await stage.open();
  await expect
    .poll(() => lastWatched(later), PATIENCE)
    .toMatchObject([{ id, confirmedBytes: 2 * PART, isActive: true }]);
  for (const page of [owner, other, later]) await page.close();
  const last = await stage.open();
  await last.evaluate((wanted) => window.page.startWaiting(wanted), id);
  await waitUntilUnlocked(last);
  expect(await last.evaluate((wanted) => window.page.remove(wanted), id)).toBeUndefined();
  await last.close();
});
