import type { LinkModel } from './start-link.ts';

/** The window of one connection, as TCP with the constants of CUBIC at small windows. */
export interface CongestionWindow {
  /** Bytes. */
  readonly size: number;
  /** So many bytes have arrived. */
  acknowledged(bytes: number): void;
  /** After waiting so long in the queue. Gives how long the sender takes to notice and send again. */
  lost(now: number, queuedMs: number): number;
}

export const SEGMENT_SIZE = 1448;

const FIRST_WINDOW = 10 * SEGMENT_SIZE;
/** The limit of common socket buffers. */
const WINDOW_MAX = 4 * 1024 ** 2;
const SHRINK = 0.7;
/** So that the mean equals that of halving and growing by one: 3 × (1 − 0.7) ÷ (1 + 0.7). */
const GROWTH = 0.53;
/** With fewer segments in flight, too few acknowledgements arrive to detect a loss: a timer does. */
const FAST_RETRANSMIT_MIN = 4 * SEGMENT_SIZE;
const RETRANSMIT_TIMEOUT_MS = 200;

export function createCongestionWindow({
  roundTripMs,
  slowStartMax,
}: Pick<LinkModel, 'roundTripMs' | 'slowStartMax'>): CongestionWindow {
  let size = FIRST_WINDOW;
  let threshold = slowStartMax;
  let recoveredAt = 0;
  return {
    get size() {
      return size;
    },
    acknowledged(bytes) {
      const growth = size < threshold ? bytes : (GROWTH * SEGMENT_SIZE * bytes) / size;
      size = Math.min(WINDOW_MAX, size + growth);
    },
    lost(now, queuedMs) {
      const noticedAfterMs = size < FAST_RETRANSMIT_MIN ? RETRANSMIT_TIMEOUT_MS : 0;
      // Losses of one window are one event.
      if (now >= recoveredAt) {
        size = Math.max(2 * SEGMENT_SIZE, size * SHRINK);
        threshold = size;
        recoveredAt = now + queuedMs + roundTripMs + noticedAfterMs;
      }
      return roundTripMs + noticedAfterMs;
    },
  };
}
