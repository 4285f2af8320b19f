import { abortedError, type UploadError } from '../errors.ts';
import type { ResolvedOptions, UploadOptions } from '../options.ts';
import type { UploadedObject } from '../ports.ts';
import { assertConcurrency, assertObjectOptions, resolveOptions } from '../resolve-options.ts';
import { guardCheckpoints } from './checkpoints/checkpoint-guard.ts';
import { type Budget, NO_BUDGET } from './concurrency/budget.ts';
import { createPartLimiter } from './concurrency/part-limiter.ts';
import { createHiddenHeadersReport } from './part-response.ts';
import type { UploadEvent, UploadFact } from './progress/events.ts';
import { createSnapshotFold, type UploadSnapshot } from './progress/snapshot.ts';
import { createOutage } from './resilience/retry.ts';
import type { RunPorts, UploadPorts, UploadRunner } from './run-context.ts';
import { createRunControl, runUntilSettled, withPermits } from './run-control.ts';
import { createSourceRunner } from './run-upload.ts';

/** A started upload. */
export interface Upload {
  /**
   * Resolves with the object when its bytes are proven, or rejects with an `UploadError`. A rejection that
   * is not awaited does not crash the process; it is also emitted as `failed`.
   */
  readonly result: Promise<UploadedObject>;
  /** The current state. */
  snapshot(): UploadSnapshot;
  /** Calls `listener` with each further event, in order. Returns the function that removes it. */
  subscribe(listener: (event: UploadEvent) => void): () => void;
  /**
   * Stops all requests and keeps the stored parts: `resume` continues with them. No effect once Complete was
   * sent, or while paused.
   */
  pause(): void;
  /** Continues after a pause. No effect while not paused. */
  resume(): void;
  /**
   * Stops the parts in flight and removes the upload from OSS; `result` rejects with code `aborted`. Resolves
   * when no request is in flight any more. After Complete was sent, the upload completes in spite of it.
   */
  abort(): Promise<void>;
  /** Fixes the number of parts in flight, 1 to 64. Throws a `RangeError`. */
  setConcurrency(concurrency: number): void;
}

/**
 * Starts the upload of a source. Throws a `TypeError` or `RangeError` for a wrong option; any other failure
 * rejects `result`.
 */
export function startUpload(ports: UploadPorts, options: UploadOptions): Upload {
  assertObjectOptions(options);
  return createUpload(ports, resolveOptions(options), createSourceRunner(ports), NO_BUDGET);
}

/**
 * The same for a page, without the checks of the key and the object: `authorize` of the coordinator may
 * change both, and the coordinator rejects what OSS would reject.
 */
export function startBrowserUpload(ports: UploadPorts, options: UploadOptions): Upload {
  return createUpload(ports, resolveOptions(options), createSourceRunner(ports), NO_BUDGET);
}

/** Starts any upload. Its runner knows where the bytes come from: a source or a stream. */
export function createUpload(
  ports: RunPorts,
  options: ResolvedOptions,
  runner: UploadRunner,
  budget: Budget,
): Upload {
  const fold = createSnapshotFold();
  const listeners = new Set([options.onEvent]);
  const { limit, onEvent, setFixed } = createPartLimiter(
    options,
    ports.transport.connectionsMax,
    budget.share(),
  );
  const control = createRunControl();

  function emit(fact: UploadFact): void {
    const event: UploadEvent = { at: ports.clock.now(), ...fact };
    fold.add(event);
    onEvent(event);
    for (const listener of [...listeners]) callListener(listener, event);
  }

  const checkpoints = guardCheckpoints(ports.checkpoints, (error) => emit({ type: 'cleanup-failed', error }));
  const reportHiddenHeaders = createHiddenHeadersReport(ports.transport, emit);
  const isCompleting = (): boolean => fold.snapshot().phase === 'completing';
  const outage = createOutage(ports, () => control.signal().aborted && !isCompleting(), emit);
  const lostInitiate = { since: undefined };
  const run = { ports, options, checkpoints, limit, lostInitiate, outage, emit, reportHiddenHeaders };
  const unlink = linkCallerSignal(options.signal, control.abort);
  const result = runUntilSettled(run, withPermits(runner, budget), control, isCompleting).finally(unlink);
  // A failure that no caller awaits must not crash the process: it is also the event `failed`.
  result.catch(() => undefined);

  return {
    result,
    snapshot: fold.snapshot,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    pause: control.pause,
    resume: control.resume,
    async abort() {
      control.abort(abortedError());
      await result.then(
        () => undefined,
        () => undefined,
      );
    },
    setConcurrency(concurrency) {
      assertConcurrency(concurrency);
      setFixed(concurrency);
    },
  };
}

/** Aborts the upload when the caller's signal is aborted, until the returned function is called. */
function linkCallerSignal(signal: AbortSignal | undefined, abort: (error: UploadError) => void): () => void {
  if (signal === undefined) return () => undefined;
  // A signal for this upload alone: Node warns about a signal with a dozen listeners.
  const own = AbortSignal.any([signal]);
  const onAbort = (): void => abort(abortedError(signal.reason));
  if (own.aborted) onAbort();
  own.addEventListener('abort', onAbort, { once: true });
  return () => own.removeEventListener('abort', onAbort);
}

/** An error of a listener must not fail the upload. */
function callListener(listener: (event: UploadEvent) => void, event: UploadEvent): void {
  try {
    // An async listener returns a promise, although its type does not allow for it.
    const returned: unknown = listener(event);
    if (returned instanceof Promise) returned.catch(() => undefined);
  } catch {
    // The listener is the caller's code, and there is no other place to report its error.
  }
}
