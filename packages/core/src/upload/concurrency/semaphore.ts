/** So many at once, first come, first served. */
export interface Semaphore {
  /** How many have one. */
  taken(): number;
  /** How many wait for one. */
  waiting(): number;
  /** Waits for a turn. Resolves with what ends it; rejects with `signal.reason`. */
  acquire(signal: AbortSignal): Promise<() => void>;
  /** So many from now on. Those that are taken go on. */
  resize(most: number): void;
}

export function createSemaphore(most: number): Semaphore {
  const queue: (() => void)[] = [];
  let taken = 0;

  function admit(): void {
    while (taken < most && queue.length > 0) {
      taken += 1;
      queue.shift()?.();
    }
  }

  function leave(): void {
    taken -= 1;
    admit();
  }

  return {
    taken: () => taken,
    waiting: () => queue.length,
    async acquire(signal) {
      signal.throwIfAborted();
      if (taken < most && queue.length === 0) taken += 1;
      else await queued(queue, admit, signal);
      return leave;
    },
    resize(count) {
      most = count;
      admit();
    },
  };
}

/** Waits in the queue until it is served, or until the signal takes it out again. */
export function queued(queue: (() => void)[], serve: () => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const begin = (): void => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    const giveUp = (): void => {
      queue.splice(queue.indexOf(begin), 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    queue.push(begin);
    serve();
  });
}
