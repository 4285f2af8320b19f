import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointStore } from '@partway/core/ports';
import { lockFile } from './file-lock.ts';

/**
 * Stores checkpoints as files of `directory`, one per upload. Only their owner can read them: they contain
 * upload tokens. The directory is created when it is first needed. A file is replaced atomically and is on
 * the disk when `save` resolves: after a crash, also of the machine, the old file or the new one is there.
 * Only one process at a time works on an upload: a lock file is taken over when its process has ended, on
 * another machine after 30 s without a heartbeat. Throws a `TypeError` if `directory` is empty.
 */
export function createFileCheckpoints(directory: string): CheckpointStore {
  if (directory === '') throw new TypeError('directory must be the path of a directory');
  const pathOf = (id: string): string => {
    if (!isId(id)) throw new TypeError('a checkpoint id is 16 hex digits');
    return join(directory, `${id}${SUFFIX}`);
  };
  return {
    async load(id) {
      return undefinedIfMissing(readFile(pathOf(id), 'utf8'));
    },
    async save(id, text) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await replaceFile(pathOf(id), text);
      await syncDirectory(directory);
    },
    async remove(id) {
      await rm(pathOf(id), { force: true });
    },
    async setAside(id) {
      await undefinedIfMissing(rename(pathOf(id), `${pathOf(id)}.set-aside`));
    },
    async list() {
      const names = (await undefinedIfMissing(readdir(directory))) ?? [];
      return names
        .filter((name) => name.endsWith(SUFFIX))
        .map((name) => name.slice(0, -SUFFIX.length))
        .filter(isId);
    },
    async lock(id) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const lease = await lockFile(`${pathOf(id)}.lock`);
      await removeTemporaryFiles(directory, id);
      return lease;
    },
  };
}

const SUFFIX = '.partway.json';

/** The end of the names of temporary files, from which checkpoints and locks are made. */
const TEMPORARY =
  /^\.partway\.json(?:\.lock\.takeover|(?:\.lock)?\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * Removes the temporary files of this upload that killed processes have left behind: some contain its token.
 * Only the holder of its lock may call this, because no other process uses them then. Files that cannot be
 * removed stay until the next call.
 */
async function removeTemporaryFiles(directory: string, id: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const removals = names
    .filter((name) => name.startsWith(id) && TEMPORARY.test(name.slice(id.length)))
    .map((name) => rm(join(directory, name), { force: true }));
  await Promise.allSettled(removals);
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (reason) {
    await rm(temporary, { force: true });
    throw reason;
  }
}

/** The name of a new file is on the disk only after this. Not possible on Windows. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function undefinedIfMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (reason) {
    if (reason instanceof Error && 'code' in reason && reason.code === 'ENOENT') return undefined;
    throw reason;
  }
}

function isId(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text);
}
