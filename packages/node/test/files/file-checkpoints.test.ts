import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInMemoryCheckpoints } from '@partway/core/ports';
import { checkpointStoreConformance } from '@partway/core/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFileCheckpoints } from '../../src/files/file-checkpoints.ts';

const ID = '0123456789abcdef';
let root: string;
const folders = new Map<object, string>();

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'partway-checkpoints-'));
});
afterAll(() => rm(root, { recursive: true }));

/** The store creates the directory. */
function newFolder(): string {
  return join(root, String(folders.size), 'below');
}

describe.each([
  [
    'files',
    {
      async open() {
        const folder = newFolder();
        const store = createFileCheckpoints(folder);
        folders.set(store, folder);
        return store;
      },
      reopen: async (store: object) => createFileCheckpoints(folders.get(store) ?? ''),
    },
  ],
  ['memory', { open: async () => createInMemoryCheckpoints(), reopen: async <T>(store: T) => store }],
])('checkpoints in %s', (_, harness) => {
  test.each(checkpointStoreConformance(harness))('$name', ({ run }) => run());
});

test('a checkpoint is the only file in the directory and only its owner can read it', async () => {
  const folder = join(root, 'modes');
  const store = createFileCheckpoints(folder);
  await (await store.lock(ID)).release();
  await store.save(ID, 'a token');
  const [name = ''] = await readdir(folder);
  expect(await readdir(folder)).toHaveLength(1);
  expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
});

test('takes over the lock of a killed process at once', async () => {
  const folder = join(root, 'killed');
  const store = createFileCheckpoints(folder);
  const dead = spawn(process.execPath, ['--eval', '0']);
  await once(dead, 'exit');
  await store.save(ID, 'text');
  const path = join(folder, `${ID}.partway.json.lock`);
  await writeFile(path, JSON.stringify({ pid: dead.pid, host: hostname(), nonce: 'x' }));
  await (await store.lock(ID)).release();
});

test('takes over the lock of another host after 30 s without a heartbeat', async () => {
  const folder = join(root, 'elsewhere');
  const store = createFileCheckpoints(folder);
  await store.save(ID, 'text');
  const path = join(folder, `${ID}.partway.json.lock`);
  await writeFile(path, JSON.stringify({ pid: 1, host: 'elsewhere', nonce: 'x' }));
  await expect(store.lock(ID)).rejects.toThrow('process 1 on elsewhere');
  const longAgo = new Date(Date.now() - 31_000);
  await utimes(path, longAgo, longAgo);
  await (await store.lock(ID)).release();
});

test('acquiring a lock removes the temporary files that killed processes left behind', async () => {
  const folder = join(root, 'leftovers');
  await mkdir(folder);
  const text = `${ID}.partway.json`;
  const leftovers = [`${text}.${randomUUID()}`, `${text}.lock.${randomUUID()}`, `${text}.lock.takeover`];
  const kept = [
    text,
    `${text}.set-aside`,
    `${text}.${randomUUID()}.mine`,
    `fedcba9876543210.partway.json.${randomUUID()}`,
    `fedcba9876543210.partway.json.lock.${randomUUID()}`,
  ];
  await Promise.all([...leftovers, ...kept].map((name) => writeFile(join(folder, name), 'a token')));
  const lease = await createFileCheckpoints(folder).lock(ID);
  expect(new Set(await readdir(folder))).toEqual(new Set([...kept, `${text}.lock`]));
  await lease.release();
});

test('a caller that cannot acquire the lock removes no temporary files of its holder', async () => {
  const folder = join(root, 'locked');
  const store = createFileCheckpoints(folder);
  const lease = await store.lock(ID);
  const saving = join(folder, `${ID}.partway.json.${randomUUID()}`);
  await writeFile(saving, 'incomplete');
  await expect(store.lock(ID)).rejects.toMatchObject({ code: 'upload_locked' });
  expect((await stat(saving)).isFile()).toBe(true);
  await lease.release();
});

test('rejects an id that is a path outside the directory', async () => {
  await expect(createFileCheckpoints(root).load('../secret')).rejects.toThrow('16 hex digits');
});
