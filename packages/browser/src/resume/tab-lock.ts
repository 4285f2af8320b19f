import type { Lease } from '@partway/core/ports';

/**
 * Takes the lock of this name among all tabs of the origin, by Web Locks: what a dead tab held is free.
 * `undefined` when somebody holds it. Where there are no Web Locks, as in a page without TLS, the lock holds
 * within this page alone.
 */
export async function takeLock(name: string): Promise<Lease | undefined> {
  const locks = webLocks();
  return locks === undefined ? takeInPage(name) : takeAmongTabs(locks, name);
}

/** Resolves when nobody holds the lock, and nobody shows life under it: at once where that is so already. */
export async function whenUnlocked(name: string, signal: AbortSignal): Promise<void> {
  const locks = webLocks();
  if (locks === undefined) return unlockedInPage(name, signal);
  for (let isHeld = true; isHeld; isHeld = await isLocked(name)) {
    signal.throwIfAborted();
    await locks.request(lifeOf(name), { mode: 'shared', signal }, () => undefined);
  }
}

/** Whether any tab holds the lock. */
export async function isLocked(name: string): Promise<boolean> {
  const locks = webLocks();
  if (locks === undefined) return heldInPage.has(name);
  const { held = [] } = await locks.query();
  return held.some((lock) => lock.name === name);
}

/** Whether a lock is seen by other tabs. */
export function isSharedByTabs(): boolean {
  return webLocks() !== undefined;
}

/**
 * Shows those who wait for a lock that its holder lives, until the function returned is called. A lock of its
 * own: whoever waits in the queue of the real one would keep others from taking it.
 */
export function holdLivenessLock(name: string): () => void {
  const locks = webLocks();
  if (locks === undefined) return () => undefined;
  const waiting = new AbortController();
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  // It rejects when it ends before it was its turn, or where locks are forbidden: there is nothing to show.
  locks.request(lifeOf(name), { signal: waiting.signal }, () => ended).catch(() => undefined);
  return () => {
    waiting.abort();
    end();
  };
}

function lifeOf(name: string): string {
  return `${name}:life`;
}

function takeAmongTabs(locks: LockManager, name: string): Promise<Lease | undefined> {
  return new Promise((resolve, reject) => {
    const held: Promise<void> = locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock === null) return resolve(undefined);
      return new Promise<void>((end) => {
        const release = (): Promise<void> => {
          end();
          return held;
        };
        resolve({ release });
      });
    });
    held.catch(reject);
  });
}

/** Missing outside of secure contexts; there for show, and forbidden, where the origin is opaque. */
function webLocks(): LockManager | undefined {
  if (globalThis.origin === 'null') return undefined;
  const { locks }: { readonly locks?: LockManager } = navigator;
  return locks;
}

interface PageLock {
  readonly freed: Promise<void>;
}

const heldInPage = new Map<string, PageLock>();

function takeInPage(name: string): Lease | undefined {
  if (heldInPage.has(name)) return undefined;
  let free: () => void = () => undefined;
  const freed = new Promise<void>((resolve) => {
    free = resolve;
  });
  heldInPage.set(name, { freed });
  return {
    async release() {
      heldInPage.delete(name);
      free();
    },
  };
}

async function unlockedInPage(name: string, signal: AbortSignal): Promise<void> {
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  // Where nobody waits any more by then, or never did, it is no failure.
  stopped.catch(() => undefined);
  signal.throwIfAborted();
  for (let lock = heldInPage.get(name); lock !== undefined; lock = heldInPage.get(name)) {
    await Promise.race([lock.freed, stopped]);
  }
}
