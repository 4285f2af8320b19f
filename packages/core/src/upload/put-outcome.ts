import type { UploadError } from '../errors.ts';

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

/** Confirmed, or refused for good: another copy could change nothing. */
export function isFinal(outcome: PutOutcome): boolean {
  return 'crc64' in outcome || outcome.failure.disposition !== 'transient';
}
