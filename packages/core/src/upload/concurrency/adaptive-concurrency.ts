import type { UploadError } from '../../errors.ts';
import type { UploadEvent } from '../progress/events.ts';
import { afterRound, afterWindow, startConcurrency } from './concurrency-policy.ts';

/** How many parts are to be in flight, by what is heard of those that are. */
export interface AdaptiveConcurrency {
  readonly concurrency: number;
  /** `upload` tells the parts of several uploads apart. */
  onEvent(event: UploadEvent, upload: object): void;
}

const WINDOW_MS = 1000;
/** A round takes no less: what is refused comes in bursts, and its retries tell nothing new. */
const ROUND_MS_MIN = 1000;
/** A round has as many tries as parts are in flight, and no fewer than this. */
const ROUND_TRIES_MIN = 8;

/** `isSaturated`: whether as many parts are in flight as may be, and more wait. */
export function createAdaptiveConcurrency(
  concurrencyMax: number,
  isSaturated: () => boolean,
): AdaptiveConcurrency {
  const sentBytesOf = new Map<object, Map<number, number>>();
  let state = startConcurrency(concurrencyMax);
  let window = { startedAt: 0, sentBytes: 0, isSaturated: false };
  let round = { startedAt: 0, tries: 0, pushedBack: 0 };

  function progress(partNumber: number, sentBytes: number, upload: object): void {
    const parts = sentBytesOf.get(upload) ?? new Map<number, number>();
    sentBytesOf.set(upload, parts);
    window.sentBytes += Math.max(0, sentBytes - (parts.get(partNumber) ?? 0));
    parts.set(partNumber, sentBytes);
  }

  function tried(at: number, isPushedBack: boolean): void {
    round.tries += 1;
    if (isPushedBack) round.pushedBack += 1;
    if (round.tries < Math.max(state.concurrency, ROUND_TRIES_MIN)) return;
    if (at - round.startedAt < ROUND_MS_MIN) return;
    state = afterRound(state, round);
    round = { startedAt: at, tries: 0, pushedBack: 0 };
  }

  function passed(at: number): void {
    window.isSaturated &&= isSaturated();
    const durationMs = at - window.startedAt;
    if (durationMs < WINDOW_MS) return;
    if (window.isSaturated) state = afterWindow(state, { durationMs, sentBytes: window.sentBytes });
    window = { startedAt: at, sentBytes: 0, isSaturated: isSaturated() };
  }

  return {
    get concurrency() {
      return state.concurrency;
    },
    onEvent(event, upload) {
      switch (event.type) {
        case 'part-progress':
          progress(event.partNumber, event.sentBytes, upload);
          break;
        case 'part-confirmed':
          sentBytesOf.get(upload)?.delete(event.partNumber);
          tried(event.at, false);
          break;
        case 'retrying':
          sentBytesOf.get(upload)?.delete(event.error.context.partNumber ?? 0);
          tried(event.at, isPushback(event.error));
          break;
        case 'paused':
        case 'completed':
        case 'failed':
          sentBytesOf.delete(upload);
          break;
      }
      passed(event.at);
    },
  };
}

/** OSS, or the link, cannot take so much. A connection that was lost says nothing of the kind. */
function isPushback({ code, context }: UploadError): boolean {
  const hasTimedOut = context.status === 408 || context.ossCode === 'RequestTimeout';
  return code === 'throttled' || code === 'stalled' || hasTimedOut;
}
