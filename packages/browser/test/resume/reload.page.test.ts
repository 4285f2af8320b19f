import { randomBytes } from 'node:crypto';
import type { FaultHandle } from '@partway/emulator';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { claimUnless, type DrivenPage, lackOf } from '../engines/page-driver.ts';
import { type PageStage, startPageStage } from './page-stage.ts';

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

/** OSS accepts the request of this part and never responds: the upload stops there. */
function holdPart(key: string, partNumber: number): FaultHandle {
  return stage.emulator.faults.add({ operation: 'UploadPart', key, partNumber, effect: { kind: 'silent' } });
}

/** Counts the requests of every part, and harms none. */
function countParts(key: string): () => readonly number[] {
  const rules = Array.from({ length: 7 }, (_, index) =>
    stage.emulator.faults.add({
      ...{ operation: 'UploadPart', key, partNumber: index + 1, probability: 0 },
      effect: { kind: 'silent' },
    }),
  );
  return () => rules.map(({ matchedCount }) => matchedCount);
}

function uploadsOf(key: string): number {
  return stage.emulator.model.uploads('media').filter((upload) => upload.key === key).length;
}

async function storedBytes(key: string): Promise<Uint8Array | undefined> {
  return stage.emulator.model.object('media', key)?.bytes();
}

/** Waits until the page has noted so many bytes of its only unfinished upload, and gives its id. */
async function whenNoted(page: DrivenPage, confirmedBytes: number): Promise<string> {
  const list = () => page.evaluate(() => window.page.list());
  await expect.poll(list, { timeout: 30_000 }).toMatchObject([{ confirmedBytes }]);
  return (await list())[0]?.id ?? '';
}

/** An upload that stands still at its third part. */
async function interrupted(
  key: string,
  path: string,
): Promise<{ readonly page: DrivenPage; readonly id: string }> {
  const page = await stage.open();
  const heldPart = holdPart(key, 3);
  await page.choose(path);
  await page.evaluate((name) => window.page.upload(name), key);
  await heldPart.whenFired();
  const id = await whenNoted(page, 2 * PART);
  heldPart.remove();
  return { page, id };
}

test('an upload resumes after a reload when the file is chosen again [pain-11]', async () => {
  const counts = countParts('reloaded');
  const path = await stage.file('film.bin', bytes);
  const { page, id } = await interrupted('reloaded', path);

  await page.reload();
  const [listed] = await page.evaluate(() => window.page.list());
  expect(listed).toMatchObject({ id, name: 'film.bin', key: 'reloaded', size: bytes.length });
  expect(listed).toMatchObject({ confirmedBytes: 2 * PART, hasHandle: false, isActive: false });
  expect(listed?.startedAt).toBeLessThanOrEqual(Date.now());
  await goesOn(page, id, path);

  expect(Buffer.compare((await storedBytes('reloaded')) ?? Buffer.alloc(0), bytes)).toBe(0);
  expect(stage.emulator.model.object('media', 'reloaded')?.headers['content-type']).toBe('text/plain');
  // The third was held, and cut off by the reload.
  expect(counts()).toEqual([1, 1, 2, 1, 1, 1, 1]);
});

const noRestart = lackOf('restart');

test.skipIf(noRestart)(claimUnless(noRestart, 'an upload resumes after the browser was closed'), async () => {
  const counts = countParts('restarted');
  const path = await stage.file('film.bin', bytes);
  const { page, id } = await interrupted('restarted', path);
  await page.reload();
  const heldPart = holdPart('restarted', 5);
  await page.choose(path);
  expect(await page.evaluate((wanted) => window.page.resume(wanted), id)).toBeUndefined();
  await heldPart.whenFired();
  await whenNoted(page, 4 * PART);
  heldPart.remove();

  await stage.restart();
  const later = await stage.open();
  const listed = await later.evaluate(() => window.page.list({ withStoredBytes: true }));
  expect(listed).toMatchObject([{ id, confirmedBytes: 4 * PART }]);
  await goesOn(later, id, path);
  expect(Buffer.compare((await storedBytes('restarted')) ?? Buffer.alloc(0), bytes)).toBe(0);
  // The third and the fifth were held, and cut off by the reload and by the end of the browser.
  expect(counts()).toEqual([1, 1, 2, 1, 2, 1, 1]);
});

