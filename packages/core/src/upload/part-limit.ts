import pLimit from 'p-limit';
import type { ResolvedOptions } from '../options.ts';
import { type AdaptiveConcurrency, createAdaptiveConcurrency } from './adaptive-concurrency.ts';
import type { Share } from './budget.ts';
import type { UploadEvent } from './events.ts';
import type { PartLimit } from './upload-run.ts';

/** The limit of one upload, and what turns it. */
export interface TurnedLimit {
  readonly limit: PartLimit;
  /** To be told every event of the upload. */
  hear(event: UploadEvent): void;
  /** From now on so many, whatever is heard. */
  fix(concurrency: number): void;
}

/**
 * Its own limit first, and then a slot of those it shares with others. Where it shares them, what they adapt
 * to is heard of all.
 */
export function createPartLimit(
  { concurrency, concurrencyMax }: Pick<ResolvedOptions, 'concurrency' | 'concurrencyMax'>,
  connectionsMax: number,
  share: Share,
): TurnedLimit {
  const most = Math.min(concurrencyMax, connectionsMax);
  const own = pLimit(concurrency === 'auto' ? most : concurrency);
  let adaptive: AdaptiveConcurrency | undefined;
  if (concurrency === 'auto' && !share.isShared) {
    adaptive = createAdaptiveConcurrency(most, () => own.pendingCount > 0);
    own.concurrency = adaptive.concurrency;
  }

  const limit = <T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> =>
    own(() => share.run(task, signal));
  Object.defineProperties(limit, {
    concurrency: { get: () => Math.min(own.concurrency, share.slots()) },
    isIdle: {
      value: () => own.pendingCount === 0 && own.activeCount < own.concurrency && share.hasRoom(),
    },
  });
  return {
    limit: limit as PartLimit,
    hear(event) {
      share.hear(event);
      if (adaptive === undefined) return;
      adaptive.hear(event, own);
      if (own.concurrency !== adaptive.concurrency) own.concurrency = adaptive.concurrency;
    },
    fix(fixed) {
      adaptive = undefined;
      own.concurrency = fixed;
    },
  };
}
