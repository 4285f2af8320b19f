import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { presign } from '@partway/core/oss';
import { startOssEmulator } from '@partway/emulator';
import { expect } from 'vitest';
import { type DrivenPage, startBrowser } from '../engines/page-driver.ts';
import { allowPages, builtPage, credentials, serveSite } from '../resume/page-stage.ts';
import { digestOf, digestOfFile, writeSeededFile } from './disk-files.ts';
import { type SentParts, watchSentParts } from './sent-parts.ts';
import './page/uploads-page.ts';

/**
 * The environment of a user: a browser, files on the disk, a site with a page that uploads by the built package,
 * and OSS at another origin. No mocks in between.
 */
export interface SurviveStage {
  /** Everything that was sent to OSS. */
  readonly sent: SentParts;
  /** A file of this size, unlike any other, for the page to choose. */
  file(name: string, size: number): Promise<string>;
  /** A tab that shows the page; `/sandboxed` for one for which the browser stores nothing. */
  open(path?: string): Promise<DrivenPage>;
  setOffline(isOffline: boolean): Promise<void>;
  /** Kills the browser, and starts it again with the same profile. */
  kill(): Promise<void>;
  /** OSS accepts the first `parts` parts of this key, and the others only after release. */
  stopAfter(key: string, parts: number, how: 'silent' | 'busy'): StoppedUpload;
  /** Sets the response headers that the CORS rules of the bucket expose to pages. */
  expose(headers: readonly string[]): Promise<void>;
  /** So much time passes for OSS and for the coordinator. */
  passServerTime(ms: number): void;
  /** The numbers of the parts that OSS holds of unfinished uploads of this key. */
  heldParts(key: string): readonly number[];
  /** OSS has no object and no unfinished upload of this key. */
  expectNothing(key: string): void;
  /** OSS has the bytes of this file under this key, all of them, and no unfinished upload. */
  expectStored(key: string, path: string): Promise<void>;
  close(): Promise<void>;
}

/** The effect on a part that is not accepted: no response, or a temporary refusal. */
const EFFECTS = {
  silent: { kind: 'silent' },
  busy: { kind: 'refuse', status: 503, code: 'ServiceUnavailable' },
} as const;

export interface StoppedUpload {
  /** Resolves when OSS has been sent a part that it does not take, and holds all of the others. */
  whenStopped(): Promise<void>;
  letGo(): void;
}

/** No scenario has more parts. */
const PARTS_MAX = 40;

const PAGE = fileURLToPath(new URL('page', import.meta.url));

export async function startSurviveStage(): Promise<SurviveStage> {
  const folder = await mkdtemp(join(tmpdir(), 'partway-survive-'));
  let aheadMs = 0;
  let seed = 0;
  const now = (): number => Date.now() + aheadMs;
  const emulator = await startOssEmulator({ buckets: ['media'], credentials, clock: { now } });
  await allowPages(emulator);
  const { endpoint, region, model } = emulator;
  const site = await serveSite(emulator, await builtPage(PAGE, []), now);
  const sent = watchSentParts(emulator.port, 'media');
  const browser = await startBrowser(join(folder, 'profile'));

  const uploadsOf = (key: string) => model.uploads('media').filter((upload) => upload.key === key);
  const heldParts = (key: string) =>
    uploadsOf(key).flatMap(({ parts }) => parts.map((part) => part.partNumber));

  /** As a download of it, piece by piece, but without a socket. */
  async function storedDigest(key: string): Promise<string> {
    const wanted = { bucket: 'media', region, endpoint, credentials, method: 'GET', key } as const;
    const { url } = presign({ ...wanted, expiresInSeconds: 60, now: now() });
    const { host, pathname, search } = new URL(url);
    const request = { method: 'GET', target: pathname + search, headers: { host }, body: Readable.from([]) };
    const { status, body } = await model.handle(request);
    if (status !== 200) return `no object: ${status}`;
    return digestOf(body instanceof Uint8Array ? [body] : body);
  }

  return {
    sent,
    async file(name, size) {
      const path = join(folder, name);
      seed += 1;
      await writeSeededFile(path, { size, seed });
      return path;
    },
    open: (path = '/') => browser.open(site.url + path),
    setOffline: (isOffline) => browser.setOffline(isOffline),
    kill: () => browser.kill(),
    stopAfter(key, parts, how) {
      const beyond = Array.from({ length: PARTS_MAX }, (_, index) => parts + 1 + index);
      const rules = beyond.map((partNumber) =>
        emulator.faults.add({ operation: 'UploadPart', key, partNumber, effect: EFFECTS[how] }),
      );
      return {
        async whenStopped() {
          await Promise.race(rules.map((rule) => rule.whenFired()));
          await expect.poll(() => heldParts(key), { timeout: 120_000 }).toHaveLength(parts);
        },
        letGo() {
          for (const rule of rules) rule.remove();
        },
      };
    },
    expose: (headers) => allowPages(emulator, headers),
    passServerTime(ms) {
      aheadMs += ms;
    },
    heldParts,
    expectNothing(key) {
      expect(uploadsOf(key)).toEqual([]);
      expect(model.object('media', key)).toBeUndefined();
    },
    async expectStored(key, path) {
      expect(await storedDigest(key)).toBe(await digestOfFile(path));
      expect(uploadsOf(key)).toEqual([]);
    },
    async close() {
      try {
        await browser.close();
      } finally {
        sent.close();
        await site.close();
        await emulator.close();
        await rm(folder, { recursive: true });
      }
      if (site.uncaught.length > 0) throw new Error(`pages did not catch ${site.uncaught.join(', ')}`);
    },
  };
}

/** Waits until the page has noted so many bytes of its unfinished upload to this key, and gives the id. */
export async function whenNoted(tab: DrivenPage, key: string, confirmedBytes: number): Promise<string> {
  const find = async () =>
    (await tab.evaluate(() => window.uploads.list())).find((upload) => upload.key === key);
  await expect.poll(find, { timeout: 120_000 }).toMatchObject({ confirmedBytes });
  return (await find())?.id ?? '';
}
