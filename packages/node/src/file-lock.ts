import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { type Lease, uploadLockedError } from '@partway/core';

/** Written into the lock, so that others can tell whether its holder lives. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Tells two locks of one process apart. */
  readonly nonce: string;
}

/** The holder shows that it lives this often … */
const HEARTBEAT_MS = 5_000;
/** … and counts as dead after this long, where its process cannot be asked for. */
const DEAD_AFTER_MS = 30_000;

/**
 * Holds a lock as a file, until it is released. A lock whose process is gone is taken over: at once on the
 * same host, after 30 s without a sign of life elsewhere. Rejects with code `upload_locked` while somebody
 * else holds it.
 */
export async function lockFile(path: string): Promise<Lease> {
  const holder: Holder = { pid: process.pid, host: hostname(), nonce: randomUUID() };
  if (!(await create(path, holder))) {
    await removeDead(path);
    if (!(await create(path, holder))) throw await lockedBy(path);
  }
  const heartbeat = setInterval(() => {
    // A lock that cannot be touched is a lock others may take over; there is nobody to tell here.
    utimes(path, new Date(), new Date()).catch(() => undefined);
  }, HEARTBEAT_MS).unref();
  return {
    async release() {
      clearInterval(heartbeat);
      if ((await holderOf(path))?.nonce === holder.nonce) await rm(path, { force: true });
    },
  };
}

async function create(path: string, holder: Holder): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (reason) {
    if (codeOf(reason) === 'EEXIST') return false;
    throw reason;
  }
}

/** Moved away before it is removed: of several who find it dead, one alone moves it. */
async function removeDead(path: string): Promise<void> {
  if (await isAlive(path)) return;
  const grave = `${path}.${randomUUID()}`;
  try {
    await rename(path, grave);
    await rm(grave, { force: true });
  } catch (reason) {
    if (codeOf(reason) !== 'ENOENT') throw reason;
  }
}

async function isAlive(path: string): Promise<boolean> {
  const holder = await holderOf(path);
  if (holder?.host === hostname() && !isRunning(holder.pid)) return false;
  const touchedAt = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  return Date.now() - touchedAt < DEAD_AFTER_MS;
}

/** Signal 0 asks without touching. A process of another user may not be asked, and so lives. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (reason) {
    return codeOf(reason) !== 'ESRCH';
  }
}

/** `undefined` for a lock that is gone, or that is just being written. */
async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

async function lockedBy(path: string): Promise<Error> {
  const holder = await holderOf(path);
  return uploadLockedError(
    holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`,
  );
}

function codeOf(reason: unknown): unknown {
  return reason instanceof Error && 'code' in reason ? reason.code : undefined;
}
