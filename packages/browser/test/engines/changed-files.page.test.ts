import { randomBytes } from 'node:crypto';
import { appendFile, rm, truncate } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PageStage, startPageStage } from '../resume/page-stage.ts';
import { claimUnless, type DrivenPage, lackOf } from './page-driver.ts';

const PART = 102_400;
const bytes = randomBytes(4 * PART + 1);
let stage: PageStage;

beforeAll(async () => {
  stage = await startPageStage();
});
afterAll(async () => {
  await stage.close();
});

type Change = (path: string, name: string) => Promise<unknown>;

/** Changes of a file on the disk after a page received it, and whether every browser reports them. */
const CHANGES: readonly (readonly [string, Change, string | undefined])[] = [
  ['removed', (path) => rm(path), undefined],
  ['shortened', (path) => truncate(path, 2 * PART + 10), undefined],
  ['appended to', (path) => appendFile(path, 'more'), lackOf('changes')],
  ['rewritten', (_, name) => stage.file(name, randomBytes(bytes.length), 1_800_000_000), lackOf('changes')],
];

for (const [change, apply, lack] of CHANGES) {
  test.skipIf(lack)(
    claimUnless(lack, `a file that was ${change} after it was chosen is refused`),
    async () => {
      const name = `${change}-before.bin`;
      const { page, path } = await chosen(name);
      await apply(path, name);
      await page.evaluate((key) => window.page.upload(key), name);
      await expectRefused(page, name);
    },
  );

  test.skipIf(lack)(claimUnless(lack, `so is one that was ${change} while its upload paused`), async () => {
    const name = `${change}-meanwhile.bin`;
    const { page, path } = await chosen(name);
    const effect = { kind: 'silent' } as const;
    const heldPart = stage.emulator.faults.add({ operation: 'UploadPart', key: name, partNumber: 3, effect });
    await page.evaluate((key) => window.page.upload(key), name);
    await heldPart.whenFired();
    heldPart.remove();
    await page.evaluate(() => window.page.pause());
    await apply(path, name);
    await page.evaluate(() => window.page.resumeCurrent());
    await expectRefused(page, name);
  });
}

async function chosen(name: string): Promise<{ readonly page: DrivenPage; readonly path: string }> {
  const path = await stage.file(name, bytes);
  const page = await stage.open();
  await page.choose(path);
  return { page, path };
}

/** The code depends on the error of the browser. */
async function expectRefused(page: DrivenPage, key: string): Promise<void> {
  expect(await page.evaluate(() => window.page.ended())).toMatch(/^source_(changed|unreadable)$/);
  expect(stage.emulator.model.object('media', key)).toBeUndefined();
  await page.close();
}
