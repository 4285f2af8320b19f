import { UploadError } from '../errors.ts';
import { UNINTERRUPTED } from './interruption.ts';
import type { UploadRun } from './upload-run.ts';

/** A verb of the control plane is answered in seconds; this long, and it will not be. */
export const VERB_MS_MAX = 120_000;

/** Completing thousands of parts takes OSS minutes. */
export const COMPLETE_MS_MAX = 900_000;

/**
 * Waits for one try of a verb, until the deadline or the caller's abort, also where whoever carries it out
 * does not heed the signal it is given.
 */
export async function withDeadline<T>(
  run: UploadRun,
  deadlineMs: number,
  signal: AbortSignal,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const ended = new AbortController();
  // Never that of all uploads: each combination with it would stay in memory for ever.
  const stop = signal === UNINTERRUPTED ? late.signal : AbortSignal.any([signal, late.signal]);
  const stopped = new Promise<never>((_, reject) => {
    // Removed when the try has ended: a listener would keep the signal, and all it refers to, for ever.
    stop.addEventListener('abort', () => reject(stop.reason), { once: true, signal: ended.signal });
  });
  // It may be stopped before anybody waits for it.
  stopped.catch(() => undefined);
  run.ports.clock.sleep(deadlineMs, ended.signal).then(
    () => late.abort(noAnswer(deadlineMs)),
    // The try has ended first.
    () => undefined,
  );
  try {
    stop.throwIfAborted();
    return await Promise.race([attempt(stop), stopped]);
  } finally {
    ended.abort();
  }
}

function noAnswer(deadlineMs: number): UploadError {
  return new UploadError({
    code: 'network',
    message: `no answer came for ${deadlineMs} ms`,
    disposition: 'transient',
  });
}
