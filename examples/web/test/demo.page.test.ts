import { randomBytes } from 'node:crypto';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type DemoStage, type OpenedPage, startDemoStage } from './demo-stage.ts';

/** Takes half a minute on the slowest link: no upload ends during the checks. */
const film = randomBytes(16_000_000);
const slides = randomBytes(12_000_000);
const notes = randomBytes(50_000);
let stage: DemoStage;

beforeAll(async () => {
  stage = await startDemoStage();
});
afterAll(() => stage.close());
afterEach(async () => {
  await fetch(`${stage.url}/demo/faults`, { method: 'DELETE' });
});

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const DESKTOP = { viewport: { width: 1280, height: 800 } };
const devices = [
  { name: 'phone', options: { ...PHONE, colorScheme: 'light' as const } },
  { name: 'desktop', options: { ...DESKTOP, colorScheme: 'dark' as const } },
];

async function openPage(options: Parameters<DemoStage['open']>[0]): Promise<OpenedPage> {
  const { close, ...page } = await stage.open(options);
  onTestFinished(close);
  return { ...page, close };
}

function rowOf(page: Page, fileName: string): Locator {
  return page.locator('[part~=row]').filter({ hasText: fileName });
}

/** The hidden file input. */
function inputOf(page: Page): Locator {
  return page.locator('[part~=dropzone] input');
}

async function statusOf(row: Locator): Promise<string> {
  return (await row.locator('[part~=status]').textContent()) ?? '';
}

function storedParts(key: string): number {
  const upload = stage.emulator.model.uploads('media').find((other) => other.key === key);
  return upload?.parts.length ?? 0;
}

async function isStored(name: string, bytes: Uint8Array): Promise<boolean> {
  const stored = await stage.emulator.model.object('media', `visitor/${name}`)?.bytes();
  return stored !== undefined && Buffer.compare(stored, bytes) === 0;
}

const SLOW = { timeout: 60_000 };

test.each(devices)(
  'on a $name, uploads with faults and a reload complete, and axe finds no violation',
  async ({ name: device, options }) => {
    const { page, errors, violations } = await openPage(options);
    const [filmName, slidesName, notesName] = [
      `film-${device}.bin`,
      `slides-${device}.bin`,
      `notes-${device}.txt`,
    ];
    const filmPath = await stage.file(filmName, film);
    const slidesPath = await stage.file(slidesName, slides);
    expect(await violations()).toEqual([]);

    await page.locator('#link').selectOption('link-train');
    await inputOf(page).setInputFiles([filmPath, slidesPath, await stage.file(notesName, notes)]);
    for (const name of [filmName, slidesName])
      await expect.poll(() => storedParts(`visitor/${name}`), SLOW).toBeGreaterThan(0);
    await expect.poll(() => statusOf(rowOf(page, filmName)), SLOW).toMatch(/Uploading · \d+% · .+\/s/);
    expect(await violations()).toEqual([]);
    await rowOf(page, slidesName).getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => statusOf(rowOf(page, slidesName))).toMatch(/Paused · \d+%/);
    expect(await violations()).toEqual([]);

    await page.reload();
    const unfinished = page.locator('[part~=row-unfinished]');
    await expect.poll(() => unfinished.count(), SLOW).toBe(2);
    expect(await violations()).toEqual([]);
    await page.locator('#link').selectOption('link-full');
    for (const fault of ['busy', 'reset', 'corrupt', 'lost', 'expired', 'complete-lost'])
      await page.locator(`#${fault}`).click();
    await expect.poll(() => stage.emulator.faults.list().length).toBe(6);
    const chooser = page.waitForEvent('filechooser');
    await unfinished.filter({ hasText: filmName }).getByRole('button', { name: 'Choose file again' }).click();
    await (await chooser).setFiles(filmPath);
    await inputOf(page).setInputFiles([slidesPath]);

    for (const name of [filmName, slidesName])
      await expect.poll(() => statusOf(rowOf(page, name)), SLOW).toBe('Uploaded');
    await expect.poll(() => page.locator('.proof-verdict.is-same').count()).toBe(2);
    expect(await unfinished.count()).toBe(0);
    expect(await violations()).toEqual([]);
    expect(await isStored(filmName, film)).toBe(true);
    expect(await isStored(slidesName, slides)).toBe(true);
    expect(await isStored(notesName, notes)).toBe(true);
    expect(stage.emulator.faults.list().map(({ firedCount }) => firedCount > 0)).toEqual(Array(6).fill(true));
    expect(await page.locator('#log').textContent()).toMatch(/OSS is busy \(503 ServiceUnavailable\)/);
    expect(errors).toEqual([]);
  },
  120_000,
);

