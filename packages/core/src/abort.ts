/**
 * Waits for what `start` begins, but rejects with the signal's reason as soon as it is aborted. Begins
 * nothing for a signal aborted before. What is under way goes on, as others may wait for it too.
 */
export async function unlessAborted<Value>(
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

/** A controller whose signal is aborted with another, too, until `unlink` is called. */
export interface LinkedController {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  unlink(): void;
}

/** What `AbortSignal.any` does, for a part of the price: for what every part needs. */
export function linkedController(signal: AbortSignal): LinkedController {
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

/** Many controllers at once that are aborted with one signal. It is heard by one listener, until `close`. */
export interface LinkedControllers {
  open(): LinkedController;
  close(): void;
}

export function linkedControllers(signal: AbortSignal): LinkedControllers {
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
 * For what must run to its end even when the caller has stopped the upload. Each time another signal: Node
 * warns of one that dozens listen to.
 */
export function uninterrupted(): AbortSignal {
  return new AbortController().signal;
}

/** The reason by which a pause stops the walk. It never reaches the caller. */
export const PAUSED: Error = new Error('the upload is paused');

/**
 * The reason by which those are told to end who wait for what has come already. Made once: an `abort()`
 * without one makes an error with a stack each time.
 */
export const SETTLED: Error = new Error('it has ended');
