import { expect, test } from 'vitest';
import { drawScenario, GENEROUS_RETRY, PART_SIZE, type Scenario } from './scenario.ts';
import { seedBase } from './seed-base.ts';
import { runScenario, simulate } from './simulate.ts';

const SEEDS = 1000;
const BATCH = 100;
const base = seedBase();

test.each(Array.from({ length: SEEDS / BATCH }, (_, index) => base + index * BATCH))(
  '100 seeds from %i violate no invariant',
  async (first) => {
    for (let seed = first; seed < first + BATCH; seed++) {
      const { violations } = await simulate(seed);
      const replay = `npm run sim -- --seeds 1 --trace --from ${seed}`;
      expect({ replay, violations }).toEqual({ replay, violations: [] });
    }
  },
);

/** A scenario without faults, to which one action is added. */
const WITHOUT_FAULTS: Scenario = {
  ...drawScenario(0),
  size: 3 * PART_SIZE + 1,
  concurrency: 2,
  isAdaptive: false,
  verifyExistingParts: 'all',
  hedge: 0,
  retry: GENEROUS_RETRY,
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
  isRecoverable: true,
};

test.each(['crash', 'pause', 'abort'] as const)(
  '%s at any call of a port violates no invariant',
  async (kind) => {
    for (let at = 1; ; at++) {
      const { violations, outcomes, hasActed } = await runScenario({
        ...WITHOUT_FAULTS,
        processes: [{ actions: [{ at, kind }] }],
      });
      expect({ at, violations }).toEqual({ at, violations: [] });
      if (hasActed) continue;
      expect(outcomes).toEqual(['completed']);
      expect(at).toBeGreaterThan(50);
      return;
    }
  },
);

test('a seed gives the same trace again', async () => {
  const [first, second] = [await simulate(5, { isTraced: true }), await simulate(5, { isTraced: true })];
  expect(second).toEqual(first);
  expect(first.trace.length).toBeGreaterThan(5);
});
