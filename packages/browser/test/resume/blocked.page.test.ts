import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { startPageStage } from './page-stage.ts';

const PART = 102_400;
const bytes = randomBytes(3 * PART + 1);

/** Runs in the page before anything of it does. */
const WAYS_TO_BLOCK: readonly (readonly [string, string, () => void])[] = [
  [
    'that opens no database',
    'SecurityError',
    () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('blocked', 'SecurityError');
      };
    },
  ],
  [
    'that has no room left',
    'QuotaExceededError',
    () => {
      IDBObjectStore.prototype.put = () => {
        throw new DOMException('full', 'QuotaExceededError');
      };
    },
  ],
];

test.each(WAYS_TO_BLOCK)('a browser %s uploads, and reports it once', async (_, name, block) => {
  const stage = await startPageStage(block);
  const path = await stage.file('a.bin', bytes);
  const page = await stage.open();
  await page.choose(path);
  const effect = { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } as const;
  const refusal = stage.emulator.faults.add({ operation: 'UploadPart', partNumber: 3, effect });
  await page.evaluate(() => window.page.upload('blocked', { attemptsMax: 1 }));
  expect(await page.evaluate(() => window.page.ended())).toBe('throttled');
  expect(await page.evaluate(() => window.page.blocked)).toEqual([name]);

  // It can be resumed as long as the page lives.
  refusal.remove();
  const [upload] = await page.evaluate(() => window.page.list());
  expect(upload).toMatchObject({ key: 'blocked', confirmedBytes: 2 * PART, hasHandle: false });
  expect(await page.evaluate((id) => window.page.resume(id), upload?.id ?? '')).toBeUndefined();
  expect(await page.evaluate(() => window.page.ended())).toBe('completed');
  expect(await page.evaluate(() => window.page.blocked)).toEqual([name]);
  expect(await page.evaluate(() => window.page.list())).toEqual([]);
  const stored = await stage.emulator.model.object('media', 'blocked')?.bytes();
  expect(Buffer.compare(stored ?? Buffer.alloc(0), bytes)).toBe(0);
  await stage.close();
});
