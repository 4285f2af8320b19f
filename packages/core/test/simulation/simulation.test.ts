import { expect, test } from 'vitest';
import { simulate } from './simulate.ts';

const SEEDS = 1000;
const BATCH = 100;

test.each(Array.from({ length: SEEDS / BATCH }, (_, index) => index * BATCH))(
  'from seed %i on, a hundred uploads end exact and proven, or with one typed error',
  async (first) => {
    for (let seed = first; seed < first + BATCH; seed++) {
      const { violations } = await simulate(seed);
      expect({ seed, violations }).toEqual({ seed, violations: [] });
    }
  },
);
