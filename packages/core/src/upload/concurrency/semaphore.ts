/** Limits how many holders there are at once. First come, first served. */
export interface Semaphore {
  /** How many permits are in use. */
  used(): number;
  /** How many callers wait for a permit. */
  waiting(): number;
  /** Waits for a permit. Resolves with the function that releases it; rejects with `signal.reason`. */
  acquire(signal: AbortSignal): Promise<() => void>;
  /** Changes the number of permits. None that is in use is revoked. */
  resize(permits: number): void;
}

export function createSemaphore(permits: number): Semaphore {
  const queue: (() => void)[] = [];
  let used = 0;

  function grant(): void {
    while (used < permits && queue.length > 0) {
      used += 1;
      queue.shift()?.();
    }
  }

  function release(): void {
    used -= 1;
    grant();
  }

  return {
    used: () => used,
    waiting: () => queue.length,
    async acquire(signal) {
      signal.throwIfAborted();
      if (used < permits && queue.length === 0) used += 1;
      else await waitInQueue(queue, grant, signal);
      return release;
    },
    resize(count) {
      permits = count;
      grant();
    },
  };
}

/** Waits in the queue until `grant` serves it, or until the signal removes it. */
export function waitInQueue(queue: (() => void)[], grant: () => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onGranted = (): void => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    };
    const onAbort = (): void => {
      queue.splice(queue.indexOf(onGranted), 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    queue.push(onGranted);
    grant();
  });
}
