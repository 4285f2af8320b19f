import { createSeededRandom } from '@partway/core/testing';
import type { FaultRule } from '@partway/emulator';

export const URL_LIFETIME_SECONDS = 3;
/** A part of 8 MiB fails in 2 of 5 attempts. With the default of 8 attempts, one file in 15 would fail. */
export const ATTEMPTS_MAX = 20;

export const BYTES_BETWEEN_RESETS = 20_000_000;
const BYTES_PER_SECOND_PER_PART = 8_000_000;
const LATENCY_MS = 1500;
const RESET_POINTS = 32;

/** The faults of the link, in addition to the short lifetime of its URLs. */
export function createFlakyLinkFaults(partSize: number, seed: number): readonly FaultRule[] {
  return [
    { probability: 0.05, effect: { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } },
    { operation: 'UploadPart', probability: 0.02, effect: { kind: 'silent' } },
    // Some URLs expire before their use; those not used within 2.4 s are signed again before they are sent.
    { operation: 'UploadPart', probability: 0.05, effect: { kind: 'latency', ms: LATENCY_MS } },
    { operation: 'UploadPart', effect: { kind: 'bandwidth', bytesPerSecond: BYTES_PER_SECOND_PER_PART } },
    ...createResetFaults(partSize, seed),
  ];
}

/** A rule resets at one offset. Many rules with a low probability each cover the whole part. */
function createResetFaults(partSize: number, seed: number): readonly FaultRule[] {
  const random = createSeededRandom(seed);
  return Array.from({ length: RESET_POINTS }, () => ({
    operation: 'UploadPart',
    probability: partSize / BYTES_BETWEEN_RESETS / RESET_POINTS,
    effect: { kind: 'resetAfterBytes', bytes: Math.floor(random.next() * partSize) },
  }));
}
