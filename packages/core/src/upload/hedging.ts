import { ENDED } from '../ended.ts';
import type { PartBody } from '../ports.ts';
import { linkedController } from './linked-controller.ts';
import { isFinal, type PutOutcome } from './put-outcome.ts';
import type { UploadRun } from './upload-run.ts';

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

  function typicalMs(): number {
    const sorted = [...durations].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  /** Only where a slot is free that no part waits for. */
  function mayHedge(size: number, startedAt: number): boolean {
    const isLagging = clock.now() - startedAt > LAG_FACTOR * typicalMs();
    return run.limit.isIdle() && isLagging && durations.length >= PEERS_MIN && spent + size <= spareBytes();
  }

  /** Resolves when the part should be sent twice; never, once `ended`. */
  async function lagging(size: number, startedAt: number, ended: AbortSignal): Promise<void> {
    for (;;) {
      await clock.sleep(Math.max(LOOK_MS_MIN, typicalMs()), ended);
      if (mayHedge(size, startedAt)) return;
    }
  }

  return {
    async race({ body, second }, signal, send) {
      if (body.size > spareBytes()) return send(body, signal, false);
      const startedAt = clock.now();
      const stop = linkedController(signal);
      const end = (outcome: PutOutcome): PutOutcome => {
        if (isFinal(outcome)) stop.abort(ENDED);
        return outcome;
      };
      let copy: Promise<PutOutcome> | undefined;
      const watch = linkedController(stop.signal);
      const first = send(body, stop.signal, false).then(end);
      // A copy that has not begun when the first one ends never does: nobody may wait for a slot while he
      // holds one.
      const sendCopy = (): Promise<PutOutcome> => {
        watch.signal.throwIfAborted();
        spent += body.size;
        copy = send(second(), stop.signal, true).then(end);
        return copy;
      };
      const watching = lagging(body.size, startedAt, watch.signal);
      watching.then(() => run.limit(sendCopy, watch.signal)).catch(() => undefined);
      const [firstTold] = await Promise.allSettled([first]);
      watch.abort(ENDED);
      const outcomes = [firstTold, ...(await Promise.allSettled(copy === undefined ? [] : [copy]))];
      stop.unlink();
      const told = outcomes.map(fulfilment).filter((outcome) => outcome !== undefined);
      const final = told.find((outcome) => 'crc64' in outcome) ?? told.find(isFinal);
      if (final === undefined) return await first;
      durations.splice(0, durations.length - PEERS_MAX + 1);
      durations.push(clock.now() - startedAt);
      return final;
    },
  };
}

function fulfilment<T>(settled: PromiseSettledResult<T>): T | undefined {
  return settled.status === 'fulfilled' ? settled.value : undefined;
}
