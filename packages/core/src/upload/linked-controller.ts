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
