import { createSeededRandom } from '@partway/core/testing';
import { type Backend, createBackend } from './backend.ts';
import { createDisk, type Disk, type SimulatedFile } from './machine.ts';
import type { Observations } from './observer.ts';
import type { ActionKind, Scenario } from './scenario.ts';

/** The state of the simulation of one seed. */
export interface SimulationContext {
  readonly scenario: Scenario;
  readonly backend: Backend;
  readonly disk: Disk;
  readonly file: SimulatedFile;
  readonly violations: string[];
  readonly trace: string[];
  readonly competitors: Competitor[];
  readonly random: ReturnType<typeof createSeededRandom>;
  /** Engines started so far. */
  engineCount: number;
  /** Actions performed so far. */
  actionCount: number;
  /** Adds a line to the trace, if there is one. */
  addTrace(line: string): void;
  /** The machine sleeps for this time as soon as all work waits for a timer. */
  sleepMs: number;
  /** Whether OSS and the ports of the engine may fail. */
  isFaultPhase(): boolean;
  endFaultPhase(): void;
  /** Reports a violated invariant: the seed fails. */
  reportViolation(message: string): void;
}

/** Another engine, which uploads the same file, or another file to the same key. */
export interface Competitor {
  readonly kind: ActionKind;
  readonly disk: Disk;
  readonly bytes: Uint8Array;
  status: string | undefined;
  observations: Observations | undefined;
}

export function createContext(scenario: Scenario, isTraced: boolean): SimulationContext {
  const backend = createBackend(scenario);
  const violations: string[] = [];
  const trace: string[] = [];
  let isFaultPhase = true;
  const addTrace = (line: string): void => {
    if (isTraced) trace.push(`${backend.clock.now() - backend.startedAt} ms: ${line}`);
  };
  addTrace(JSON.stringify(scenario));
  backend.onRequest(addTrace);
  return {
    scenario,
    backend,
    disk: createDisk(),
    file: { identity: 'file:/movie', bytes: createBytes(scenario.seed, scenario.size), version: 1 },
    violations,
    trace,
    competitors: [],
    random: createSeededRandom(scenario.seed ^ 0xfa17),
    engineCount: 0,
    actionCount: 0,
    addTrace,
    sleepMs: 0,
    isFaultPhase: () => isFaultPhase,
    endFaultPhase() {
      isFaultPhase = false;
      backend.faults.clear();
    },
    reportViolation(message) {
      if (!violations.includes(message)) violations.push(message);
      trace.push(`!! ${message}`);
    },
  };
}

/** The longest fault phase, and the time after it within which an engine must settle. */
const FAULT_PHASE_MS = 15 * 60_000;
const RECOVERY_MS_MAX = 3 * 3_600_000;
const STEPS_MAX = 100_000;

/** Advances time until the condition holds. It is a violation if it does not hold in time. */
export async function runUntil(context: SimulationContext, isDone: () => boolean): Promise<void> {
  const { backend } = context;
  const faultPhaseEndsAt = backend.clock.now() + FAULT_PHASE_MS;
  for (let step = 0; step < STEPS_MAX; step++) {
    await waitForMacrotask();
    if (isDone()) return;
    if (context.sleepMs > 0) {
      backend.clock.advance(context.sleepMs);
      context.sleepMs = 0;
      continue;
    }
    if (backend.clock.now() > faultPhaseEndsAt) context.endFaultPhase();
    const isLate = backend.clock.now() > faultPhaseEndsAt + RECOVERY_MS_MAX;
    if (isLate || !backend.clock.wakeNext()) {
      context.reportViolation(
        isLate ? 'the engine did not settle in time' : 'the engine waits without a timer',
      );
      return;
    }
  }
  context.reportViolation(`the engine did not settle in ${STEPS_MAX} steps`);
}

export async function runUntilSettled(
  context: SimulationContext,
  operation: () => Promise<void>,
): Promise<void> {
  let isDone = false;
  void operation().then(() => {
    isDone = true;
  });
  await runUntil(context, () => isDone);
}

/** Runs all started work that needs no timer: all of it lies in microtasks. */
function waitForMacrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const POOL_SIZE = 4 * 1024 * 1024;
let pool: Uint8Array | undefined;

/** Pseudo-random bytes, the same for the same seed, cached. */
export function createBytes(seed: number, size: number): Uint8Array {
  if (pool === undefined) {
    const random = createSeededRandom(1);
    pool = new Uint8Array(POOL_SIZE).map(() => random.next() * 256);
  }
  const offset = ((seed >>> 0) * 7_919) % (POOL_SIZE - size);
  return pool.subarray(offset, offset + size);
}
