import { type ErrorContext, UploadError } from '../errors.ts';
import { backoffMs } from './backoff.ts';
import type { UploadRun } from './upload-run.ts';

/**
 * The one retry loop of the project. Tries until `attempt` resolves, fails for good, or has failed as often
 * or for as long as allowed, which turns a transient error into an exhausted one. The signal ends it between
 * and during the tries; its reason is then the error.
 */
export async function retrying<T>(
  run: UploadRun,
  signal: AbortSignal,
  context: ErrorContext,
  attempt: (attempt: number) => Promise<T>,
): Promise<T> {
  const { retry } = run.options;
  const { clock, random } = run.ports;
  let failingSince: number | undefined;
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    try {
      return await attempt(tries);
    } catch (reason) {
      signal.throwIfAborted();
      const error = UploadError.from(reason).with({ ...context, attempt: tries });
      if (error.disposition !== 'transient') throw error;
      failingSince ??= clock.now();
      const delayMs = backoffMs(error, tries, retry, random);
      const isTooLate = clock.now() + delayMs - failingSince > retry.budgetMs;
      if (tries >= retry.attemptsMax || isTooLate) throw error.with({}, 'exhausted');
      run.emit({ type: 'retrying', error, delayMs });
      await clock.sleep(delayMs, signal);
    }
  }
}
