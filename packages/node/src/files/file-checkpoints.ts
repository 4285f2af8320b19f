import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointStore } from '@partway/core/ports';
import { lockFile } from './file-lock.ts';

/**
 * Checkpoints as files of `directory`, one an upload, readable by their owner alone: they hold upload tokens.
 * The directory is made when it is needed. Each file is replaced as a whole and is on the disk when `save`
 * resolves, so that a crash, of the machine too, leaves the old one or the new one.
 */
export function createFileCheckpoints(directory: string): CheckpointStore {
  if (directory === '') throw new TypeError('directory must be the path of a directory');
  const pathOf = (id: string): string => {
    if (!isId(id)) throw new TypeError('a checkpoint id is 16 hex digits');
    return join(directory, `${id}${SUFFIX}`);
  };
  return {
    async load(id) {
      return unlessMissing(readFile(pathOf(id), 'utf8'));
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
      await unlessMissing(rename(pathOf(id), `${pathOf(id)}.set-aside`));
    },
    async list() {
      const names = (await unlessMissing(readdir(directory))) ?? [];
      return names
        .filter((name) => name.endsWith(SUFFIX))
        .map((name) => name.slice(0, -SUFFIX.length))
        .filter(isId);
    },
    async lock(id) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const lease = await lockFile(`${pathOf(id)}.lock`);
      await sweep(directory, id);
      return lease;
    },
  };
}

const SUFFIX = '.partway.json';

/** The rest of the name of a text, or of a lock, that is just being written or removed. */
const UNFINISHED =
  /^\.partway\.json(?:\.lock\.burial|(?:\.lock)?\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * Removes what processes that were killed in the middle of a `save` or a `lock` have left of this upload:
 * texts with its token, among others. Only the holder of the lock may call it: then no process uses them.
 * Files that cannot be removed stay until the next call.
 */
async function sweep(directory: string, id: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const removals = names
    .filter((name) => name.startsWith(id) && UNFINISHED.test(name.slice(id.length)))
    .map((name) => rm(join(directory, name), { force: true }));
  await Promise.allSettled(removals);
}

async function replaceFile(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${randomUUID()}`;
  try {
    const file = await open(unfinished, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (reason) {
    await rm(unfinished, { force: true });
    throw reason;
  }
}

/** The name of a new file is on the disk only when its directory is. Windows cannot do that, and need not. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
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
