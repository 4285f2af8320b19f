import { isAborted, PAUSED } from '../abort.ts';
import { assertObjectOptions } from '../assert-object-options.ts';
import { abortedError, UploadError } from '../errors.ts';
import {
  assertConcurrency,
  type ResolvedOptions,
  resolveMemoryMax,
  resolveOptions,
  type StreamUploadOptions,
  type UploadOptions,
} from '../options.ts';
import { firstPartSize } from '../parts/part-plan.ts';
import type { UploadedObject } from '../ports.ts';
import { abortOrphanedUploads } from './checkpoints/abort-unfinished-upload.ts';
import { guardCheckpoints } from './checkpoints/checkpoint-guard.ts';
import { type Budget, NO_PERMIT } from './concurrency/budget.ts';
import { createPartLimit } from './concurrency/part-limiter.ts';
import { createHeaderNotice } from './part-response.ts';
import type { UploadEvent, UploadFact } from './progress/events.ts';
import { createSnapshotFold, type UploadSnapshot } from './progress/snapshot.ts';
import { createOutage } from './resilience/outage.ts';
import type { StreamPorts, UploadPorts, UploadRun, UploadRunner } from './run-context.ts';
import { createStops, type Stops } from './run-control.ts';
import { runUpload } from './run-upload.ts';
import { createStreamMemory, createStreamRunner, type StreamMemory } from './stream/stream-upload.ts';

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
 * Starts an upload. Throws a `TypeError` or `RangeError` for a wrong option; the world's failures come as
 * `result`.
 */
export function startUpload(ports: UploadPorts, options: UploadOptions): Upload {
  return beginUpload(ports, options, NO_BUDGET);
}

/**
 * The same for a page. What it says of the key and the object is a wish, of which `authorize` makes what they
 * will be: the coordinator checks that, and refuses what OSS would refuse.
 */
export function startBrowserUpload(ports: UploadPorts, options: UploadOptions): Upload {
  return begin(ports, resolveOptions(options), runUpload, NO_BUDGET);
}

/** The same for bytes that come once. They are read only as fast as parts are confirmed. */
export function startStreamUpload(ports: StreamPorts, options: StreamUploadOptions): Upload {
  const { memoryMax, ...uploadOptions } = options;
  const memory = createStreamMemory(resolveMemoryMax(memoryMax), ports.spill);
  return beginStreamUpload(ports, uploadOptions, memory, NO_BUDGET);
}

/** An upload that shares a budget with others. */
export function beginUpload(ports: UploadPorts, options: UploadOptions, budget: Budget): Upload {
  assertObjectOptions(options);
  return begin(ports, resolveOptions(options), runUpload, budget);
}

export function beginStreamUpload(
  ports: StreamPorts,
  options: Omit<StreamUploadOptions, 'memoryMax'>,
  { buffers, partsWithin }: StreamMemory,
  budget: Budget,
): Upload {
  assertObjectOptions(options);
  const resolved = resolveOptions(options);
  const concurrencyMax = Math.min(resolved.concurrencyMax, partsWithin(firstPartSize(resolved.partSize)));
  const walk = createStreamRunner(ports.stream, buffers, resolved.partSize);
  const streamPorts = { ...ports, openSource: noSource, checkpoints: undefined };
  return begin(streamPorts, { ...resolved, concurrencyMax }, walk, budget);
}

/** Of an upload that shares nothing with others. */
const NO_BUDGET: Budget = {
  acquire: async () => NO_PERMIT,
  share: () => ({
    isShared: false,
    run: (task) => task(),
    hasRoom: () => true,
    slots: () => Number.POSITIVE_INFINITY,
    onEvent: () => undefined,
  }),
  setSlots: () => undefined,
};

function noSource(): never {
  throw new TypeError('a stream is no source');
}

function begin(ports: UploadPorts, options: ResolvedOptions, walk: UploadRunner, budget: Budget): Upload {
  const fold = createSnapshotFold();
  const listeners = new Set([options.onEvent]);
  const { limit, onEvent, setFixed } = createPartLimit(
    options,
    ports.transport.connectionsMax,
    budget.share(),
  );
  const stops = createStops();

  function emit(fact: UploadFact): void {
    const event: UploadEvent = { at: ports.clock.now(), ...fact };
    fold.add(event);
    onEvent(event);
    for (const listener of [...listeners]) callListener(listener, event);
  }

  const checkpoints = guardCheckpoints(ports.checkpoints, (error) => emit({ type: 'cleanup-failed', error }));
  const noteHeaders = createHeaderNotice(ports.transport, emit);
  const isCompleting = (): boolean => fold.snapshot().phase === 'completing';
  const outage = createOutage(ports, () => stops.signal().aborted && !isCompleting(), emit);
  const state = { permit: NO_PERMIT, lostInitiate: { since: undefined }, outage };
  const run = { ports, options, checkpoints, limit, ...state, emit, noteHeaders };
  const unlink = linkCallerSignal(options.signal, stops.abort);
  const result = settle(run, stops, inTurn(walk, budget), isCompleting).finally(unlink);
  // The failure is kept for whoever awaits it later, and told as an event until then.
  result.catch(() => undefined);

  return {
    result,
    snapshot: fold.snapshot,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    pause: stops.pause,
    resume: stops.resume,
    async abort() {
      stops.abort(abortedError());
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

async function settle(
  run: Omit<UploadRun, 'signal'>,
  stops: Stops,
  walk: UploadRunner,
  isCompleting: () => boolean,
): Promise<UploadedObject> {
  try {
    const object = await runUntilSettled(run, stops, walk, isCompleting);
    run.emit({ type: 'completed', object });
    return object;
  } catch (reason) {
    const error = UploadError.from(reason);
    run.emit({ type: 'failed', error });
    throw error;
  }
}

/** The walk is begun again after every pause, and then goes on with the upload it had begun itself. */
async function runUntilSettled(
  { options, emit, ...run }: Omit<UploadRun, 'signal'>,
  stops: Stops,
  walk: UploadRunner,
  isCompleting: () => boolean,
): Promise<UploadedObject> {
  for (let { resume } = options; ; resume = true) {
    const current = { emit, options: { ...options, resume }, signal: stops.signal(), ...run };
    const wasCalledOff = isAborted(current.signal);
    try {
      return await walk(current);
    } catch (reason) {
      if (reason !== PAUSED) {
        const isSent = isCompleting();
        // canary: orphaned-upload
        const isRemoved =
          (await abortOrphanedUploads(current, isSent)) && isAborted(current.signal) && !isSent;
        // What kept a walk from tidying up, or could have been resumed, is not what the caller is to hear.
        throw wasCalledOff || isRemoved ? current.signal.reason : reason;
      }
      emit({ type: 'paused' });
      await stops.resumed();
      emit({ type: 'resumed' });
    }
  }
}

/** Each walk is begun when its turn has come: a paused upload keeps nobody waiting. */
function inTurn(walk: UploadRunner, budget: Budget): UploadRunner {
  return async (run) => {
    const permit = await budget.acquire(run.signal).catch((reason: unknown) => {
      // Whoever aborts waits for no turn to have removed what an earlier walk has left.
      if (reason === PAUSED || run.checkpoints.known().length === 0) throw reason;
      return NO_PERMIT;
    });
    try {
      return await walk({ ...run, permit });
    } finally {
      permit.release();
    }
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
