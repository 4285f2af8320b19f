import type { ErrorContext } from '../../errors.ts';
import { retrying, type Tries } from './retry.ts';
import { VERB_MS_MAX, withDeadline } from './with-deadline.ts';

/** Asks the control plane for one verb: again where that may help, and each time until a deadline. */
export function ask<T>(
  run: Tries,
  signal: AbortSignal,
  context: ErrorContext,
  verb: (signal: AbortSignal) => Promise<T>,
  deadlineMs: number = VERB_MS_MAX,
): Promise<T> {
  return retrying(run, signal, context, () => withDeadline(run, deadlineMs, signal, verb));
}