test.each(devices)(
  'on a $name, a forbidden upload shows its error and can be retried',
  async ({ name, options }) => {
    const { page, errors, violations } = await openPage(options);
    const fileName = `forbidden-${name}.bin`;
    await page.getByRole('switch', { name: /Parts are forbidden/ }).check();
    await expect.poll(() => stage.emulator.faults.list().length).toBe(1);
    await inputOf(page).setInputFiles([await stage.file(fileName, film)]);
    const row = rowOf(page, fileName);
    await expect.poll(() => statusOf(row), SLOW).toBe('The server rejected this file. (access_denied)');
    expect(await violations()).toEqual([]);
    await page.getByRole('button', { name: 'No faults' }).click();
    await expect.poll(() => stage.emulator.faults.list().length).toBe(0);
    await row.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => statusOf(row), SLOW).toBe('Uploaded');
    expect(await isStored(fileName, film)).toBe(true);
    expect(errors).toEqual([]);
  },
);

test('an upload that is removed after a reload is removed from OSS too', async () => {
  const { page, errors } = await openPage(DESKTOP);
  await page.locator('#link').selectOption('link-train');
  await inputOf(page).setInputFiles([await stage.file('unwanted.bin', film)]);
  await expect.poll(() => storedParts('visitor/unwanted.bin'), SLOW).toBeGreaterThan(0);
  await page.reload();
  await page.getByRole('button', { name: 'Remove unwanted.bin' }).click();
  await expect.poll(() => page.locator('[part~=row-unfinished]').count(), SLOW).toBe(0);
  expect(stage.emulator.model.uploads('media').filter(({ key }) => key === 'visitor/unwanted.bin')).toEqual(
    [],
  );
  expect(errors).toEqual([]);
});

test('a dropped file with a handle resumes after a reload with one click', async () => {
  const { page } = await openPage(DESKTOP);
  await page.locator('#link').selectOption('link-train');
  await page.evaluate(async (size) => {
    const folder = await navigator.storage.getDirectory();
    const handle = await folder.getFileHandle('dropped.bin', { create: true });
    const writable = await handle.createWritable();
    await writable.write(new Uint8Array(size).fill(9));
    await writable.close();
    // A scripted drop has no handle: this one returns that of the page's own file system.
    Object.assign(DataTransferItem.prototype, { getAsFileSystemHandle: () => Promise.resolve(handle) });
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(await handle.getFile());
    const drop = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true });
    document.querySelector('partway-upload')?.dispatchEvent(drop);
  }, film.length);
  await expect.poll(() => storedParts('visitor/dropped.bin'), SLOW).toBeGreaterThan(0);
  await page.reload();
  await page.locator('#link').selectOption('link-full');
  await page.getByRole('button', { name: 'Resume dropped.bin' }).click();
  await expect.poll(() => statusOf(rowOf(page, 'dropped.bin')), SLOW).toBe('Uploaded');
  expect(await isStored('dropped.bin', Buffer.alloc(film.length, 9))).toBe(true);
});

test('the samples are proven despite hidden headers, a part without a response and an error in Complete', async () => {
  const { page, errors } = await openPage(DESKTOP);
  await page.getByRole('switch', { name: /hides its headers/ }).check();
  await page.getByRole('button', { name: /A part gets no response/ }).click();
  await page.getByRole('button', { name: /Complete responds 200/ }).click();
  await expect.poll(() => stage.emulator.faults.list().length).toBe(3);
  await page.getByRole('button', { name: 'Add sample files' }).click();
  await expect.poll(() => page.locator('.proof-verdict.is-same').count(), SLOW).toBe(3);
  expect(await page.locator('#log').textContent()).toContain('cannot read');
  expect(stage.emulator.faults.list().map(({ firedCount }) => firedCount > 0)).toEqual([true, true, true]);
  // The coordinator reports the error, and the browser logs its status.
  expect(errors).toEqual([expect.stringContaining('a status of 502')]);
});

test('an invalid or foreign request switches no fault', async () => {
  const post = async (body: string, type = 'application/json') => {
    const headers = { 'content-type': type };
    return (await fetch(`${stage.url}/demo/faults`, { method: 'POST', body, headers })).status;
  };
  expect(await post('{"name":"busy","isOn":true}', 'text/plain')).toBe(415);
  expect(await post('{"name":"toString","isOn":true}')).toBe(404);
  expect(await post('{"name":"busy"}')).toBe(400);
  expect(await post('nonsense')).toBe(400);
  expect(stage.emulator.faults.list()).toEqual([]);
});