/** The upload is completed with the file that is chosen now, and its page closed. */
async function goesOn(page: DrivenPage, id: string, path: string): Promise<void> {
  await page.choose(path);
  expect(await page.evaluate((wanted) => window.page.resume(wanted), id)).toBeUndefined();
  expect(await page.evaluate(() => window.page.ended())).toBe('completed');
  expect(await page.evaluate(() => window.page.list())).toEqual([]);
  await page.close();
}

test('uploading the same file to the same key again resumes without the list', async () => {
  const path = await stage.file('again.bin', bytes);
  const { page } = await interrupted('again', path);
  const counts = countParts('again');
  await page.reload();
  await page.choose(path);
  await page.evaluate(() => window.page.upload('again'));
  expect(await page.evaluate(() => window.page.ended())).toBe('completed');
  expect(counts()).toEqual([0, 0, 1, 1, 1, 1, 1]);
  expect(Buffer.compare((await storedBytes('again')) ?? Buffer.alloc(0), bytes)).toBe(0);
  await page.close();
});

test('a file with another time, size or name is rejected with source_changed, and nothing is changed', async () => {
  const path = await stage.file('changed.bin', bytes);
  const { page, id } = await interrupted('changed', path);
  await page.reload();
  const others = [
    () => stage.file('other-name.bin', bytes),
    () => stage.file('changed.bin', bytes, 1_700_000_001),
    () => stage.file('changed.bin', bytes.subarray(1)),
  ];
  for (const other of others) {
    await page.choose(await other());
    expect(await page.evaluate((wanted) => window.page.resume(wanted), id)).toBe('source_changed');
  }
  expect(await page.evaluate(() => window.page.list())).toMatchObject([{ id, confirmedBytes: 2 * PART }]);
  await stage.file('changed.bin', bytes);
  await page.choose(path);
  expect(await page.evaluate((wanted) => window.page.resume(wanted), id)).toBeUndefined();
  expect(await page.evaluate(() => window.page.ended())).toBe('completed');
  await page.close();
});

test('other bytes with the same name, size and time do not produce a mixed object [pain-13]', async () => {
  const path = await stage.file('forged.bin', bytes);
  const { page, id } = await interrupted('forged', path);
  await page.reload();
  const others = Buffer.from(bytes).fill(7, 0, 10);
  await stage.file('forged.bin', others);
  await page.choose(path);
  expect(await page.evaluate((wanted) => window.page.resume(wanted), id)).toBeUndefined();
  expect(await page.evaluate(() => window.page.ended())).toBe('completed');
  expect(Buffer.compare((await storedBytes('forged')) ?? Buffer.alloc(0), others)).toBe(0);
  await page.close();
});

test('removeUpload removes the upload from OSS and from the list', async () => {
  const path = await stage.file('forgotten.bin', bytes);
  const { page, id } = await interrupted('forgotten', path);
  await page.reload();
  await page.choose(path);
  expect(uploadsOf('forgotten')).toBe(1);
  expect(await page.evaluate((wanted) => window.page.remove(wanted), id)).toBeUndefined();
  expect(uploadsOf('forgotten')).toBe(0);
  expect(await page.evaluate(() => window.page.list())).toEqual([]);
  expect(await page.evaluate((wanted) => window.page.remove(wanted), id)).toBeUndefined();
  expect(await page.evaluate((wanted) => window.page.resume(wanted), id)).toBe('upload_not_found');
  await page.close();
});

