import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { claimUnless, lackOf } from '../engines/page-driver.ts';
import { writeSeededFile } from './disk-files.ts';
import { sizes } from './sizes.ts';
import { type SurviveStage, startSurviveStage, whenNoted } from './survive-stage.ts';

const PART = 102_400;
const SIZE = 6 * PART + 1;
const FILES = sizes().files;

let stage: SurviveStage;

beforeAll(async () => {
  stage = await startSurviveStage();
}, 60_000);
afterAll(() => stage.close());

/** An upload of which OSS accepts three parts, and the others only after release. */
async function interrupted(key: string) {
  const path = await stage.file(`${key}.bin`, SIZE);
  const tab = await stage.open();
  const stopped = stage.stopAfter(key, 3, 'busy');
  await tab.choose(path);
  const retry = { attemptsMax: 100, maxMs: 200 };
  await tab.evaluate((terms) => window.uploads.upload(terms), { key, partSize: PART, retry });
  await stopped.whenStopped();
  const id = await whenNoted(tab, key, 3 * PART);
  return { path, tab, id, release: () => stopped.letGo() };
}

/** Other bytes, of the same size, a second later. */
function change(path: string): Promise<void> {
  return writeSeededFile(path, { size: SIZE, seed: 1_000_000, modifiedAt: 1_700_000_001 });
}

const noChanges = lackOf('changes');
const changing = 'a file that changes on the disk during its upload never becomes an object of both';

test.skipIf(noChanges)(claimUnless(noChanges, changing), async () => {
  const key = 'changed-during';
  const { path, tab, release } = await interrupted(key);
  await change(path);
  release();
  const isTold = inject('browserName') !== 'webkit';
  expect(await tab.evaluate(() => window.uploads.ended())).toBe(
    isTold ? 'source_changed' : 'source_unreadable',
  );
  // For WebKit the file is gone. As it might come back, what OSS holds is kept until it is given up.
  if (isTold) stage.expectNothing(key);
  else expect(stage.heldParts(key)).toHaveLength(3);

  await tab.choose(path);
  await tab.evaluate((terms) => window.uploads.upload(terms), { key, resume: isTold });
  expect(await tab.evaluate(() => window.uploads.ended())).toBe('completed');
  await stage.expectStored(key, path);
  await tab.close();
});

test('a file changed on the disk before it is chosen again is rejected, and starts from zero', async () => {
  const key = 'changed-between';
  const { path, tab, id, release } = await interrupted(key);
  await tab.reload();
  release();
  await change(path);
  await tab.choose(path);
  expect(await tab.evaluate((wanted) => window.uploads.resume(wanted), id)).toBe('source_changed');
  expect(stage.heldParts(key)).toHaveLength(3);

  await tab.evaluate((to) => window.uploads.upload({ key: to, resume: false }), key);
  expect(await tab.evaluate(() => window.uploads.ended())).toBe('completed');
  await stage.expectStored(key, path);
  expect(await tab.evaluate(() => window.uploads.list())).toEqual([]);
  await tab.close();
});

test(`${FILES} files of 20 KB arrive, each with its own bytes`, { timeout: 300_000 }, async () => {
  const names = Array.from({ length: FILES }, (_, index) => `small-${index}.bin`);
  const paths: string[] = [];
  for (const name of names) paths.push(await stage.file(name, 20_000));
  const tab = await stage.open();
  await tab.choose(...paths);
  const ends = await tab.evaluate(() => window.uploads.uploadAll());
  expect(ends.filter((end) => end !== 'completed')).toEqual([]);
  expect(ends).toHaveLength(names.length);
  for (const [index, name] of names.entries()) await stage.expectStored(name, paths[index] ?? '');
  await tab.close();
});
