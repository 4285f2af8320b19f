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

/** The name of a lock that was never taken. */
function newPath(): string {
  count += 1;
  path = join(folder, `${count}.lock`);
  return path;
}

async function ours(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith(`${count}.lock`));
}

test('a lock is signed by its holder, and nothing but it is left', async () => {
  const lease = await lockFile(newPath());
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() });
  expect(await ours()).toEqual([`${count}.lock`]);
  await lease.release();
  expect(await ours()).toEqual([]);
});

test('of many who want a lock at once, one alone gets it, and the others leave nothing', async () => {
  newPath();
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFile(path)));
  const leases = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  expect(leases).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'upload_locked' });
  }
  expect(await ours()).toEqual([`${count}.lock`]);
  await leases[0]?.release();
});

/** A process that has ended. */
async function deadHolder(): Promise<string> {
  const dead = spawn(process.execPath, ['--eval', '0']);
  await once(dead, 'exit');
  return JSON.stringify({ pid: dead.pid, host: hostname(), nonce: 'dead' });
}

test('of many who find the lock of a dead process at once, one alone takes it over', async () => {
  const dead = await deadHolder();
  for (let round = 0; round < 50; round++) {
    await writeFile(newPath(), dead);
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFile(path)));
    const leases = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(leases).toHaveLength(1);
    expect(await ours()).toEqual([`${count}.lock`]);
    await leases[0]?.release();
    expect(await ours()).toEqual([]);
  }
});

test('one that is slower to take over a dead lock does not take it from the one that was faster', async () => {
  const dead = await deadHolder();
  await writeFile(newPath(), dead);
  const actual = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
  const faster: Lease[] = [];
  vi.mocked(link)
    .mockImplementationOnce(actual.link)
    .mockImplementationOnce(async (signed, name) => {
      // It has found the lock dead, and is about to take it over.
      faster.push(await lockFile(path));
      return actual.link(signed, name);
    });
  await expect(lockFile(path)).rejects.toMatchObject({ code: 'upload_locked' });
  expect(faster).toHaveLength(1);
  expect(await ours()).toEqual([`${count}.lock`]);
  await faster[0]?.release();
  expect(await ours()).toEqual([]);
});

test('a process that died during a takeover does not block others', async () => {
  const dead = await deadHolder();
  await writeFile(newPath(), dead);
  await writeFile(`${path}.burial`, dead);
  const lease = await lockFile(path);
  expect(await ours()).toEqual([`${count}.lock`]);
  await lease.release();
});

test('a process killed before it wrote its lock does not block others', async () => {
  const actual = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
  const made = new Promise<void>((resolve) => {
    vi.mocked(writeFile).mockImplementationOnce(async (file) => {
      await actual.writeFile(file as string, '');
      resolve();
      return new Promise(() => undefined);
    });
  });
  void lockFile(newPath());
  await made;
  await (await lockFile(path)).release();
});

test('a process killed between writing and linking its lock does not block others', async () => {
  const reached = new Promise<void>((resolve) => {
    vi.mocked(link).mockImplementationOnce(() => {
      resolve();
      return new Promise(() => undefined);
    });
  });
  void lockFile(newPath());
  await reached;
  await (await lockFile(path)).release();
});

test('a process with a temporary lock removed by the holder rejects with upload_locked', async () => {
  const holder = await lockFile(newPath());
  const actual = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
  async function swept(signed: PathLike, name: PathLike): Promise<void> {
    await actual.rm(signed);
    return actual.link(signed, name);
  }
  vi.mocked(link).mockImplementationOnce(swept).mockImplementationOnce(swept);
  await expect(lockFile(path)).rejects.toMatchObject({ code: 'upload_locked' });
  await holder.release();
});

test('a link with a lost response counts as a taken lock', async () => {
  const actual = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
  vi.mocked(link).mockImplementationOnce(async (signed, name) => {
    await actual.link(signed, name);
    return actual.link(signed, name);
  });
  const lease = await lockFile(newPath());
  await expect(lockFile(path)).rejects.toMatchObject({ code: 'upload_locked' });
  await lease.release();
  expect(await ours()).toEqual([]);
});

test.each(['EPERM', 'ENOTSUP', 'ENOSYS'])(
  'where link fails with %s, the lock is created without a link',
  async (code) => {
    const unsupported = Object.assign(new Error(code), { code });
    vi.mocked(link).mockRejectedValueOnce(unsupported).mockRejectedValueOnce(unsupported);
    const lease = await lockFile(newPath());
    expect(await ours()).toEqual([`${count}.lock`]);
    await expect(lockFile(path)).rejects.toMatchObject({ code: 'upload_locked' });
    await lease.release();
    expect(await ours()).toEqual([]);
  },
);

test('another error of link is reported, and leaves nothing', async () => {
  vi.mocked(link).mockRejectedValueOnce(Object.assign(new Error('disk'), { code: 'EIO' }));
  await expect(lockFile(newPath())).rejects.toMatchObject({ code: 'EIO' });
  expect(await ours()).toEqual([]);
});

test('a directory without write permission is reported', async () => {
  await expect(lockFile(join(folder, 'absent', 'lock'))).rejects.toMatchObject({ code: 'ENOENT' });
});
