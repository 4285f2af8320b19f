import { UploadError } from '@partway/core';
import { type SweepOptions, type SweptUpload, sweep } from '@partway/core/coordinator';
import { createOssObjectStore, type ObjectStore } from '@partway/core/oss';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BUCKET, CREDENTIALS, REGION } from '../stages/emulator-stage.ts';

const DAY = 24 * 60 * 60 * 1000;
let now: number;
let emulator: OssEmulator;
let store: ObjectStore;

beforeEach(async () => {
  now = Date.UTC(2026, 0, 1, 0, 0, 0, 750);
  const clock = { now: () => now };
  emulator = await startOssEmulator({ buckets: [BUCKET], region: REGION, credentials: CREDENTIALS, clock });
  const { endpoint } = emulator;
  store = createOssObjectStore({ region: REGION, bucket: BUCKET, endpoint, credentials: CREDENTIALS, clock });
});
afterEach(() => emulator.close());

/** Initiates an upload and sends `partCount` parts; part n has n + 1 bytes. */
async function initiate(key: string, partCount = 0): Promise<string> {
  const { uploadId } = await store.initiate({ key, object: {} });
  for (let partNumber = 1; partNumber <= partCount; partNumber++) await sendPart(key, uploadId, partNumber);
  return uploadId;
}

async function sendPart(key: string, uploadId: string, partNumber: number): Promise<void> {
  const { url } = await store.presign({ method: 'PUT', key, query: { partNumber, uploadId } });
  const { status } = await fetch(url, { method: 'PUT', body: new Uint8Array(partNumber + 1) });
  expect(status).toBe(200);
}

function openKeys(): string[] {
  return emulator.model.uploads(BUCKET).map(({ key }) => key);
}

async function sweepWithOutcomes(options: Partial<SweepOptions>) {
  const outcomes = new Map<string, SweptUpload>();
  const onUpload = (swept: SweptUpload): unknown => outcomes.set(swept.upload.key, swept);
  const report = await sweep(store, { olderThanMs: 7 * DAY, ...options, onUpload });
  return { report, outcomes };
}

