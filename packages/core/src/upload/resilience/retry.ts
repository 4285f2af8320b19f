import { createLinkedController, rejectOnAbort, SETTLED } from '../../abort.ts';
import { type ErrorContext, networkError, UploadError, type UploadErrorCode } from '../../errors.ts';
import type { Resolved, ResolvedOptions, RetryOptions } from '../../options.ts';
import type { Random } from '../../ports.ts';
import type { UploadFact } from '../progress/events.ts';
import type { Outage, RunPorts } from '../run-context.ts';

/** The argument of the retry loop: of an upload, or of any other caller. */
export interface RetryContext {
  readonly ports: Pick<RunPorts, 'clock' | 'random'>;
  readonly options: Pick<ResolvedOptions, 'retry'>;
  /** `undefined`: failures are never attributed to a missing network. */
  readonly outage?: Outage | undefined;
  readonly emit: (fact: UploadFact & { readonly type: 'retrying' }) => void;
}

/**
 * The one retry loop of the project. Retries until `attempt` resolves, rejects with a permanent error, or has
 * used up its attempts or its time, which turns a transient error into an exhausted one. A failure while the
 * machine is offline waits for the network and does not count. An abort ends the loop between and during
 * attempts; the signal's reason is then the error.
 */
export async function withRetries<T>(
  run: RetryContext,
  signal: AbortSignal,
  context: ErrorContext,
  attempt: (attempt: number) => Promise<T>,
): Promise<T> {
  const { retry } = run.options;
  let waitedMs = 0;
  let failures = 0;
  for (let attempts = 1; ; attempts++) {
    signal.throwIfAborted();
    try {
      return await attempt(attempts);
    } catch (reason) {
      signal.throwIfAborted();
      const error = UploadError.from(reason).with({ ...context, attempt: attempts });
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

/** Sends one request to the control plane, with retries and a deadline for each attempt. */
export function callControlPlane<T>(
  run: RetryContext,
  signal: AbortSignal,
  context: ErrorContext,
  verb: (signal: AbortSignal) => Promise<T>,
  deadlineMs: number = VERB_MS_MAX,
): Promise<T> {
  return withRetries(run, signal, context, () => withDeadline(run, deadlineMs, signal, verb));
}

/** A control plane responds within seconds. After two minutes no response is expected any more. */
export const VERB_MS_MAX = 120_000;

/** OSS takes minutes to complete an upload of thousands of parts. */
export const COMPLETE_MS_MAX = 900_000;

/**
 * Waits for one attempt of a request, until the deadline or the caller's abort, even when the control plane
 * ignores its signal.
 */
export async function withDeadline<T>(
  run: { readonly ports: Pick<RunPorts, 'clock'> },
  deadlineMs: number,
  signal: AbortSignal,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = createLinkedController(signal);
  run.ports.clock.sleep(deadlineMs, controller.signal).then(
    // canary: no-deadline
    () => controller.abort(networkError(`no response within ${deadlineMs} ms`)),
    // The attempt has settled before the deadline.
    () => undefined,
  );
  try {
    return await rejectOnAbort(() => attempt(controller.signal), controller.signal);
  } finally {
    controller.unlink();
    controller.abort(SETTLED);
  }
}

/**
 * The delay in ms after failed attempt `attempt` (from 1): full jitter over a window that doubles with each
 * attempt, or the delay OSS requests, whichever is longer. A failure that a new URL solves is retried at
 * once, but only the first time: a URL that expires repeatedly points to a wrong clock or policy.
 */
export function backoffMs(
  error: UploadError,
  attempt: number,
  { baseMs, maxMs }: Pick<Resolved<RetryOptions>, 'baseMs' | 'maxMs'>,
  random: Random,
): number {
  if (attempt === 1 && RETRY_WITH_NEW_URL.has(error.code)) return 0;
  const windowMs = Math.min(maxMs, baseMs * 2 ** attempt);
  const requestedMs = Math.min(error.context.retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
  // canary: too-early-retry
  return Math.max(Math.floor(random.next() * windowMs), requestedMs);
}

/** The longest delay OSS may request: tokens and credentials expire meanwhile. */
const RETRY_AFTER_MAX_MS = 300_000;

/** Failures of a presigned URL rather than of the part. */
export const RETRY_WITH_NEW_URL: ReadonlySet<UploadErrorCode> = new Set([
  'url_expired',
  'credentials_expired',
  'clock_skewed',
]);

/**
 * Makes failed requests wait while the machine has no network. The first one that waits emits `offline`, the
 * last one `online`. After an abort or a pause by the caller no request waits, except for Complete: its
 * outcome is found out.
 */
export function createOutage(
  { isOnline = () => true, clock }: Pick<RunPorts, 'isOnline' | 'clock'>,
  isStopped: () => boolean,
  emit: (fact: UploadFact) => void,
): Outage {
  const isOffline = (): boolean => !isOnline() && !isStopped();
  let waiting = 0;

  return {
    isOfflineError: ({ code }) => NO_RESPONSE.has(code) && isOffline(),
    async waitUntilOnline(signal) {
      waiting += 1;
      if (waiting === 1) emit({ type: 'offline' });
      try {
        for (let waitedMs = 0; waitedMs < OFFLINE_MS_MAX && isOffline(); waitedMs += OFFLINE_CHECK_MS)
          await clock.sleep(OFFLINE_CHECK_MS, signal);
      } finally {
        waiting -= 1;
        if (waiting === 0 && !isStopped()) emit({ type: 'online' });
      }
    },
  };
}

const OFFLINE_CHECK_MS = 500;
/** The machine may be wrong about it: then a request is sent all the same. */
const OFFLINE_MS_MAX = 60_000;

const NO_RESPONSE: ReadonlySet<UploadErrorCode> = new Set(['network', 'stalled']);
