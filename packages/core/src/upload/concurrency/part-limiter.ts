import type { ResolvedOptions } from '../../options.ts';
import type { UploadEvent } from '../progress/events.ts';
import type { PartLimit } from '../run-context.ts';
import { type AdaptiveConcurrency, createAdaptiveConcurrency } from './adaptive-concurrency.ts';
import type { Share } from './budget.ts';
import { createSemaphore } from './semaphore.ts';

/** The limit of one upload, and what turns it. */
export interface TurnedLimit {
  readonly limit: PartLimit;
  /** To be told every event of the upload. */
  onEvent(event: UploadEvent): void;
  /** From now on so many, whatever is heard. */
  setFixed(concurrency: number): void;
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
  // canary: one-part-too-many
  let own = concurrency === 'auto' ? most : concurrency;
  const turns = createSemaphore(own);
  let adaptive: AdaptiveConcurrency | undefined;
  if (concurrency === 'auto' && !share.isShared) {
    adaptive = createAdaptiveConcurrency(most, () => turns.waiting() > 0);
    resize(adaptive.concurrency);
  }

  function resize(count: number): void {
    own = count;
    turns.resize(count);
  }

  return {
    limit: {
      async run(task, signal) {
        const leave = await turns.acquire(signal);
        try {
          return await share.run(task, signal);
        } finally {
          leave();
        }
      },
      concurrency: () => Math.min(own, share.slots()),
      isIdle: () => turns.waiting() === 0 && turns.taken() < own && share.hasRoom(),
    },
    onEvent(event) {
      share.onEvent(event);
      if (adaptive === undefined) return;
      adaptive.onEvent(event, turns);
      if (own !== adaptive.concurrency) resize(adaptive.concurrency);
    },
    setFixed(fixed) {
      adaptive = undefined;
      resize(fixed);
    },
  };
}
