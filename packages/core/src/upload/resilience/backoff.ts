import type { UploadError, UploadErrorCode } from '../../errors.ts';
import type { Resolved, RetryOptions } from '../../options.ts';
import type { Random } from '../../ports.ts';

/**
 * How long to wait after try `attempt` (from 1) failed: full jitter over a window that doubles with each try,
 * or as long as OSS asks, whichever is more. What a fresh URL mends is tried again at once, but only once at
 * once: a URL that expires again and again is a clock or a policy gone wrong.
 */
export function backoffMs(
  error: UploadError,
  attempt: number,
  { baseMs, maxMs }: Pick<Resolved<RetryOptions>, 'baseMs' | 'maxMs'>,
  random: Random,
): number {
  if (attempt === 1 && RETRY_WITH_NEW_URL.has(error.code)) return 0;
  const window = Math.min(maxMs, baseMs * 2 ** attempt);
  const wishedMs = Math.min(error.context.retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
  // canary: too-early-retry
  return Math.max(Math.floor(random.next() * window), wishedMs);
}

/** However long the wish to wait: tokens and credentials die meanwhile. */
const RETRY_AFTER_MAX_MS = 300_000;

/** Failures of the URL rather than of the part. */
export const RETRY_WITH_NEW_URL: ReadonlySet<UploadErrorCode> = new Set([
  'url_expired',
  'credentials_expired',
  'clock_skewed',
]);