describe('a sweep', () => {
  test('removes uploads without recent activity with their parts, and nothing else', async () => {
    await initiate('old/1', 3);
    await initiate('old/empty');
    const resumed = await initiate('old/resumed', 1);
    now += 5 * DAY;
    await initiate('young', 1);
    await sendPart('old/resumed', resumed, 2);
    now += 2 * DAY;
    const { report, outcomes } = await sweepWithOutcomes({});
    expect(report).toEqual({
      ...{ uploads: 4, swept: 2, kept: 2, gone: 0 },
      ...{ parts: 3, bytes: 2 + 3 + 4, failures: [] },
    });
    expect(openKeys()).toEqual(['old/resumed', 'young']);
    expect(outcomes.get('old/1')).toMatchObject({ outcome: 'swept', ageMs: 7 * DAY, parts: 3, bytes: 9 });
    expect(outcomes.get('old/resumed')).toMatchObject({ outcome: 'kept', parts: 2 });
    now += 5 * DAY;
    expect(await sweep(store, { olderThanMs: 7 * DAY })).toMatchObject({ uploads: 2, swept: 2, kept: 0 });
    expect(openKeys()).toEqual([]);
  });

  test('removes nothing in a dry run, and lists the uploads it would remove', async () => {
    await initiate('old', 2);
    now += 7 * DAY;
    const dry = await sweep(store, { olderThanMs: 7 * DAY, dryRun: true });
    expect(openKeys()).toEqual(['old']);
    expect(await sweep(store, { olderThanMs: 7 * DAY })).toEqual(dry);
    expect(dry).toMatchObject({ swept: 1, parts: 2 });
    expect(openKeys()).toEqual([]);
  });

  test('olderThan 0 removes an upload initiated in the same second', async () => {
    await initiate('new', 1);
    expect(await sweep(store, { olderThanMs: 0 })).toMatchObject({ swept: 1 });
    expect(openKeys()).toEqual([]);
  });

  test('removes only uploads with the prefix', async () => {
    await initiate('a/1');
    await initiate('b/1');
    expect(await sweep(store, { olderThanMs: 0, prefix: 'a/' })).toMatchObject({ uploads: 1, swept: 1 });
    expect(openKeys()).toEqual(['b/1']);
  });

  test("uses OSS's clock, not the local one", async () => {
    await initiate('old');
    emulator.advanceClock(DAY);
    // After OSS has rejected a request for its time, the store uses the clock of OSS.
    await expect(store.listUploads({})).rejects.toMatchObject({ code: 'clock_skewed' });
    expect(await sweep(store, { olderThanMs: DAY + 1000 })).toMatchObject({ kept: 1 });
    expect(await sweep(store, { olderThanMs: DAY - 1000 })).toMatchObject({ swept: 1 });
  });

  test('keeps uploads reported as live, and calls isLive only for old ones', async () => {
    await initiate('old/live', 1);
    await initiate('old/dead');
    now += DAY;
    await initiate('young');
    const calledFor = new Set<string>();
    const isLive: SweepOptions['isLive'] = async ({ key }) => {
      calledFor.add(key);
      return key === 'old/live';
    };
    expect(await sweep(store, { olderThanMs: DAY, isLive })).toMatchObject({ swept: 1, kept: 2 });
    expect(calledFor).toEqual(new Set(['old/dead', 'old/live']));
    expect(openKeys()).toEqual(['old/live', 'young']);
  });

  test('keeps an upload with parts without a date', async () => {
    await initiate('old', 1);
    now += DAY;
    const undated: ObjectStore = {
      ...store,
      listParts: async (request) =>
        (await store.listParts(request)).map((part) => ({ ...part, uploadedAt: undefined })),
    };
    expect(await sweep(undated, { olderThanMs: DAY })).toMatchObject({ kept: 1 });
  });

  test('continues after a failed removal, reports it, and the next sweep removes the upload', async () => {
    const failing = await initiate('b', 1);
    await initiate('a', 1);
    await initiate('c', 1);
    const refuse = { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } as const;
    const fault = emulator.faults.add({ operation: 'AbortMultipartUpload', key: 'b', effect: refuse });
    const report = await sweep(store, { olderThanMs: 0, concurrency: 1 });
    expect(report).toMatchObject({ uploads: 3, swept: 2, parts: 2 });
    expect(report.failures).toEqual([{ key: 'b', uploadId: failing, error: expect.any(UploadError) }]);
    expect(report.failures[0]?.error).toMatchObject({ code: 'throttled', retryable: true });
    expect(openKeys()).toEqual(['b']);
    fault.remove();
    expect(await sweep(store, { olderThanMs: 0 })).toMatchObject({ swept: 1, failures: [] });
  });

  test('a key that no URL can address is reported and kept', async () => {
    await initiate('fine');
    const listUploads: ObjectStore['listUploads'] = async (request) =>
      (await store.listUploads(request)).map((upload) => ({ ...upload, key: 'a/../b' }));
    const { failures } = await sweep({ ...store, listUploads }, { olderThanMs: 0 });
    expect(failures[0]?.error).toMatchObject({
      code: 'refused',
      hint: expect.stringContaining('lifecycle rule'),
    });
  });

  test('an error of isLive fails and keeps that upload only', async () => {
    await initiate('a');
    await initiate('b');
    const isLive = ({ key }: { key: string }): boolean => {
      if (key === 'a') throw new TypeError('no database');
      return false;
    };
    const { swept, failures } = await sweep(store, { olderThanMs: 0, isLive });
    expect({ swept, failed: failures.map(({ key, error }) => [key, error.code]) }).toEqual({
      swept: 1,
      failed: [['a', 'internal']],
    });
    expect(openKeys()).toEqual(['a']);
  });

  test('an upload that ended after it was listed counts as gone, not as failed', async () => {
    const uploadId = await initiate('a');
    const listUploads: ObjectStore['listUploads'] = async (request) => {
      const listed = await store.listUploads(request);
      await store.abort({ key: 'a', uploadId });
      return listed;
    };
    const report = await sweep({ ...store, listUploads }, { olderThanMs: 0 });
    expect(report).toMatchObject({ uploads: 1, gone: 1, swept: 0, failures: [] });
  });

  test('an abort with a lost response is reported, and the next sweep finds no upload', async () => {
    await initiate('a', 1);
    emulator.faults.add({ operation: 'AbortMultipartUpload', effect: { kind: 'dropResponse' } });
    const { swept, failures } = await sweep(store, { olderThanMs: 0 });
    expect({ swept, codes: failures.map(({ error }) => error.code) }).toEqual({
      swept: 0,
      codes: ['network'],
    });
    expect(await sweep(store, { olderThanMs: 0 })).toMatchObject({ uploads: 0, failures: [] });
  });

  test('sweeps more uploads than one page lists, each once, despite a throwing listener', async () => {
    const count = 1003;
    const keys = Array.from({ length: count }, (_, index) => `many/${index}`);
    for (let at = 0; at < count; at += 50)
      await Promise.all(keys.slice(at, at + 50).map((key) => initiate(key)));
    const reported: string[] = [];
    const onUpload = ({ upload }: SweptUpload): void => {
      reported.push(upload.key);
      throw new Error('a broken pipe');
    };
    const report = await sweep(store, { olderThanMs: 0, concurrency: 16, onUpload });
    expect(report).toMatchObject({ uploads: count, swept: count, failures: [] });
    expect(reported).toHaveLength(count);
    expect(new Set(reported)).toEqual(new Set(keys));
    expect(openKeys()).toEqual([]);
  });

  test('stops and rejects with the reason when its signal is aborted', async () => {
    for (const key of ['a', 'b', 'c']) await initiate(key);
    const reason = new Error('enough');
    const stop = new AbortController();
    const onUpload = (): void => stop.abort(reason);
    const sweeping = sweep(store, { olderThanMs: 0, concurrency: 1, signal: stop.signal, onUpload });
    await expect(sweeping).rejects.toBe(reason);
    expect(openKeys()).toEqual(['b', 'c']);
  });

  test('rejects when the uploads cannot be listed', async () => {
    const refuse = { kind: 'refuse', status: 403, code: 'AccessDenied' } as const;
    emulator.faults.add({ operation: 'ListMultipartUploads', effect: refuse });
    await expect(sweep(store, { olderThanMs: 0 })).rejects.toMatchObject({ code: 'access_denied' });
  });

  test.each([
    [{ olderThanMs: -1 }, 'olderThanMs'],
    [{ olderThanMs: Number.NaN }, 'olderThanMs'],
    [{ olderThanMs: 0, concurrency: 0 }, 'concurrency'],
    [{ olderThanMs: 0, concurrency: 65 }, 'concurrency'],
  ])('%j throws a RangeError that names the option', async (options, option) => {
    const mistake = await sweep(store, options).catch((reason: unknown) => reason);
    expect(mistake).toBeInstanceOf(RangeError);
    expect(String(mistake)).toContain(option);
  });
});
