import { createLinkedController, type LinkedController, SETTLED } from '../../abort.ts';
import type { UploadError } from '../../errors.ts';
import type { PartBody } from '../../ports.ts';
import type { UploadRun } from '../run-context.ts';
import { createWatch } from './periodic-check.ts';

/** What came of one PUT: the CRC64 that OSS confirmed, or why it did not. */
export type PutOutcome = { readonly crc64: string } | FailedTry;

/** Why one try did not confirm the part, and what the next one must know. */
export interface FailedTry {
  readonly failure: UploadError;
  /** The URL was at fault. */
  readonly isRefused: boolean;
  /** All bytes were sent, and no answer said what became of them. */
  readonly mayBeStored: boolean;
}

/** Sends one copy until it is stopped. */
type Send = (body: PartBody, stop: AbortSignal, isSecond: boolean) => Promise<PutOutcome>;

/** Sends the parts that lag behind all others a second time. */
export interface Hedging {
  /**
   * Sends a part; beside it, where it lags and the bytes can be spared, a second copy on a connection of its
   * own. The first copy that is confirmed, or refused for good, counts and stops the other; both have
   * settled when it resolves.
   */
  race(
    copies: { readonly body: PartBody; second(): PartBody },
    signal: AbortSignal,
    send: Send,
  ): Promise<PutOutcome>;
}

/** A part lags that has run so many times as long as the middle one of its peers … */
const LAG_FACTOR = 3;
/** … of which there must be so many. */
const PEERS_MIN = 5;
/** How often a part in flight is looked at, at most. */
const LOOK_MS_MIN = 100;
/** The last ones tell how fast the link is now. */
const PEERS_MAX = 64;

/** `spareBytes` is what second copies may cost in all. */
export function createHedging(run: UploadRun, spareBytes: () => number): Hedging {
  const { clock } = run.ports;
  const durations: number[] = [];
  let spent = 0;

  function remember(durationMs: number): void {
    durations.push(durationMs);
    if (durations.length > PEERS_MAX) durations.shift();
  }

  function typicalMs(): number {
    return durations.toSorted((a, b) => a - b).at(durations.length / 2) ?? 0;
  }

  /** Only where a slot is free that no part waits for. */
  function mayHedge({ size, startedAt }: Runner): boolean {
    if (!run.limit.isIdle() || durations.length < PEERS_MIN || spent + size > spareBytes()) return false;
    return clock.now() - startedAt > LAG_FACTOR * typicalMs();
  }

  const watch = createWatch<Runner>(clock, {
    pauseMs: () => Math.max(LOOK_MS_MIN, typicalMs()),
    look(runner) {
      if (!mayHedge(runner)) return;
      watch.remove(runner);
      // Also where the first copy ends before this one begins: others must not count on its bytes meanwhile.
      spent += runner.size;
      runner.sendSecond();
    },
  });

  return {
    async race({ body, second }, signal, send) {
      const { size } = body;
      if (size > spareBytes()) return send(body, signal, false);
      const startedAt = clock.now();
      // canary: unlinked-hedge-signal
      const stop = createLinkedController(signal);
      const end = (outcome: PutOutcome): PutOutcome => {
        if (isFinal(outcome)) stop.abort(SETTLED);
        return outcome;
      };
      let copy: Promise<PutOutcome> | undefined;
      let waiting: LinkedController | undefined;
      const first = send(body, stop.signal, false).then(end);
      // A copy that has not begun when the first one ends never does: nobody may wait for a slot while he
      // holds one.
      const sendCopy = (): Promise<PutOutcome> => {
        waiting?.signal.throwIfAborted();
        copy = send(second(), stop.signal, true).then(end);
        return copy;
      };
      const sendSecond = (): void => {
        waiting = createLinkedController(stop.signal);
        // canary: hedge-without-permit
        run.limit.run(sendCopy, waiting.signal).catch(() => undefined);
      };
      const runner = { size, startedAt, sendSecond };
      watch.add(runner);
      const [firstResult] = await Promise.allSettled([first]);
      watch.remove(runner);
      waiting?.abort(SETTLED);
      const outcomes = [firstResult, ...(await Promise.allSettled(copy === undefined ? [] : [copy]))];
      stop.unlink();
      const told = outcomes.map(fulfilment).filter((outcome) => outcome !== undefined);
      const final = told.find((outcome) => 'crc64' in outcome) ?? told.find(isFinal);
      if (final === undefined) return await first;
      remember(clock.now() - startedAt);
      return final;
    },
  };
}

/** A part in flight that was not sent a second time yet. */
interface Runner {
  readonly size: number;
  readonly startedAt: number;
  readonly sendSecond: () => void;
}

function fulfilment<T>(settled: PromiseSettledResult<T>): T | undefined {
  return settled.status === 'fulfilled' ? settled.value : undefined;
}

/** Confirmed, or refused for good: another copy could change nothing. */
function isFinal(outcome: PutOutcome): boolean {
  return 'crc64' in outcome || outcome.failure.disposition !== 'transient';
}
