import { ENDED } from '../ended.ts';
import { UploadError } from '../errors.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { UNINTERRUPTED } from './interruption.ts';
import type { UploadPorts } from './upload-run.ts';

/** A verb of the control plane is answered in seconds; this long, and it will not be. */
export const VERB_MS_MAX = 120_000;

/** Completing thousands of parts takes OSS minutes. */
export const COMPLETE_MS_MAX = 900_000;

/**
 * Waits for one try of a verb, until the deadline or the caller's abort, also where whoever carries it out
 * does not heed the signal it is given.
 */
export async function withDeadline<T>(
  run: { readonly ports: Pick<UploadPorts, 'clock'> },
  deadlineMs: number,
  signal: AbortSignal,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const ended = new AbortController();
  // Never that of all uploads: each combination with it would stay in memory for ever.
  const stop = signal === UNINTERRUPTED ? late.signal : AbortSignal.any([signal, late.signal]);
  run.ports.clock.sleep(deadlineMs, ended.signal).then(
    () => late.abort(noAnswer(deadlineMs)),
    // The try has ended first.
    () => undefined,
  );
  try {
    return await unlessAborted(() => attempt(stop), stop);
  } finally {
    ended.abort(ENDED);
  }
}

function noAnswer(deadlineMs: number): UploadError {
  return new UploadError({
    code: 'network',
    message: `no answer came for ${deadlineMs} ms`,
    disposition: 'transient',
  });
}
