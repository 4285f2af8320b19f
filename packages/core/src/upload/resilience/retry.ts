import { type ErrorContext, UploadError } from '../../errors.ts';
import type { ResolvedOptions } from '../../options.ts';
import type { UploadFact } from '../progress/events.ts';
import type { Outage, UploadPorts } from '../run-context.ts';
import { backoffMs } from './backoff.ts';

/** What the loop needs to know of an upload, or of whatever else is tried. */
export interface Tries {
  readonly ports: Pick<UploadPorts, 'clock' | 'random'>;
  readonly options: Pick<ResolvedOptions, 'retry'>;
  /** `undefined` for those who cannot tell. */
  readonly outage?: Outage | undefined;
  readonly emit: (fact: UploadFact & { readonly type: 'retrying' }) => void;
}

/**
 * The one retry loop of the project. Tries until `attempt` resolves, fails for good, or has failed as often
 * or waited as long as allowed, which turns a transient error into an exhausted one. What fails for want of a
 * network waits for it, and does not count. The signal ends it between and during the tries; its reason is
 * then the error.
 */
export async function retrying<T>(
  run: Tries,
  signal: AbortSignal,
  context: ErrorContext,
  attempt: (attempt: number) => Promise<T>,
): Promise<T> {
  const { retry } = run.options;
  let waitedMs = 0;
  let failures = 0;
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    try {
      return await attempt(tries);
    } catch (reason) {
      signal.throwIfAborted();
      const error = UploadError.from(reason).with({ ...context, attempt: tries });
      // canary: retry-of-permanent-error
      if (error.disposition !== 'transient') throw error;
      // canary: no-wait-for-network
      if (run.outage?.isOfflineError(error)) {
        run.emit({ type: 'retrying', error, delayMs: 0 });
        await run.outage.waitUntilOnline(signal);
        continue;
      }
      failures += 1;
      const delayMs = backoffMs(error, failures, retry, run.ports.random);
      waitedMs += delayMs;
      // canary: one-try-too-many
      if (failures >= retry.attemptsMax || waitedMs > retry.budgetMs) throw error.with({}, 'exhausted');
      run.emit({ type: 'retrying', error, delayMs });
      await run.ports.clock.sleep(delayMs, signal);
    }
  }
}
