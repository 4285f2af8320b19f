import type { ResolvedOptions } from '../../options.ts';
import type { UploadEvent } from '../progress/events.ts';
import type { PartLimit } from '../run-context.ts';
import { type AdaptiveConcurrency, createAdaptiveConcurrency } from './adaptive-concurrency.ts';
import type { Share } from './budget.ts';
import { createSemaphore } from './semaphore.ts';

/** The limit of one upload, and its controls. */
export interface PartLimiter {
  readonly limit: PartLimit;
  /** To be called with every event of the upload. */
  onEvent(event: UploadEvent): void;
  /** Fixes the number of parts in flight. */
  setFixed(concurrency: number): void;
}

/**
 * A part needs a permit of its own upload first, and then a slot of the budget. Where the slots are shared,
 * their number adapts to the events of all uploads, and that of the permits is fixed.
 */
export function createPartLimiter(
  { concurrency, concurrencyMax }: Pick<ResolvedOptions, 'concurrency' | 'concurrencyMax'>,
  connectionsMax: number,
  share: Share,
): PartLimiter {
  const permitsMax = Math.min(concurrencyMax, connectionsMax);
  // canary: one-part-too-many
  let permits = concurrency === 'auto' ? permitsMax : concurrency;
  const semaphore = createSemaphore(permits);
  let adaptive: AdaptiveConcurrency | undefined;
  if (concurrency === 'auto' && !share.isShared) {
    adaptive = createAdaptiveConcurrency(permitsMax, () => semaphore.waiting() > 0);
    resize(adaptive.concurrency);
  }

  function resize(count: number): void {
    permits = count;
    semaphore.resize(count);
  }

  return {
    limit: {
      async run(task, signal) {
        const release = await semaphore.acquire(signal);
        try {
          return await share.run(task, signal);
        } finally {
          release();
        }
      },
      concurrency: () => Math.min(permits, share.slots()),
      isIdle: () => semaphore.waiting() === 0 && semaphore.used() < permits && share.hasRoom(),
    },
    onEvent(event) {
      share.onEvent(event);
      if (adaptive === undefined) return;
      adaptive.onEvent(event, semaphore);
      if (permits !== adaptive.concurrency) resize(adaptive.concurrency);
    },
    setFixed(fixed) {
      adaptive = undefined;
      resize(fixed);
    },
  };
}
