import { expect, test } from 'vitest';
import { parseInstant, toBasicIso } from './instant.ts';

test('x-oss-date is basic ISO in UTC, seconds cut off', () => {
  expect(toBasicIso(Date.UTC(2024, 5, 20, 8, 9, 10, 999))).toBe('20240620T080910Z');
});

test('HTTP dates and ISO dates are read, anything else is undefined', () => {
  expect(parseInstant('Thu, 20 Jun 2024 08:09:10 GMT')).toBe(Date.UTC(2024, 5, 20, 8, 9, 10));
  expect(parseInstant('2024-06-20T08:09:10.000Z')).toBe(Date.UTC(2024, 5, 20, 8, 9, 10));
  expect(parseInstant('soon')).toBeUndefined();
  expect(parseInstant(undefined)).toBeUndefined();
});
