import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type ControlPlane, crc64, type Upload } from '@partway/core';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHttpControlPlane, uploadFile, uploadStream } from '../../src/index.ts';
import { type Fleet, type Kill, startFleet } from './fleet.ts';

const PART = 102_400;
const PARTS = 40;
const VERBS = new Set(['initiate', 'presign-parts', 'list-parts', 'complete', 'abort']);
const bytes = randomBytes(PARTS * PART - 1);
const small = bytes.subarray(0, 1000);
let emulator: OssEmulator;
let fleet: Fleet;
let folder: string;
let controlPlane: ControlPlane;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-fleet-'));
  await writeFile(join(folder, 'large'), bytes);
  await writeFile(join(folder, 'small'), small);
  const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
  emulator = await startOssEmulator({ buckets: ['media'], credentials });
  fleet = await startFleet(emulator.endpoint);
  controlPlane = createHttpControlPlane(fleet.url, { headers: { 'x-session': 'wei' } });
});
afterAll(async () => {
  await fleet.close();
  await emulator.close();
  await rm(folder, { recursive: true });
});

/** With these options the number of requests to the coordinators does not depend on time. */
const DETERMINISTIC = { partSize: PART, concurrency: 2, hedge: 0, retry: { baseMs: 1 } };

const KINDS: Readonly<Record<string, (key: string) => Upload>> = {
  'a file in parts': (key) => uploadFile(join(folder, 'large'), { controlPlane, key, ...DETERMINISTIC }),
  'a small file': (key) => uploadFile(join(folder, 'small'), { controlPlane, key, ...DETERMINISTIC }),
  'a stream': (key) => uploadStream(Readable.from([bytes]), { controlPlane, key, ...DETERMINISTIC }),
};

async function expectStored(key: string, content: Uint8Array): Promise<void> {
  const object = emulator.model.object('media', `wei/${key}`);
  expect(object?.crc64).toBe(crc64(content));
  expect(Buffer.compare((await object?.bytes()) ?? Buffer.alloc(0), content)).toBe(0);
  expect(emulator.model.uploads('media')).toEqual([]);
}

/** Starts an upload, and calls a function while OSS responds to no part. */
async function whileStuck(key: string, act: (upload: Upload) => void | Promise<void>): Promise<Upload> {
  const silence = emulator.faults.add({ operation: 'UploadPart', effect: { kind: 'silent' } });
  const upload = uploadFile(join(folder, 'large'), { controlPlane, key, ...DETERMINISTIC });
  await new Promise<void>((resolve) => {
    upload.subscribe(({ type }) => {
      if (type === 'part-progress') resolve();
    });
  });
  await act(upload);
  silence.remove();
  return upload;
}

test('both processes serve every verb, whichever of them initiated the upload', async () => {
  const before = fleet.responses.length;
  for (const place of [0, 1]) {
    for (const [kind, start] of Object.entries(KINDS)) {
      fleet.setNext(place);
      await start(kind).result;
      await expectStored(kind, kind === 'a small file' ? small : bytes);
    }
    fleet.setNext(place);
    const paused = await whileStuck('paused', (upload) => upload.pause());
    paused.resume();
    await paused.result;
    await expectStored('paused', bytes);
    fleet.setNext(place);
    const aborted = await whileStuck('aborted', (upload) => upload.abort());
    await expect(aborted.result).rejects.toMatchObject({ code: 'aborted' });
    expect(emulator.model.uploads('media')).toEqual([]);
  }
  const served = new Map<number, Set<string>>();
  for (const { pid, verb } of fleet.responses.slice(before)) {
    served.set(pid, (served.get(pid) ?? new Set()).add(verb));
  }
  expect([...served.values()]).toEqual([VERBS, VERBS]);
});

test.each<[string, Kill]>([
  ['a file in parts', { verb: 'initiate', nth: 1, moment: 'before' }],
  ['a file in parts', { verb: 'initiate', nth: 1, moment: 'after' }],
  ['a file in parts', { verb: 'presign-parts', nth: 2, moment: 'before' }],
  ['a file in parts', { verb: 'presign-parts', nth: 2, moment: 'after' }],
  ['a file in parts', { verb: 'complete', nth: 1, moment: 'before' }],
  ['a file in parts', { verb: 'complete', nth: 1, moment: 'after' }],
  ['a stream', { verb: 'presign-parts', nth: 2, moment: 'before' }],
  ['a stream', { verb: 'presign-parts', nth: 2, moment: 'after' }],
  ['a stream', { verb: 'complete', nth: 1, moment: 'after' }],
  ['a small file', { verb: 'initiate', nth: 1, moment: 'after' }],
  ['a small file', { verb: 'complete', nth: 1, moment: 'after' }],
])('%s is stored and proven when a process is killed at %j', async (kind, kill) => {
  const key = `${kind} ${kill.verb} ${kill.moment}`;
  await fleet.killAt(kill);
  const upload = KINDS[kind]?.(key);
  const content = kind === 'a small file' ? small : bytes;
  expect(await upload?.result).toMatchObject({
    key: `wei/${key}`,
    size: content.length,
    crc64: crc64(content),
  });
  expect(fleet.kills).toBe(1);
  expect(upload?.snapshot().retries).toBeGreaterThan(0);
  await expectStored(key, content);
});

test('an upload continues while a process is killed, missing and replaced', async () => {
  const before = fleet.responses.length;
  await fleet.killAt({ verb: 'presign-parts', nth: 2, moment: 'after' });
  await KINDS['a file in parts']?.('survivor').result;
  await expectStored('survivor', bytes);
  expect(fleet.badGateways).toBe(2);
  expect(new Set(fleet.responses.slice(before).map(({ pid }) => pid)).size).toBe(3);
});
