import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { PathLike } from 'node:fs';
import { link, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lease } from '@partway/core/ports';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { lockFile } from '../../src/files/file-lock.ts';

vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof import('node:fs/promises')>();
  return { ...actual, link: vi.fn(actual.link), writeFile: vi.fn(actual.writeFile) };
});

let folder: string;
let path: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-lock-'));
});
afterEach(() => {
  vi.mocked(link).mockClear();
  vi.mocked(writeFile).mockClear();
});
afterAll(() => rm(folder, { recursive: true }));

/** The path of a lock that does not exist yet. */
function newPath(): string {
  count += 1;
  path = join(folder, `${count}.lock`);
  return path;
}

async function lockFiles(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith(`${count}.lock`));
}

test('the lock file names its holder; no other file is left', async () => {
  const lease = await lockFile(newPath());
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() });
  expect(await lockFiles()).toEqual([`${count}.lock`]);
  await lease.release();
  expect(await lockFiles()).toEqual([]);
});

test('of many concurrent callers exactly one acquires the lock; the others leave no files', async () => {
  newPath();
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFile(path)));
  const leases = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  expect(leases).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'upload_locked' });
  }
  expect(await lockFiles()).toEqual([`${count}.lock`]);
  await leases[0]?.release();
});

/** The lock of a process that has ended. */
async function deadLock(): Promise<string> {
  const dead = spawn(process.execPath, ['--eval', '0']);
  await once(dead, 'exit');
  return JSON.stringify({ pid: dead.pid, host: hostname(), nonce: 'dead' });
}

test('of many concurrent callers exactly one takes over the lock of a dead process', async () => {
  const dead = await deadLock();
  for (let round = 0; round < 50; round++) {
    await writeFile(newPath(), dead);
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFile(path)));
    const leases = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(leases).toHaveLength(1);
    expect(await lockFiles()).toEqual([`${count}.lock`]);
    await leases[0]?.release();
    expect(await lockFiles()).toEqual([]);
  }
});

test('a slower takeover of a dead lock does not remove the lock of a faster one', async () => {
  const dead = await deadLock();
  await writeFile(newPath(), dead);
  const actual = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
  const faster: Lease[] = [];
  vi.mocked(link)
    .mockImplementationOnce(actual.link)
    .mockImplementationOnce(async (temporary, name) => {
      // The caller has found that the holder is dead, and is about to remove its lock.
      faster.push(await lockFile(path));
      return actual.link(temporary, name);
    });
  await expect(lockFile(path)).rejects.toMatchObject({ code: 'upload_locked' });
  expect(faster).toHaveLength(1);
  expect(await lockFiles()).toEqual([`${count}.lock`]);
  await faster[0]?.release();
  expect(await lockFiles()).toEqual([]);
});

test('a process killed during a takeover does not block the lock', async () => {
  const dead = await deadLock();
  await writeFile(newPath(), dead);
  await writeFile(`${path}.takeover`, dead);
  const lease = await lockFile(path);
  expect(await lockFiles()).toEqual([`${count}.lock`]);
  await lease.release();
});

test('a process killed before it writes its lock file does not block the lock', async () => {
  const actual = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
  const isCreated = new Promise<void>((resolve) => {
    vi.mocked(writeFile).mockImplementationOnce(async (file) => {
      await actual.writeFile(file as string, '');
      resolve();
      return new Promise(() => undefined);
    });
  });
  void lockFile(newPath());
  await isCreated;
  await (await lockFile(path)).release();
});

test('a process killed before it links its lock file does not block the lock', async () => {
  const isLinking = new Promise<void>((resolve) => {
    vi.mocked(link).mockImplementationOnce(() => {
      resolve();
      return new Promise(() => undefined);
    });
  });
  void lockFile(newPath());
  await isLinking;
  await (await lockFile(path)).release();
});

test('rejects with `upload_locked` when the holder has removed the temporary file', async () => {
  const holder = await lockFile(newPath());
  const actual = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
  async function linkRemoved(temporary: PathLike, name: PathLike): Promise<void> {
    await actual.rm(temporary);
    return actual.link(temporary, name);
  }
  vi.mocked(link).mockImplementationOnce(linkRemoved).mockImplementationOnce(linkRemoved);
  await expect(lockFile(path)).rejects.toMatchObject({ code: 'upload_locked' });
  await holder.release();
});

test('acquires the lock when only the response to `link` is lost', async () => {
  const actual = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
  vi.mocked(link).mockImplementationOnce(async (temporary, name) => {
    await actual.link(temporary, name);
    return actual.link(temporary, name);
  });
  const lease = await lockFile(newPath());
  await expect(lockFile(path)).rejects.toMatchObject({ code: 'upload_locked' });
  await lease.release();
  expect(await lockFiles()).toEqual([]);
});

test.each(['EPERM', 'ENOTSUP', 'ENOSYS'])('acquires the lock without `link` after error %s', async (code) => {
  const unsupported = Object.assign(new Error(code), { code });
  vi.mocked(link).mockRejectedValueOnce(unsupported).mockRejectedValueOnce(unsupported);
  const lease = await lockFile(newPath());
  expect(await lockFiles()).toEqual([`${count}.lock`]);
  await expect(lockFile(path)).rejects.toMatchObject({ code: 'upload_locked' });
  await lease.release();
  expect(await lockFiles()).toEqual([]);
});

test('rejects with any other error of `link` and leaves no files', async () => {
  vi.mocked(link).mockRejectedValueOnce(Object.assign(new Error('disk'), { code: 'EIO' }));
  await expect(lockFile(newPath())).rejects.toMatchObject({ code: 'EIO' });
  expect(await lockFiles()).toEqual([]);
});

test('rejects with the error of a missing directory', async () => {
  await expect(lockFile(join(folder, 'absent', 'lock'))).rejects.toMatchObject({ code: 'ENOENT' });
});
