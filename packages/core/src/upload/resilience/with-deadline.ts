import { linkedController, SETTLED, unlessAborted } from '../../abort.ts';
import { UploadError } from '../../errors.ts';
import type { UploadPorts } from '../run-context.ts';

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
  const stop = linkedController(signal);
  run.ports.clock.sleep(deadlineMs, stop.signal).then(
    // canary: no-deadline
    () => stop.abort(noAnswer(deadlineMs)),
    // The try has ended first.
    () => undefined,
  );
  try {
    return await unlessAborted(() => attempt(stop.signal), stop.signal);
  } finally {
    stop.unlink();
    stop.abort(SETTLED);
  }
}

function noAnswer(deadlineMs: number): UploadError {
  return new UploadError({
    code: 'network',
    message: `no answer came for ${deadlineMs} ms`,
    disposition: 'transient',
  });
}
