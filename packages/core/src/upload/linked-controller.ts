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
