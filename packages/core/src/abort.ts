/**
 * Starts an operation and waits for it, but rejects with the signal's reason as soon as it is aborted. With a
 * signal that is already aborted, nothing starts. The operation itself continues: others may wait for it too.
 */
export async function rejectOnAbort<Value>(
  start: () => Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return await start();
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([start(), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** A controller that another signal also aborts, until `unlink` is called. */
export interface LinkedController {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  unlink(): void;
}

/** Like `AbortSignal.any`, but cheaper: every part needs one. */
export function createLinkedController(signal: AbortSignal): LinkedController {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink: () => signal.removeEventListener('abort', onAbort),
  };
}

/** Many controllers that one signal aborts, through one listener, until `close` is called. */
export interface LinkedControllers {
  open(): LinkedController;
  close(): void;
}

export function createLinkedControllers(signal: AbortSignal): LinkedControllers {
  const linked = new Set<AbortController>();
  const onAbort = (): void => {
    for (const controller of linked) controller.abort(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    open() {
      const controller = new AbortController();
      linked.add(controller);
      if (signal.aborted) onAbort();
      return {
        signal: controller.signal,
        abort: (reason) => controller.abort(reason),
        unlink: () => linked.delete(controller),
      };
    },
    close: () => signal.removeEventListener('abort', onAbort),
  };
}

/**
 * For operations that must finish even when the caller has stopped the upload. Returns a new signal each
 * time: Node warns about a signal with dozens of listeners.
 */
export function createUnabortedSignal(): AbortSignal {
  return new AbortController().signal;
}

/** The abort reason of a pause. It never reaches the caller. */
export const PAUSED: Error = new Error('the upload is paused');

/** Aborted for good, and not only paused. */
export function isAborted({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason !== PAUSED;
}

/**
 * Abort reason for timers and waiters that are no longer needed. Created once: an `abort()` without a reason
 * creates an error with a stack each time.
 */
export const SETTLED: Error = new Error('the operation has settled');
