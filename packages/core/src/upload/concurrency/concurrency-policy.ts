/** The number of parts in flight, and what is known of the link. */
export interface ConcurrencyState {
  readonly concurrency: number;
  readonly concurrencyMax: number;
  /** Whether it still doubles: until a doubling gains too little, or OSS or the link pushes back. */
  readonly isProbing: boolean;
  /** Bytes per second before the last doubling; `undefined` before the first. */
  readonly goodputBefore: number | undefined;
  /** Bytes per second in the last window; `undefined` after a change. */
  readonly lastGoodput: number | undefined;
  /** The last time more than this was too much. */
  readonly ceiling: number;
  /** Rounds without any pushback. */
  readonly calmRounds: number;
}

/** The bytes sent in a period in which parts waited for a slot all the time. */
export interface GoodputWindow {
  readonly durationMs: number;
  readonly sentBytes: number;
}

/** The results of the attempts of one round. */
export interface Round {
  readonly attempts: number;
  /** Attempts that OSS throttled, or that stalled or timed out. */
  readonly pushedBack: number;
}

/** On a clean link as fast as fewer parts, on a link that loses packets several times faster. */
export const CONCURRENCY_START = 16;

/** Below this throughput of each connection, in bytes per second, more connections may help. */
const BUSY_CONNECTION = 0.75 * 1024 ** 2;
/** Above it half of the connections suffice: the process is the bottleneck, not the link. */
const RICH_CONNECTION = 20 * 1024 ** 2;
const RICH_CONNECTIONS_MIN = 8;
/**
 * Windows that differ by a larger factor are not compared: the connections are new, or the bytes only went
 * into buffers of the system, which take megabytes at a time.
 */
const SETTLED_FACTOR_MAX = 2;
/** A doubling that gains less was the last one. */
const GAIN_MIN = 1.25;
/** A smaller share of failures does not point to the link. */
const PUSHED_BACK_SHARE_MAX = 0.15;
/** After so many rounds without pushback the ceiling rises by one. */
const CALM_ROUNDS = 16;

export function startConcurrency(concurrencyMax: number): ConcurrencyState {
  return {
    // canary: auto-above-maximum
    concurrency: Math.min(CONCURRENCY_START, concurrencyMax),
    concurrencyMax,
    isProbing: true,
    goodputBefore: undefined,
    lastGoodput: undefined,
    ceiling: concurrencyMax,
    calmRounds: 0,
  };
}

/**
 * Once goodput is steady, doubles while each connection carries little and the last doubling gained; halves
 * where each carries very much. Never reduces concurrency because goodput fell: a link that is slow for a
 * while would cost more than a connection too many.
 */
export function afterWindow(state: ConcurrencyState, window: GoodputWindow): ConcurrencyState {
  const { concurrency, concurrencyMax, goodputBefore, isProbing, lastGoodput } = state;
  if (!isProbing) return state;
  const goodput = (window.sentBytes / window.durationMs) * 1000;
  const hasSettled =
    lastGoodput !== undefined &&
    goodput <= SETTLED_FACTOR_MAX * lastGoodput &&
    lastGoodput <= SETTLED_FACTOR_MAX * goodput;
  if (!hasSettled) return { ...state, lastGoodput: goodput };
  if (goodput > concurrency * RICH_CONNECTION) {
    const fewer = Math.max(Math.min(concurrency, RICH_CONNECTIONS_MIN), Math.floor(concurrency / 2));
    return { ...state, concurrency: fewer, lastGoodput: undefined };
  }
  if (goodputBefore !== undefined && goodput < GAIN_MIN * goodputBefore) return stopProbing(state);
  if (goodput >= concurrency * BUSY_CONNECTION || concurrency === concurrencyMax) {
    return { ...state, lastGoodput: goodput };
  }
  return {
    ...state,
    concurrency: Math.min(2 * concurrency, concurrencyMax),
    goodputBefore: goodput,
    lastGoodput: undefined,
  };
}

/** A further doubling would gain nothing. */
function stopProbing(state: ConcurrencyState): ConcurrencyState {
  const { concurrency } = state;
  return { ...state, isProbing: false, concurrencyMax: concurrency, ceiling: concurrency };
}

/**
 * Reduces concurrency by the share of attempts that were pushed back, by half at most. Raises it by one in
 * each round without pushback, up to the ceiling, which rises after many such rounds.
 */
export function afterRound(state: ConcurrencyState, { attempts, pushedBack }: Round): ConcurrencyState {
  const { concurrency, concurrencyMax, ceiling, isProbing } = state;
  const share = pushedBack / attempts;
  if (pushedBack > 1 && share > PUSHED_BACK_SHARE_MAX) {
    const reduced = Math.floor(concurrency * Math.max(1 - share, 0.5));
    return {
      ...state,
      concurrency: Math.max(1, reduced),
      ceiling: Math.max(1, concurrency - 1),
      isProbing: false,
      calmRounds: 0,
    };
  }
  if (isProbing || pushedBack > 0) return state;
  if (concurrency < ceiling) return { ...state, concurrency: concurrency + 1 };
  if (state.calmRounds + 1 < CALM_ROUNDS) return { ...state, calmRounds: state.calmRounds + 1 };
  return { ...state, ceiling: Math.min(ceiling + 1, concurrencyMax), calmRounds: 0 };
}
