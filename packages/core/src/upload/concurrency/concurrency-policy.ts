/** How many parts are in flight, and what has been learnt of the link. */
export interface ConcurrencyState {
  readonly concurrency: number;
  readonly concurrencyMax: number;
  /** Doubling goes on until one gained too little, or OSS or the link pushed back. */
  readonly isProbing: boolean;
  /** Bytes per second before the last doubling; `undefined` before the first. */
  readonly goodputBefore: number | undefined;
  /** Bytes per second in the last window; `undefined` after a change. */
  readonly lastGoodput: number | undefined;
  /** Beyond this it was too much, the last time. */
  readonly ceiling: number;
  /** Rounds since anything was pushed back. */
  readonly calmRounds: number;
}

/** What moved in a stretch of time in which parts waited for a slot all along. */
export interface GoodputWindow {
  readonly durationMs: number;
  readonly sentBytes: number;
}

/** What came of as many tries as a round has. */
export interface Round {
  readonly tries: number;
  /** Those throttled by OSS, stalled or timed out. */
  readonly pushedBack: number;
}

/** As good as fewer on a clean link, and several times better on one that loses packets. */
export const CONCURRENCY_START = 16;

/** A connection that carries less, in bytes per second, leaves room beside it. */
const BUSY_CONNECTION = 0.75 * 1024 ** 2;
/** Of connections that carry more each, half would do: this process is the narrow part. */
const RICH_CONNECTION = 20 * 1024 ** 2;
const RICH_CONNECTIONS_MIN = 8;
/**
 * Two windows that differ by a greater factor tell nothing: connections are new, or what moves is what the
 * system takes ahead of the link, by megabytes at a time.
 */
const SETTLED = 2;
/** A doubling that gained less was one too many. */
const GAIN_MIN = 1.25;
/** One failure among so many says nothing about the link. */
const PUSHED_BACK_SHARE_MAX = 0.15;
/** So many rounds without any, until more than the ceiling is tried again. */
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
 * Doubles while each connection carries little and the last doubling gained, once goodput has settled; halves
 * where each carries very much. Never steps back because goodput fell: links that seem slower for a while
 * cost more than a connection too many.
 */
export function afterWindow(state: ConcurrencyState, window: GoodputWindow): ConcurrencyState {
  const { concurrency, concurrencyMax, goodputBefore, isProbing, lastGoodput } = state;
  if (!isProbing) return state;
  const goodput = (window.sentBytes / window.durationMs) * 1000;
  const hasSettled =
    lastGoodput !== undefined && goodput <= SETTLED * lastGoodput && lastGoodput <= SETTLED * goodput;
  if (!hasSettled) return { ...state, lastGoodput: goodput };
  if (goodput > concurrency * RICH_CONNECTION) {
    const fewer = Math.max(Math.min(concurrency, RICH_CONNECTIONS_MIN), Math.floor(concurrency / 2));
    return { ...state, concurrency: fewer, lastGoodput: undefined };
  }
  if (goodputBefore !== undefined && goodput < GAIN_MIN * goodputBefore) return settledAt(state);
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

/** More than this gains nothing. */
function settledAt(state: ConcurrencyState): ConcurrencyState {
  const { concurrency } = state;
  return { ...state, isProbing: false, concurrencyMax: concurrency, ceiling: concurrency };
}

/**
 * Goes down by the share that was pushed back, by half at most; up again by one a round where nothing was, to
 * one less than was too much, and after a long calm beyond it.
 */
export function afterRound(state: ConcurrencyState, { tries, pushedBack }: Round): ConcurrencyState {
  const { concurrency, concurrencyMax, ceiling, isProbing } = state;
  const share = pushedBack / tries;
  if (pushedBack > 1 && share > PUSHED_BACK_SHARE_MAX) {
    const kept = Math.floor(concurrency * Math.max(1 - share, 0.5));
    return {
      ...state,
      concurrency: Math.max(1, kept),
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
