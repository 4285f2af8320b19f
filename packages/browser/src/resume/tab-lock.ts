import type { Lease } from '@partway/core/ports';

/** The name of the lock of one upload, the same in all tabs that use this database. */
export function lockName(databaseName: string, id: string): string {
  return `partway:${databaseName}:${id}`;
}

/**
 * Acquires a lock among all tabs of the origin, by the Web Locks API: the browser releases the locks of a
 * closed tab. `undefined` if the lock is taken. Without Web Locks, as in a page without TLS, the lock is
 * valid within this page only.
 */
export async function acquireLock(name: string): Promise<Lease | undefined> {
  const manager = getLockManager();
  return manager === undefined ? acquireInPage(name) : acquireAmongTabs(manager, name);
}

/**
 * Resolves when no tab holds the lock or its liveness lock; at once if none does. Rejects with
 * `signal.reason`.
 */
export async function waitForLockRelease(name: string, signal: AbortSignal): Promise<void> {
  const manager = getLockManager();
  if (manager === undefined) return waitForReleaseInPage(name, signal);
  for (let isHeld = true; isHeld; isHeld = await isLocked(name)) {
    signal.throwIfAborted();
    await manager.request(livenessLockName(name), { mode: 'shared', signal }, () => undefined);
  }
}

/** Whether any tab holds the lock. */
export async function isLocked(name: string): Promise<boolean> {
  const manager = getLockManager();
  if (manager === undefined) return pageLocks.has(name);
  const { held = [] } = await manager.query();
  return held.some((lock) => lock.name === name);
}

/** Whether other tabs see a lock of this page. */
export function hasWebLocks(): boolean {
  return getLockManager() !== undefined;
}

/**
 * Holds the liveness lock, on which other tabs wait, until the returned function is called. It is separate
 * from the lock itself: a tab waiting in the queue of that one would keep other tabs from acquiring it.
 */
export function holdLivenessLock(name: string): () => void {
  const manager = getLockManager();
  if (manager === undefined) return () => undefined;
  const requested = new AbortController();
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  // It rejects if it is released before it was acquired, and where locks are forbidden: both are harmless.
  manager
    .request(livenessLockName(name), { signal: requested.signal }, () => released)
    .catch(() => undefined);
  return () => {
    requested.abort();
    release();
  };
}

function livenessLockName(name: string): string {
  return `${name}:life`;
}

function acquireAmongTabs(manager: LockManager, name: string): Promise<Lease | undefined> {
  return new Promise((resolve, reject) => {
    const holding: Promise<void> = manager.request(name, { ifAvailable: true }, (lock) => {
      if (lock === null) return resolve(undefined);
      return new Promise<void>((end) => {
        const release = (): Promise<void> => {
          end();
          return holding;
        };
        resolve({ release });
      });
    });
    holding.catch(reject);
  });
}

/** `undefined` in an insecure context, and in an opaque origin, where all calls of the API reject. */
function getLockManager(): LockManager | undefined {
  if (globalThis.origin === 'null') return undefined;
  const { locks }: { readonly locks?: LockManager } = navigator;
  return locks;
}

interface PageLock {
  readonly released: Promise<void>;
}

const pageLocks = new Map<string, PageLock>();

function acquireInPage(name: string): Lease | undefined {
  if (pageLocks.has(name)) return undefined;
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  pageLocks.set(name, { released });
  return {
    async release() {
      pageLocks.delete(name);
      release();
    },
  };
}

async function waitForReleaseInPage(name: string, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  // An abort after the wait has ended must not become an unhandled rejection.
  aborted.catch(() => undefined);
  signal.throwIfAborted();
  for (let lock = pageLocks.get(name); lock !== undefined; lock = pageLocks.get(name)) {
    await Promise.race([lock.released, aborted]);
  }
}
