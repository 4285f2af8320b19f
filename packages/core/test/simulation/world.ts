import { createSeededRandom } from '@partway/core/testing';
import { type Cloud, createCloud } from './cloud.ts';
import { createDisk, type Disk, type SimulatedFile } from './machine.ts';
import type { Facts } from './observer.ts';
import type { ActKind, Scenario } from './scenario.ts';

/** The world of one seed. */
export interface World {
  readonly scenario: Scenario;
  readonly cloud: Cloud;
  readonly disk: Disk;
  readonly file: SimulatedFile;
  readonly violations: string[];
  readonly trace: string[];
  readonly rivals: Rival[];
  readonly random: ReturnType<typeof createSeededRandom>;
  engines: number;
  acts: number;
  /** Writes a line into the trace, where one is wanted. */
  note(line: string): void;
  /** The machine sleeps for this time as soon as all work waits for a timer. */
  sleepMs: number;
  isStormy(): boolean;
  stopStorm(): void;
  blame(what: string): void;
}

/** Another engine, which uploads the same file, or another one to the same key. */
export interface Rival {
  readonly kind: ActKind;
  readonly disk: Disk;
  readonly bytes: Uint8Array;
  how: string | undefined;
  facts: Facts | undefined;
}

export function createWorld(scenario: Scenario, isTraced: boolean): World {
  const cloud = createCloud(scenario);
  const violations: string[] = [];
  const trace: string[] = [];
  let isStormy = true;
  const note = (line: string): void => {
    if (isTraced) trace.push(`${cloud.clock.now() - cloud.startedAt} ms: ${line}`);
  };
  note(JSON.stringify(scenario));
  cloud.onRequest(note);
  return {
    scenario,
    cloud,
    disk: createDisk(),
    file: { identity: 'file:/movie', bytes: bytesOf(scenario.seed, scenario.size), version: 1 },
    violations,
    trace,
    rivals: [],
    random: createSeededRandom(scenario.seed ^ 0xfa17),
    engines: 0,
    acts: 0,
    note,
    sleepMs: 0,
    isStormy: () => isStormy,
    stopStorm() {
      isStormy = false;
      cloud.faults.clear();
    },
    blame(what) {
      if (!violations.includes(what)) violations.push(what);
      trace.push(`!! ${what}`);
    },
  };
}

/** Storms last so long; a life of the engine must end within so long after one. */
const STORM_MS = 15 * 60_000;
const CALM_MS = 3 * 3_600_000;
const STEPS_MAX = 100_000;

/** Lets time pass until something has come about; it must, within a bound. */
export async function drive(world: World, until: () => boolean): Promise<void> {
  const { cloud } = world;
  const stormEnds = cloud.clock.now() + STORM_MS;
  for (let step = 0; step < STEPS_MAX; step++) {
    await macrotask();
    if (until()) return;
    if (world.sleepMs > 0) {
      cloud.clock.advance(world.sleepMs);
      world.sleepMs = 0;
      continue;
    }
    if (cloud.clock.now() > stormEnds) world.stopStorm();
    const isLate = cloud.clock.now() > stormEnds + CALM_MS;
    if (isLate || !cloud.clock.wakeNext()) {
      world.blame(isLate ? 'it takes for ever' : 'it waits for nothing');
      return;
    }
  }
  world.blame('it goes round in circles');
}

export async function settled(world: World, act: () => Promise<void>): Promise<void> {
  let isDone = false;
  void act().then(() => {
    isDone = true;
  });
  await drive(world, () => isDone);
}

/** Microtasks run to their end first: nothing in this world leaves them. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const POOL_SIZE = 4 * 1024 * 1024;
let pool: Uint8Array | undefined;

/** Pseudo-random bytes, the same for the same seed, cached. */
export function bytesOf(seed: number, size: number): Uint8Array {
  if (pool === undefined) {
    const random = createSeededRandom(1);
    pool = new Uint8Array(POOL_SIZE).map(() => random.next() * 256);
  }
  const from = ((seed >>> 0) * 7_919) % (POOL_SIZE - size);
  return pool.subarray(from, from + size);
}
