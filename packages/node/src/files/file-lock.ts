import { randomUUID } from 'node:crypto';
import { link, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { type Lease, uploadLockedError } from '@partway/core/ports';

/** The content of a lock file, by which other processes check whether its holder lives. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Distinguishes two locks of one process. */
  readonly nonce: string;
}

/** The holder shows that it lives this often … */
const HEARTBEAT_MS = 5_000;
/** … and counts as dead after this time, where its process cannot be checked. */
const DEAD_AFTER_MS = 30_000;

/**
 * Acquires a lock file, held until it is released. The lock of a dead process is taken over: at once on the
 * same host, after 30 s without a heartbeat elsewhere. Rejects with `upload_locked` while another process
 * holds it.
 */
export async function lockFile(path: string): Promise<Lease> {
  const holder = newHolder();
  if (!(await create(path, holder))) {
    await removeDead(path);
    if (!(await create(path, holder))) throw await lockedBy(path);
  }
  const heartbeat = setInterval(() => {
    // Without a heartbeat other processes may take the lock over; this process cannot report it here.
    utimes(path, new Date(), new Date()).catch(() => undefined);
  }, HEARTBEAT_MS).unref();
  return {
    async release() {
      clearInterval(heartbeat);
      if ((await holderOf(path))?.nonce === holder.nonce) await rm(path, { force: true });
    },
  };
}

function newHolder(): Holder {
  return { pid: process.pid, host: hostname(), nonce: randomUUID() };
}

/**
 * Links the lock to its name after its content is written: an empty lock would have no holder, and block all
 * processes. Resolves with `false` when it is taken.
 */
async function create(path: string, holder: Holder): Promise<boolean> {
  const signed = `${path}.${holder.nonce}`;
  try {
    await writeFile(signed, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    return await giveName(signed, path, holder);
  } finally {
    await rm(signed, { force: true });
  }
}

async function giveName(signed: string, path: string, holder: Holder): Promise<boolean> {
  try {
    await link(signed, path);
    return true;
  } catch (reason) {
    const code = codeOf(reason);
    if (WITHOUT_LINKS.has(code)) return createUnsigned(path, holder);
    // ENOENT: the new holder of the lock has removed this temporary file as a leftover.
    if (code !== 'EEXIST' && code !== 'ENOENT') throw reason;
    // A network file system may have lost the response to link: then this process holds the lock.
    return (await holderOf(path))?.nonce === holder.nonce;
  }
}

/**
 * Errors of `link` on file systems without hard links. libuv maps the error of Windows on FAT to EISDIR.
 */
const WITHOUT_LINKS: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EISDIR']);

/** The next best: killed before its content is there, it blocks the upload until it counts as dead. */
async function createUnsigned(path: string, holder: Holder): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (reason) {
    if (codeOf(reason) === 'EEXIST') return false;
    throw reason;
  }
}

/**
 * Judged and removed by one process at a time, which holds the right to it as a lock of its own: the lock
 * that another has put in the place of the dead one meanwhile must not be removed with it.
 */
async function removeDead(path: string): Promise<void> {
  if (!(await isDead(path))) return;
  const burial = `${path}.burial`;
  if (await isDead(burial)) await rm(burial, { force: true });
  if (!(await create(burial, newHolder()))) return;
  try {
    if (await isDead(path)) await rm(path, { force: true });
  } finally {
    await rm(burial, { force: true });
  }
}

/** A lock that is gone is not dead: another may be there by the time it is removed. */
async function isDead(path: string): Promise<boolean> {
  const holder = await holderOf(path);
  if (holder?.host === hostname() && !isRunning(holder.pid)) return true;
  const touchedAt = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
  return touchedAt !== undefined && Date.now() - touchedAt >= DEAD_AFTER_MS;
}

/** Signal 0 checks without a signal. A process of another user cannot be checked, and counts as alive. */
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
