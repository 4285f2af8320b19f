import { expect, test } from 'vitest';
import type { LinkOptions } from './link.ts';
import { uploadOver } from './upload-over.ts';

const MBIT = 125_000;
const CLEAN: Readonly<Record<string, LinkOptions>> = {
  '2 ms, 400 Mb/s': { bytesPerSecond: 400 * MBIT, roundTripMs: 2 },
  '50 ms, 200 Mb/s': { bytesPerSecond: 200 * MBIT, roundTripMs: 50 },
  '200 ms, 200 Mb/s': { bytesPerSecond: 200 * MBIT, roundTripMs: 200 },
  '30 ms, 10 Mb/s': { bytesPerSecond: 10 * MBIT, roundTripMs: 30 },
};
const LOSSY = { bytesPerSecond: 200 * MBIT, roundTripMs: 50, loss: 0.01 };
const SHALLOW = { bytesPerSecond: 200 * MBIT, roundTripMs: 50, loss: 0.0002, isShallow: true };

test.each([
  ['with packet loss', LOSSY, 1, 0.3],
  ['with packet loss', LOSSY, 8, 2.8],
  ['with a shallow buffer', SHALLOW, 1, 2.4],
  ['with a shallow buffer', SHALLOW, 8, 12.7],
])(
  'a simulated link %s has about the measured throughput of a real one',
  async (_, link, concurrency, measured) => {
    const { mibPerSecond } = await uploadOver(link, { concurrency, sizeMiB: 128 });
    expect(mibPerSecond).toBeGreaterThan(0.75 * measured);
    expect(mibPerSecond).toBeLessThan(1.25 * measured);
  },
);

test.each(Object.entries(CLEAN))(
  'auto is about as fast as the best fixed concurrency on a clean link of %s',
  async (_, link) => {
    const auto = await uploadOver(link, { sizeMiB: 512 });
    for (const concurrency of [4, 8, 16]) {
      const fixed = await uploadOver(link, { sizeMiB: 512, concurrency });
      expect(auto.mibPerSecond).toBeGreaterThan(0.95 * fixed.mibPerSecond);
    }
    // 32 new connections fill a link with a long round trip in half the time of 16.
    const many = await uploadOver(link, { sizeMiB: 512, concurrency: 32 });
    expect(auto.mibPerSecond).toBeGreaterThan((link.roundTripMs < 100 ? 0.95 : 0.92) * many.mibPerSecond);
  },
);

test('auto is four times as fast as concurrency 5 with 1 % packet loss', async () => {
  const auto = await uploadOver(LOSSY, { sizeMiB: 256 });
  const five = await uploadOver(LOSSY, { sizeMiB: 256, concurrency: 5 });
  expect(auto.mibPerSecond).toBeGreaterThan(4 * five.mibPerSecond);
});

test('auto is 1.9 times as fast as concurrency 5 behind a shallow buffer', async () => {
  const auto = await uploadOver(SHALLOW, { sizeMiB: 256 });
  const five = await uploadOver(SHALLOW, { sizeMiB: 256, concurrency: 5 });
  expect(auto.mibPerSecond).toBeGreaterThan(1.9 * five.mibPerSecond);
});

test('auto grows to concurrencyMax if each connection is throttled', async () => {
  const link = { bytesPerSecond: 1000 * MBIT, roundTripMs: 20, connectionBytesPerSecond: 400_000 };
  const auto = await uploadOver(link, { sizeMiB: 512, concurrencyMax: 64 });
  const sixteen = await uploadOver(link, { sizeMiB: 512, concurrency: 16 });
  expect(Math.max(...auto.inFlight)).toBe(64);
  expect(auto.mibPerSecond).toBeGreaterThan(2.5 * sixteen.mibPerSecond);
});

test('auto causes fewer 503 responses than concurrency 16 under a rate limit, and is not slower', async () => {
  const link = {
    bytesPerSecond: 1000 * MBIT,
    roundTripMs: 20,
    connectionBytesPerSecond: 80 * MBIT,
    requestsPerSecond: 10,
  };
  const auto = await uploadOver(link, { sizeMiB: 512 });
  const sixteen = await uploadOver(link, { sizeMiB: 512, concurrency: 16 });
  expect(auto.refused).toBeLessThan(sixteen.refused / 2);
  expect(auto.mibPerSecond).toBeGreaterThanOrEqual(sixteen.mibPerSecond);
});

test('auto settles on a steady link', async () => {
  const { inFlight } = await uploadOver(LOSSY, { sizeMiB: 512 });
  const settled = inFlight.slice(inFlight.length / 2, -32);
  expect(Math.min(...settled)).toBeGreaterThan(26);
  expect(Math.max(...settled)).toBe(32);
  const clean = await uploadOver({ bytesPerSecond: 400 * MBIT, roundTripMs: 2 }, { sizeMiB: 512 });
  expect(Math.max(...clean.inFlight)).toBe(16);
});