test('removeUpload keeps an upload that OSS fails to abort, or that a tab works on', async () => {
  const path = await stage.file('kept.bin', bytes);
  const { page, id } = await interrupted('kept', path);
  expect(await page.evaluate((wanted) => window.page.remove(wanted), id)).toBe('upload_locked');
  await page.reload();
  const effect = { kind: 'refuse', status: 403, code: 'AccessDenied' } as const;
  const refusal = stage.emulator.faults.add({ operation: 'AbortMultipartUpload', effect });
  expect(await page.evaluate((wanted) => window.page.remove(wanted), id)).toBe('access_denied');
  expect(await page.evaluate(() => window.page.list())).toMatchObject([{ id }]);
  refusal.remove();
  expect(await page.evaluate((wanted) => window.page.remove(wanted), id)).toBeUndefined();
  expect(uploadsOf('kept')).toBe(0);
  await page.close();
});

test('removeUpload removes an upload with an expired token', async () => {
  const { page, id } = await interrupted('sealed', await stage.file('sealed.bin', bytes));
  await page.reload();
  await page.evaluate(
    (wanted) =>
      new Promise<void>((resolve) => {
        indexedDB.open('partway').onsuccess = ({ target }) => {
          const database = (target as IDBOpenDBRequest).result;
          const store = database.transaction('checkpoints', 'readwrite').objectStore('checkpoints');
          store.transaction.oncomplete = () => resolve(database.close());
          store.get(wanted).onsuccess = (event) => {
            const text: string = (event.target as IDBRequest<string>).result;
            store.put(text.replace(/"uploadToken":"[^"]+/, '"uploadToken":"forged'), wanted);
          };
        };
      }),
    id,
  );
  expect(await page.evaluate((wanted) => window.page.remove(wanted), id)).toBeUndefined();
  expect(await page.evaluate(() => window.page.list())).toEqual([]);
  expect(uploadsOf('sealed')).toBe(1);
  await page.close();
});

const noHandles = lackOf('handles');
const byHandle = 'a file whose handle was kept goes on without being chosen again, unless the user refuses';

test.skipIf(noHandles)(claimUnless(noHandles, byHandle), async () => {
  const text = 'partway '.repeat(40_000);
  let page = await stage.open();
  const heldPart = holdPart('handled', 3);
  await page.evaluate((content) => window.page.uploadByHandle('handled', content), text);
  await heldPart.whenFired();
  const id = await whenNoted(page, 2 * PART);
  heldPart.remove();

  await page.close();
  await stage.restart();
  page = await stage.open();
  expect(await page.evaluate(() => window.page.list())).toMatchObject([{ id, hasHandle: true }]);
  await page.evaluate(() => {
    const answer = (state: string) => () => Promise.resolve(state);
    Object.assign(FileSystemFileHandle.prototype, {
      queryPermission: answer('prompt'),
      requestPermission: answer('denied'),
    });
  });
  expect(await page.evaluate((wanted) => window.page.resumeUploadByHandle(wanted), id)).toBe(
    'source_unreadable',
  );
  await page.evaluate(() => {
    const requestPermission = () => Promise.resolve('granted');
    Object.assign(FileSystemFileHandle.prototype, { requestPermission });
  });
  expect(await page.evaluate((wanted) => window.page.resumeUploadByHandle(wanted), id)).toBeUndefined();
  expect(await page.evaluate(() => window.page.ended())).toBe('completed');
  expect(Buffer.from((await storedBytes('handled')) ?? []).toString()).toBe(text);
  await page.close();
});

test('resuming without a handle requires the file', async () => {
  const path = await stage.file('unhandled.bin', bytes);
  const { page, id } = await interrupted('unhandled', path);
  await page.reload();
  expect(await page.evaluate((wanted) => window.page.resumeUploadByHandle(wanted), id)).toBe(
    'source_unreadable',
  );
  expect(await page.evaluate((wanted) => window.page.remove(wanted), id)).toBeUndefined();
  expect(await page.evaluate(() => window.page.resumeUploadByHandle('0'.repeat(16)))).toBe(
    'upload_not_found',
  );
  await page.close();
});
