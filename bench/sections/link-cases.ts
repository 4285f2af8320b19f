import type { LinkModel } from '../link/start-link.ts';

const MB = 1e6;
const MIB = 1024 ** 2;

/** The `concurrency` of the engine. */
export type Concurrency = number | 'auto';

export interface LinkCase {
  readonly name: string;
  /** `undefined`: straight to the sink. It takes a longer file, and more rounds, to exceed the noise. */
  readonly model: LinkModel | undefined;
  /** Above this rate the sink responds with 503. The file then has 128 parts. Default: no limit. */
  readonly partsPerSecond?: number;
  /** Whether `bench:quick` runs it too. */
  readonly isQuick: boolean;
}

const CLEAN: LinkModel = {
  roundTripMs: 50,
  bytesPerSecond: 25 * MB,
  queueSize: 64 * MIB,
  slowStartMax: 4 * MIB,
  lossPerSegment: 0,
};

/** Fitted to the throughput of a few connections that was measured on real kernels. */
export const SHALLOW: LinkCase = {
  name: '50 ms, 200 Mb/s, shallow buffer',
  model: { ...CLEAN, queueSize: MIB, slowStartMax: 80 * 1024, lossPerSegment: 4e-4 },
  isQuick: true,
};
export const LOSSY: LinkCase = {
  name: '50 ms, 200 Mb/s, 1 % loss',
  model: { ...CLEAN, lossPerSegment: 0.01 },
  isQuick: true,
};
export const THROTTLED: LinkCase = {
  name: '20 ms, 400 Mb/s, 503 above a rate',
  model: { ...CLEAN, roundTripMs: 20, bytesPerSecond: 50 * MB },
  partsPerSecond: 20,
  isQuick: true,
};
export const CLEAN_LINKS: readonly LinkCase[] = [
  { name: 'loopback', model: undefined, isQuick: false },
  {
    name: '2 ms, 400 Mb/s',
    model: { ...CLEAN, roundTripMs: 2, bytesPerSecond: 50 * MB },
    isQuick: false,
  },
  { name: '50 ms, 200 Mb/s', model: CLEAN, isQuick: true },
  { name: '200 ms, 200 Mb/s', model: { ...CLEAN, roundTripMs: 200 }, isQuick: false },
];

export const LINK_CASES: readonly LinkCase[] = [...CLEAN_LINKS, SHALLOW, LOSSY, THROTTLED];
