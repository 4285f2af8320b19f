import type { UploadError } from '../../errors.ts';
import type { UploadEvent } from '../progress/events.ts';
import { afterRound, afterWindow, startConcurrency } from './concurrency-policy.ts';

/** Adapts the number of parts in flight to the events of those that are. */
export interface AdaptiveConcurrency {
  readonly concurrency: number;
  /** `upload` distinguishes the parts of several uploads. */
  onEvent(event: UploadEvent, upload: object): void;
}

const WINDOW_MS = 1000;
/** A round lasts at least so long: pushback comes in bursts, and the retries of a burst add nothing. */
const ROUND_MS_MIN = 1000;
/** A round has as many attempts as parts are in flight, and at least this number. */
const ROUND_ATTEMPTS_MIN = 8;

/** `isSaturated`: whether all permits are held and further parts wait. */
export function createAdaptiveConcurrency(
  concurrencyMax: number,
  isSaturated: () => boolean,
): AdaptiveConcurrency {
  const sentBytesOf = new Map<object, Map<number, number>>();
  let state = startConcurrency(concurrencyMax);
  let window = { startedAt: 0, sentBytes: 0, isSaturated: false };
  let round = { startedAt: 0, attempts: 0, pushedBack: 0 };

  function addProgress(partNumber: number, sentBytes: number, upload: object): void {
    const parts = sentBytesOf.get(upload) ?? new Map<number, number>();
    sentBytesOf.set(upload, parts);
    window.sentBytes += Math.max(0, sentBytes - (parts.get(partNumber) ?? 0));
    parts.set(partNumber, sentBytes);
  }

  function addAttempt(at: number, isPushedBack: boolean): void {
    round.attempts += 1;
    if (isPushedBack) round.pushedBack += 1;
    if (round.attempts < Math.max(state.concurrency, ROUND_ATTEMPTS_MIN)) return;
    if (at - round.startedAt < ROUND_MS_MIN) return;
    state = afterRound(state, round);
    round = { startedAt: at, attempts: 0, pushedBack: 0 };
  }

  function advanceWindow(at: number): void {
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
          addProgress(event.partNumber, event.sentBytes, upload);
          break;
        case 'part-confirmed':
          sentBytesOf.get(upload)?.delete(event.partNumber);
          addAttempt(event.at, false);
          break;
        case 'retrying':
          sentBytesOf.get(upload)?.delete(event.error.context.partNumber ?? 0);
          addAttempt(event.at, isPushback(event.error));
          break;
        case 'paused':
        case 'completed':
        case 'failed':
          sentBytesOf.delete(upload);
          break;
      }
      advanceWindow(event.at);
    },
  };
}

/** OSS or the link is overloaded. A lost connection is no sign of that. */
function isPushback({ code, context }: UploadError): boolean {
  const hasTimedOut = context.status === 408 || context.ossCode === 'RequestTimeout';
  return code === 'throttled' || code === 'stalled' || hasTimedOut;
}
