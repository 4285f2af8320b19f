import { expect, test } from 'vitest';
import { parseInstant, toBasicIso } from './instant.ts';

test('toBasicIso writes UTC without fractions of a second', () => {
  expect(toBasicIso(Date.UTC(2024, 5, 20, 8, 9, 10, 999))).toBe('20240620T080910Z');
});

test('parseInstant reads HTTP dates and ISO dates, anything else is undefined', () => {
  expect(parseInstant('Thu, 20 Jun 2024 08:09:10 GMT')).toBe(Date.UTC(2024, 5, 20, 8, 9, 10));
  expect(parseInstant('2024-06-20T08:09:10.000Z')).toBe(Date.UTC(2024, 5, 20, 8, 9, 10));
  expect(parseInstant('soon')).toBeUndefined();
  expect(parseInstant(undefined)).toBeUndefined();
});
