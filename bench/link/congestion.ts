import type { LinkModel } from './start-link.ts';

/** The window of one connection, as TCP with the constants of CUBIC at small windows. */
export interface CongestionWindow {
  /** Bytes. */
  readonly size: number;
  /** Bytes were acknowledged. */
  onAcknowledged(bytes: number): void;
  /**
   * Bytes were lost after `queuedMs` in the queue. Returns the delay until the sender has resent them, in ms.
   */
  onLoss(now: number, queuedMs: number): number;
}

export const SEGMENT_SIZE = 1448;

const FIRST_WINDOW = 10 * SEGMENT_SIZE;
/** The limit of common socket buffers. */
const WINDOW_MAX = 4 * 1024 ** 2;
/** The window is multiplied by this after a loss. */
const SHRINK = 0.7;
/**
 * Segments per round trip. The mean window equals that of halving and growing by one: 3 × (1 − 0.7) ÷ (1 +
 * 0.7).
 */
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
    onAcknowledged(bytes) {
      const growth = size < threshold ? bytes : (GROWTH * SEGMENT_SIZE * bytes) / size;
      size = Math.min(WINDOW_MAX, size + growth);
    },
    onLoss(now, queuedMs) {
      const detectedAfterMs = size < FAST_RETRANSMIT_MIN ? RETRANSMIT_TIMEOUT_MS : 0;
      // Several losses within one window shrink it once.
      if (now >= recoveredAt) {
        size = Math.max(2 * SEGMENT_SIZE, size * SHRINK);
        threshold = size;
        recoveredAt = now + queuedMs + roundTripMs + detectedAfterMs;
      }
      return roundTripMs + detectedAfterMs;
    },
  };
}
