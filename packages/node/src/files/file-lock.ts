import { randomUUID } from 'node:crypto';
import { link, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { type Lease, uploadLockedError } from '@partway/core/ports';

/** The content of a lock file, by which other processes find out whether its holder is alive. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Distinguishes two locks of one process. */
  readonly nonce: string;
}

/** The holder updates the modification time of the lock file this often … */
const HEARTBEAT_MS = 5_000;
/** … and counts as dead after this long, if its process cannot be checked. */
const DEAD_AFTER_MS = 30_000;

/**
 * Acquires a lock that is a file. The lock of a dead process is taken over: at once on the same host, after
 * 30 s without a heartbeat on another one. Rejects with code `upload_locked` while another process holds it.
 */
export async function lockFile(path: string): Promise<Lease> {
  const holder = createHolder();
  if (!(await createLock(path, holder))) {
    await removeDeadLock(path);
    if (!(await createLock(path, holder))) throw await lockedError(path);
  }
  const heartbeat = setInterval(() => {
    // After a failure other processes may take over the lock; there is no caller to report it to.
    utimes(path, new Date(), new Date()).catch(() => undefined);
  }, HEARTBEAT_MS).unref();
  return {
    async release() {
      clearInterval(heartbeat);
      if ((await readHolder(path))?.nonce === holder.nonce) await rm(path, { force: true });
    },
  };
}

function createHolder(): Holder {
  return { pid: process.pid, host: hostname(), nonce: randomUUID() };
}

/**
 * Writes the content first and then gives the file its name: a lock file without content would have no known
 * holder, and block every process. Returns false if the lock is taken.
 */
async function createLock(path: string, holder: Holder): Promise<boolean> {
  const temporary = `${path}.${holder.nonce}`;
  try {
    await writeFile(temporary, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    return await linkLock(temporary, path, holder);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function linkLock(temporary: string, path: string, holder: Holder): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (reason) {
    const code = errorCode(reason);
    if (NO_LINK_CODES.has(code)) return createLockWithoutLink(path, holder);
    // ENOENT: the new holder of the lock has removed all temporary files, also this one.
    if (code !== 'EEXIST' && code !== 'ENOENT') throw reason;
    // A network file system may lose the response to its own link: then this process holds the lock.
    return (await readHolder(path))?.nonce === holder.nonce;
  }
}

/** The errors of `link` in a file system without hard links. EISDIR: on FAT under Windows. */
const NO_LINK_CODES: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EISDIR']);

/** If the process is killed before the content is written, the lock blocks until it counts as dead. */
async function createLockWithoutLink(path: string, holder: Holder): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (reason) {
    if (errorCode(reason) === 'EEXIST') return false;
    throw reason;
  }
}

/**
 * Removes the lock if its holder is dead. One process at a time checks and removes it, under a lock of its
 * own: otherwise it could remove the lock that another process has created in the meantime.
 */
async function removeDeadLock(path: string): Promise<void> {
  if (!(await isDead(path))) return;
  const takeover = `${path}.takeover`;
  if (await isDead(takeover)) await rm(takeover, { force: true });
  if (!(await createLock(takeover, createHolder()))) return;
  try {
    if (await isDead(path)) await rm(path, { force: true });
  } finally {
    await rm(takeover, { force: true });
  }
}

/** A missing lock is not dead: another process may have created it by the time it is removed. */
async function isDead(path: string): Promise<boolean> {
  const holder = await readHolder(path);
  if (holder?.host === hostname() && !isRunning(holder.pid)) return true;
  const touchedAt = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
  return touchedAt !== undefined && Date.now() - touchedAt >= DEAD_AFTER_MS;
}

/** Signal 0 only checks. A process of another user cannot be signalled, and counts as running. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (reason) {
    return errorCode(reason) !== 'ESRCH';
  }
}

/** `undefined` for a lock that is missing, or that is being written. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

async function lockedError(path: string): Promise<Error> {
  const holder = await readHolder(path);
  return uploadLockedError(
    holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`,
  );
}

function errorCode(reason: unknown): unknown {
  return reason instanceof Error && 'code' in reason ? reason.code : undefined;
}
