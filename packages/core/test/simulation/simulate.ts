import type { UploadOptions } from '@partway/core';
import { BUCKET, KEY } from './backend.ts';
import { createContext, runUntil, runUntilSettled, type SimulationContext } from './context.ts';
import { performAction, startEngine } from './engine.ts';
import { checkInvariants, FOREIGN_BYTES, type ProcessOutcome } from './invariants.ts';
import { createProcess } from './process.ts';
import { type Action, drawScenario, GENEROUS_RETRY, type Scenario } from './scenario.ts';

/** The result of one seed. */
export interface SimulationResult {
  readonly seed: number;
  /** The status of each process: `completed`, `crashed`, or the code of the error. */
  readonly outcomes: readonly string[];
  /** The violated invariants. Empty when the seed passed. */
  readonly violations: readonly string[];
  /** Whether any action was performed on a process. */
  readonly hasActed: boolean;
  /** The trace, if requested, and the violations. */
  readonly trace: readonly string[];
}

/** Runs the scenario of the seed: one upload by one process after another, and its competitors. */
export function simulate(seed: number, { isTraced = false } = {}): Promise<SimulationResult> {
  return runScenario(drawScenario(seed), isTraced);
}

export async function runScenario(scenario: Scenario, isTraced = false): Promise<SimulationResult> {
  const context = createContext(scenario, isTraced);
  const { backend, violations, trace } = context;
  if (scenario.isKeyTaken) await runUntilSettled(context, () => backend.putForeignObject(FOREIGN_BYTES));
  for (const rule of scenario.faults) backend.faults.add(rule);
  const outcomes: ProcessOutcome[] = [];
  for (const { actions } of scenario.processes) {
    const outcome = await runProcess(context, actions);
    outcomes.push(outcome);
    if (outcome.status === 'completed' || outcome.status === 'aborted') break;
  }
  context.endFaultPhase();
  const last = outcomes.at(-1);
  if (last?.status !== 'completed' && last?.status !== 'aborted')
    outcomes.push(await runProcess(context, [], { retry: GENEROUS_RETRY }));
  // The checkpoint is no longer usable: an upload from the start must complete.
  const mustRestart = ['source_changed', 'checksum_mismatch'].includes(outcomes.at(-1)?.status ?? '');
  if (mustRestart) outcomes.push(await runProcess(context, [], { retry: GENEROUS_RETRY, resume: false }));
  checkInvariants(context, outcomes);
  return {
    seed: scenario.seed,
    outcomes: outcomes.map(({ status }) => status),
    violations,
    hasActed: context.actionCount > 0,
    trace,
  };
}

/** Runs one process until its upload settles or it crashes. */
async function runProcess(
  context: SimulationContext,
  actions: readonly Action[],
  options: Partial<UploadOptions> = {},
): Promise<ProcessOutcome> {
  const { backend, disk, file } = context;
  const process = createProcess();
  const running = startEngine(context, process, disk, file, options);
  for (const { at, kind } of actions) {
    const perform = (): void => {
      const isRunning = process.isAlive && running.status() === undefined;
      if (isRunning) performAction(context, process, running, kind);
    };
    if (typeof at === 'number') process.schedule(at, perform);
    else
      running.onCompleting(
        () => void backend.clock.sleep(at.completingMs, new AbortController().signal).then(perform),
      );
  }
  await runUntil(context, () => running.status() !== undefined || !process.isAlive);
  const status = process.isAlive ? (running.status() ?? 'pending') : 'crashed';
  running.observer.onEnded(process.isAlive);
  // A crashed process observes nothing. The abort releases its pending promises.
  if (!process.isAlive) void running.upload.abort();
  const object = await backend.model.object(BUCKET, KEY)?.bytes();
  await runUntil(context, () => context.competitors.every((competitor) => competitor.status !== undefined));
  const checkpoints = [...disk.checkpoints.values()];
  const { observations } = running.observer;
  return { status, isAlive: process.isAlive, observations, checkpoints, object };
}
