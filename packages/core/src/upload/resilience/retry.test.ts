import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ErrorContext, UploadError, type UploadErrorCode } from '../../errors.ts';
import { backoffMs } from './retry.ts';

const retry = { attemptsMax: 8, baseMs: 200, maxMs: 20_000 };
const randomOf = (value: number): { next(): number } => ({ next: () => value });

function failure(code: UploadErrorCode, context: ErrorContext = {}): UploadError {
  return new UploadError({ code, message: '', disposition: 'transient', context });
}

test.each([
  [1, 400],
  [2, 800],
  [6, 12_800],
  [7, 20_000],
  [50, 20_000],
])('after attempt %i the delay is random, 0 to %i ms', (attempt, window) => {
  expect(backoffMs(failure('network'), attempt, retry, randomOf(0))).toBe(0);
  expect(backoffMs(failure('network'), attempt, retry, randomOf(0.5))).toBe(window / 2);
  expect(backoffMs(failure('network'), attempt, retry, randomOf(0.999_999))).toBe(window - 1);
});

test('a retry waits for at least the time in Retry-After', () => {
  fc.assert(
    fc.property(fc.nat({ max: 60_000 }), fc.integer({ min: 1, max: 100 }), (retryAfterMs, attempt) => {
      const delay = backoffMs(failure('throttled', { retryAfterMs }), attempt, retry, randomOf(0.3));
      expect(delay).toBeGreaterThanOrEqual(retryAfterMs);
    }),
  );
});

test.each<UploadErrorCode>(['url_expired', 'credentials_expired', 'clock_skewed'])(
  '%s is retried at once the first time, and with a delay the second time',
  (code) => {
    expect(backoffMs(failure(code), 1, retry, randomOf(0.5))).toBe(0);
    expect(backoffMs(failure(code), 2, retry, randomOf(0.5))).toBe(400);
  },
);
