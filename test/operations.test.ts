import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createBucketAdmin, createOssObjectStore } from '@partway/core/oss';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { examplesIn, readDocument } from './documents.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Inside the examples, so that the packages resolve as they do for a user. */
const folder = `${root}examples/.operations`;
const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const page = readDocument('guides/operations.md');
let emulator: OssEmulator;
let now: number;

beforeAll(async () => {
  now = Date.now();
  const clock = { now: () => now };
  emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials, clock });
  process.env.OSS_ENDPOINT = emulator.endpoint;
  process.env.OSS_ACCESS_KEY_ID = 'AK';
  process.env.OSS_ACCESS_KEY_SECRET = 'SK';
  await mkdir(folder, { recursive: true });
  for (const { name, code } of examplesIn(page)) await writeFile(`${folder}/${name}`, code);
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await emulator.close();
});

/** Runs the block and returns its output. */
async function printed(name: string): Promise<string> {
  const lines: string[] = [];
  const note = (...words: unknown[]): unknown => lines.push(words.join(' '));
  vi.spyOn(console, 'log').mockImplementation(note);
  vi.spyOn(console, 'error').mockImplementation(note);
  await import(/* @vite-ignore */ `${folder}/${name}`);
  return lines.join('\n');
}

test('the sweep of the guide removes abandoned uploads and spares pinned ones', async () => {
  const { endpoint } = emulator;
  const today = now;
  const clock = { now: () => now };
  const store = createOssObjectStore({
    region: 'cn-hangzhou',
    bucket: 'media',
    credentials,
    endpoint,
    clock,
  });
  now = today - 8 * 24 * 60 * 60 * 1000;
  for (const key of ['uploads/1', 'uploads/pinned/1', 'other/1']) await store.initiate({ key, object: {} });
  now = today;
  await store.initiate({ key: 'uploads/2', object: {} });
  expect((await printed('sweep.ts')).match(/\d+/g)).toEqual(['1', '3', '0', '0']);
  const left = emulator.model.uploads('media').map(({ key }) => key);
  expect(left).toEqual(['other/1', 'uploads/2', 'uploads/pinned/1']);
});

test('the doctor of the guide adds missing rules and reports no problem', async () => {
  const bucket = createBucketAdmin({
    region: 'cn-hangzhou',
    bucket: 'media',
    credentials,
    endpoint: emulator.endpoint,
  });
  expect(await bucket.corsRules()).toEqual([]);
  const said = await printed('doctor.ts');
  expect(await bucket.corsRules()).toHaveLength(1);
  expect(said.match(/^ok /gm)).toHaveLength(10);
});

test('the refused request of the guide has the cause that the guide names', async () => {
  expect(await printed('explain.ts')).toMatch(/^added-header .*Content-Type: text\/plain/);
});

test('every command and option in the guide exists', () => {
  const commands = readDocument('reference/cli.md');
  const named = [...page.matchAll(/partway (\w+)[ `]/g)].map(([, name = '']) => name);
  expect(new Set(named)).toEqual(new Set(['doctor', 'sweep', 'explain']));
  for (const name of named) expect(commands).toContain(`partway ${name} `);
  for (const [option] of page.matchAll(/--[a-z][a-z-]+/g)) {
    if (option !== '--data') expect(commands).toContain(option);
  }
});
