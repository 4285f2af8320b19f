import { createLinkedController, type LinkedController, SETTLED } from '../../abort.ts';
import type { UploadError } from '../../errors.ts';
import type { PartBody } from '../../ports.ts';
import type { CallbackOutcome } from '../part-response.ts';
import type { UploadRun } from '../run-context.ts';
import { createPeriodicCheck } from './periodic-check.ts';

/** The outcome of one PUT. */
export type PutOutcome = ConfirmedPut | FailedPut;

/** OSS has confirmed the CRC64 of the bytes. */
export interface ConfirmedPut {
  readonly crc64: string;
  readonly callback: CallbackOutcome;
}

/** Why one PUT did not confirm the part, and what the next attempt needs to know. */
export interface FailedPut {
  readonly failure: UploadError;
  /** The presigned URL caused the failure. */
  readonly isRefused: boolean;
  /** All bytes were sent, and it is unknown whether OSS has stored them. */
  readonly mayBeStored: boolean;
}

/** Sends one copy until it is stopped. */
type Send = (body: PartBody, stop: AbortSignal, isSecond: boolean) => Promise<PutOutcome>;

/** Sends the slowest parts of an upload a second time. */
export interface Hedging {
  /**
   * Sends a part and, when it is slow and the bytes can be spared, a second copy on another connection. The
   * first copy to be confirmed, or to fail permanently, counts and stops the other. Resolves when both have
   * settled.
   */
  race(
    copies: { readonly body: PartBody; second(): PartBody },
    signal: AbortSignal,
    send: Send,
  ): Promise<PutOutcome>;
}

/** A part is slow when it takes this many times as long as the median of its peers … */
const SLOW_FACTOR = 3;
/** … of which there must be so many. */
const PEERS_MIN = 5;
/** Only the latest peers show how fast the link is now. */
const PEERS_MAX = 64;
/** The parts in flight are checked no more often. */
const CHECK_MS_MIN = 100;

/** `spareBytes` is the limit for the bytes of all second copies. */
export function createHedging(run: UploadRun, spareBytes: () => number): Hedging {
  const { clock } = run.ports;
  const durationsMs: number[] = [];
  let spentBytes = 0;

  function addDuration(durationMs: number): void {
    durationsMs.push(durationMs);
    if (durationsMs.length > PEERS_MAX) durationsMs.shift();
  }

  function medianMs(): number {
    return durationsMs.toSorted((a, b) => a - b).at(durationsMs.length / 2) ?? 0;
  }

  /** Only where the second copy delays no other part. */
  function shouldHedge({ size, startedAt }: PartInFlight): boolean {
    if (!run.limit.isIdle() || durationsMs.length < PEERS_MIN || spentBytes + size > spareBytes())
      return false;
    return clock.now() - startedAt > SLOW_FACTOR * medianMs();
  }

  const checks = createPeriodicCheck<PartInFlight>(clock, {
    pauseMs: () => Math.max(CHECK_MS_MIN, medianMs()),
    check(part) {
      if (!shouldHedge(part)) return;
      checks.remove(part);
      // Even if the first copy ends before the second one starts: no other part may count on these bytes.
      spentBytes += part.size;
      part.sendSecond();
    },
  });

  return {
    async race({ body, second }, signal, send) {
      const { size } = body;
      if (size > spareBytes()) return send(body, signal, false);
      const startedAt = clock.now();
      // canary: unlinked-hedge-signal
      const stop = createLinkedController(signal);
      const stopOther = (outcome: PutOutcome): PutOutcome => {
        if (isFinal(outcome)) stop.abort(SETTLED);
        return outcome;
      };
      let copy: Promise<PutOutcome> | undefined;
      let waiting: LinkedController | undefined;
      const first = send(body, stop.signal, false).then(stopOther);
      // A copy that still waits for a slot when the first one ends is never sent: the first one holds a slot,
      // and must not wait for another.
      const sendCopy = (): Promise<PutOutcome> => {
        waiting?.signal.throwIfAborted();
        copy = send(second(), stop.signal, true).then(stopOther);
        return copy;
      };
      const sendSecond = (): void => {
        waiting = createLinkedController(stop.signal);
        // canary: hedge-without-permit
        run.limit.run(sendCopy, waiting.signal).catch(() => undefined);
      };
      const part = { size, startedAt, sendSecond };
      checks.add(part);
      await Promise.allSettled([first]);
      checks.remove(part);
      waiting?.abort(SETTLED);
      const outcomes = (await Promise.allSettled([first, copy])).flatMap(outcomesOf);
      stop.unlink();
      const final = outcomes.find((outcome) => 'crc64' in outcome) ?? outcomes.find(isFinal);
      if (final === undefined) return await first;
      addDuration(clock.now() - startedAt);
      return final;
    },
  };
}

/** A part that was not sent a second time yet. */
interface PartInFlight {
  readonly size: number;
  readonly startedAt: number;
  readonly sendSecond: () => void;
}

/** None of a copy that was stopped, or never sent. */
function outcomesOf(settled: PromiseSettledResult<PutOutcome | undefined>): readonly PutOutcome[] {
  return settled.status === 'fulfilled' && settled.value !== undefined ? [settled.value] : [];
}

/** Confirmed, or failed permanently: another copy could change nothing. */
function isFinal(outcome: PutOutcome): boolean {
  return 'crc64' in outcome || outcome.failure.disposition !== 'transient';
}
