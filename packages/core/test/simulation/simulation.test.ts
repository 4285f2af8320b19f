import { expect, test } from 'vitest';
import { drawScenario, PART_SIZE, PATIENT, type Scenario } from './scenario.ts';
import { seedBase } from './seed-base.ts';
import { play, simulate } from './simulate.ts';

const SEEDS = 1000;
const BATCH = 100;
const base = seedBase();

test.each(Array.from({ length: SEEDS / BATCH }, (_, index) => base + index * BATCH))(
  'from seed %i on, a hundred uploads end exact and proven, or with one typed error',
  async (first) => {
    for (let seed = first; seed < first + BATCH; seed++) {
      const { violations } = await simulate(seed);
      const replay = `npm run sim -- --seeds 1 --trace --from ${seed}`;
      expect({ replay, violations }).toEqual({ replay, violations: [] });
    }
  },
);

/** Nothing goes wrong, but for one act. */
const CALM: Scenario = {
  ...drawScenario(0),
  size: 3 * PART_SIZE + 1,
  concurrency: 2,
  isAdaptive: false,
  verifyExistingParts: 'all',
  hedge: 0,
  retry: PATIENT,
  forbidOverwrite: false,
  isStream: false,
  isDurable: true,
  urlLifetimeSeconds: 900,
  stsLifetimeMs: undefined,
  signerSkewMs: 0,
  latencyMs: 10,
  isKeyTaken: false,
  faults: [],
  portFailure: { controlPlane: 0, checkpoints: 0, source: 0 },
  outages: [],
  isMild: true,
};

test.each(['crash', 'pause', 'abort'] as const)('%s at every single await ends as it must', async (kind) => {
  for (let at = 1; ; at++) {
    const { violations, endings, acted } = await play({ ...CALM, lives: [{ acts: [{ at, kind }] }] });
    expect({ at, violations }).toEqual({ at, violations: [] });
    if (acted) continue;
    expect(endings).toEqual(['completed']);
    expect(at).toBeGreaterThan(50);
    return;
  }
});

test('the same seed plays the same way again', async () => {
  const [first, second] = [await simulate(5, { isTraced: true }), await simulate(5, { isTraced: true })];
  expect(second).toEqual(first);
  expect(first.trace.length).toBeGreaterThan(5);
});
