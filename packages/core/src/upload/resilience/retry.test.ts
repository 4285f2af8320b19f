import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ErrorContext, UploadError, type UploadErrorCode } from '../../errors.ts';
import { backoffMs } from './retry.ts';

const retry = { attemptsMax: 8, baseMs: 200, maxMs: 20_000 };
const drawing = (value: number): { next(): number } => ({ next: () => value });

function failure(code: UploadErrorCode, context: ErrorContext = {}): UploadError {
  return new UploadError({ code, message: '', disposition: 'transient', context });
}

test.each([
  [1, 400],
  [2, 800],
  [6, 12_800],
  [7, 20_000],
  [50, 20_000],
])('after try %i the delay is drawn from 0 to %i ms', (attempt, window) => {
  expect(backoffMs(failure('network'), attempt, retry, drawing(0))).toBe(0);
  expect(backoffMs(failure('network'), attempt, retry, drawing(0.5))).toBe(window / 2);
  expect(backoffMs(failure('network'), attempt, retry, drawing(0.999_999))).toBe(window - 1);
});

test('OSS is never asked again before it wishes to be', () => {
  fc.assert(
    fc.property(fc.nat({ max: 60_000 }), fc.integer({ min: 1, max: 100 }), (retryAfterMs, attempt) => {
      const delay = backoffMs(failure('throttled', { retryAfterMs }), attempt, retry, drawing(0.3));
      expect(delay).toBeGreaterThanOrEqual(retryAfterMs);
    }),
  );
});

test.each<UploadErrorCode>(['url_expired', 'credentials_expired', 'clock_skewed'])(
  '%s is tried again at once, but only once at once',
  (code) => {
    expect(backoffMs(failure(code), 1, retry, drawing(0.5))).toBe(0);
    expect(backoffMs(failure(code), 2, retry, drawing(0.5))).toBe(400);
  },
);
