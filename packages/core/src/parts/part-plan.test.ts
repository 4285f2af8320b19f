import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OBJECT_SIZE_MAX, PART_SIZE_MAX, PART_SIZE_MIN, PARTS_MAX } from '../oss/limits.ts';
import { choosePartSize, countParts, partAt, planParts, planStream } from './part-plan.ts';

const MiB = 1024 ** 2;
const sizes = fc.nat({ max: 50_000 });
const partSizes = fc.integer({ min: 10, max: 60_000 });

test('parts cover the source exactly, in order', () => {
  fc.assert(
    fc.property(sizes, partSizes, (size, partSize) => {
      let covered = 0;
      for (const [index, part] of planParts(size, partSize).entries()) {
        expect(part).toMatchObject({ partNumber: index + 1, offset: covered });
        expect(part.size).toBeLessThanOrEqual(partSize);
        covered += part.size;
      }
      expect(covered).toBe(size);
    }),
  );
});

test('an empty source is one empty part', () => {
  expect(planParts(0, 100)).toEqual([{ partNumber: 1, offset: 0, size: 0 }]);
});

test.each([
  ['one byte', 1, [1]],
  ['exactly one part', 100, [100]],
  ['one byte over', 101, [100, 1]],
  ['exactly three parts', 300, [100, 100, 100]],
])('a source of %s is divided into parts', (_, size, expected) => {
  expect(planParts(size, 100).map((part) => part.size)).toEqual(expected);
});

test('a part number outside the plan breaks an invariant', () => {
  expect(() => partAt(100, 100, 2)).toThrow('partNumber is in the plan');
  expect(() => partAt(100, 100, 0)).toThrow('partNumber is in the plan');
});

test('any file up to 48.8 TB fits into 10,000 parts of valid size [pain-21]', () => {
  const preferences = fc.option(fc.integer({ min: PART_SIZE_MIN, max: PART_SIZE_MAX }), { nil: undefined });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: OBJECT_SIZE_MAX }), preferences, (size, preferred) => {
      const partSize = choosePartSize(size, preferred);
      expect(partSize).toBeGreaterThanOrEqual(preferred ?? PART_SIZE_MIN);
      expect(partSize).toBeLessThanOrEqual(PART_SIZE_MAX);
      expect(countParts(size, partSize)).toBeLessThanOrEqual(PARTS_MAX);
    }),
  );
});

test.each([
  ['a small file gets parts of 8 MiB [pain-38] [pain-44]', 50 * MiB, undefined, 8 * MiB],
  ['100 GiB gets at most 1,000 parts [pain-9]', 100 * 1024 * MiB, undefined, 103 * MiB],
  ['48.8 TB gets 10,000 parts of 5 GiB', OBJECT_SIZE_MAX, undefined, PART_SIZE_MAX],
  ['a preferred part size is kept', 50 * MiB, 123_456, 123_456],
  ['a preferred part size that needs more than 10,000 parts is raised [pain-21]', 10_001 * MiB, MiB, 2 * MiB],
  ['a preferred part size that needs exactly 10,000 parts is kept', 10_000 * 123_456, 123_456, 123_456],
])('%s', (_, size, preferred, expected) => {
  expect(choosePartSize(size, preferred)).toBe(expected);
});

test.each([
  ['part size under 100 KiB', 1, PART_SIZE_MIN - 1, /partSize must be .* 102400 .* got 102399/],
  ['part size over 5 GiB', 1, PART_SIZE_MAX + 1, /partSize must be/],
  ['part size with a fraction', 1, 200_000.5, /partSize must be/],
  ['file over 48.8 TB', OBJECT_SIZE_MAX + 1, undefined, /48\.8 TB/],
  ['negative size', -1, undefined, /size must be a whole number/],
])('a %s is rejected with RangeError', (_, size, preferred, message) => {
  expect(() => choosePartSize(size, preferred)).toThrow(RangeError);
  expect(() => choosePartSize(size, preferred)).toThrow(message);
});

test('a stream reaches 48.8 TB in 10,000 parts with any first part [pain-21]', () => {
  for (const first of [PART_SIZE_MIN, 8 * MiB, 512 * MiB, PART_SIZE_MAX]) {
    const reached = planStream(OBJECT_SIZE_MAX, first);
    expect(reached).toHaveLength(PARTS_MAX);
    expect(reached.reduce((sum, { size }) => sum + size, 0)).toBeGreaterThan(48.8e12);
  }
});

test('parts of a stream have valid sizes, follow each other without gaps, and grow by at most 1 % and 1 MiB', () => {
  const sizes = fc.integer({ min: 0, max: 10 ** 12 });
  const firsts = fc.integer({ min: PART_SIZE_MIN, max: 64 * MiB });
  fc.assert(
    fc.property(sizes, firsts, (size, first) => {
      const plan = planStream(size, first);
      let offset = 0;
      for (const [index, part] of plan.entries()) {
        expect(part).toMatchObject({ partNumber: index + 1, offset });
        expect(part.size).toBeLessThanOrEqual(Math.min(PART_SIZE_MAX, first + offset / 100 + MiB));
        if (index < plan.length - 1) expect(part.size).toBeGreaterThanOrEqual(first);
        offset += part.size;
      }
      expect(offset).toBe(size);
    }),
    { numRuns: 50 },
  );
});
