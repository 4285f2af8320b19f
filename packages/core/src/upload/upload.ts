import { abortedError, type UploadError } from '../errors.ts';
import type { ResolvedOptions, UploadOptions } from '../options.ts';
import type { UploadedObject } from '../ports.ts';
import { assertConcurrency, assertObjectOptions, resolveOptions } from '../resolve-options.ts';
import { guardCheckpoints } from './checkpoints/checkpoint-guard.ts';
import { type Budget, NO_BUDGET } from './concurrency/budget.ts';
import { createPartLimit } from './concurrency/part-limiter.ts';
import { createHiddenHeadersReport } from './part-response.ts';
import type { UploadEvent, UploadFact } from './progress/events.ts';
import { createSnapshotFold, type UploadSnapshot } from './progress/snapshot.ts';
import { createOutage } from './resilience/retry.ts';
import type { RunPorts, UploadPorts, UploadRunner } from './run-context.ts';
import { createRunControl, runUntilSettled, withPermits } from './run-control.ts';
import { createSourceRunner } from './run-upload.ts';

/** An upload under way. */
export interface Upload {
  /**
   * Settles once: with the object when its bytes are proven, or with an `UploadError`. A failure nobody
   * awaits does not crash the process; it is also told as the event `failed`.
   */
  readonly result: Promise<UploadedObject>;
  /** The state right now. */
  snapshot(): UploadSnapshot;
  /** Calls `listener` with every event from now on, in order. Returns the function that ends it. */
  subscribe(listener: (event: UploadEvent) => void): () => void;
  /**
   * Stops all traffic and keeps everything: `resume` goes on where it stopped. Without effect once Complete
   * was sent, or when paused.
   */
  pause(): void;
  /** Goes on after a pause. Without effect when not paused. */
  resume(): void;
  /**
   * Stops the parts in flight and removes the upload from OSS; `result` rejects with code `aborted`. Resolves
   * when nothing of it is left under way. An object whose Complete was already sent is not aborted any more.
   */
  abort(): Promise<void>;
  /** So many parts in flight from now on, 1 to 64, instead of as many as seems best. */
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
  const { limit, onEvent, setFixed } = createPartLimit(
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

/** Lets the caller's signal stop the upload, until the function returned is called. */
function linkCallerSignal(signal: AbortSignal | undefined, abort: (error: UploadError) => void): () => void {
  if (signal === undefined) return () => undefined;
  // A signal of its own: Node warns of one that a dozen uploads listen to.
  const own = AbortSignal.any([signal]);
  const onAbort = (): void => abort(abortedError(signal.reason));
  if (own.aborted) onAbort();
  own.addEventListener('abort', onAbort, { once: true });
  return () => own.removeEventListener('abort', onAbort);
}

/** An upload must not fail because somebody who watches it does. */
function callListener(listener: (event: UploadEvent) => void, event: UploadEvent): void {
  try {
    // An async listener gives a promise, though its type says nothing of it.
    const told: unknown = listener(event);
    if (told instanceof Promise) told.catch(() => undefined);
  } catch {
    // Nobody to tell: the listener is the caller's own code.
  }
}
