import type { UploadOptions } from '@partway/core';
import { BUCKET, KEY } from './cloud.ts';
import { perform, start } from './engine.ts';
import { type Ending, FOREIGN_BYTES, judge } from './judge.ts';
import { createProcess } from './process.ts';
import { type Act, drawScenario, PATIENT, type Scenario } from './scenario.ts';
import { createWorld, drive, settled, type World } from './world.ts';

/** The result of one seed. */
export interface SimulationResult {
  readonly seed: number;
  /** How each life ended: `completed`, `crashed`, or the code of the error. */
  readonly endings: readonly string[];
  /** Empty when the engine did all it must and nothing it must not. */
  readonly violations: readonly string[];
  /** Whether anything was done to a process. */
  readonly acted: boolean;
  /** The trace, when requested. */
  readonly trace: readonly string[];
}

/** One upload, or one that others get in the way of, in the world of this seed, to its end. */
export function simulate(seed: number, { isTraced = false } = {}): Promise<SimulationResult> {
  return play(drawScenario(seed), isTraced);
}

export async function play(given: Scenario, isTraced = false): Promise<SimulationResult> {
  const world = createWorld(given, isTraced);
  const { scenario, cloud, violations, trace } = world;
  if (scenario.isKeyTaken) await settled(world, () => cloud.takeKey(FOREIGN_BYTES));
  for (const rule of scenario.faults) cloud.faults.add(rule);
  const endings: Ending[] = [];
  for (const { acts } of scenario.lives) {
    const ending = await live(world, acts);
    endings.push(ending);
    if (ending.how === 'completed' || ending.how === 'aborted') break;
  }
  world.stopStorm();
  const last = endings.at(-1);
  if (last?.how !== 'completed' && last?.how !== 'aborted')
    endings.push(await live(world, [], { retry: PATIENT }));
  // The checkpoint is no longer valid; a restarted upload must complete.
  const isSpent = ['source_changed', 'checksum_mismatch'].includes(endings.at(-1)?.how ?? '');
  if (isSpent) endings.push(await live(world, [], { retry: PATIENT, resume: false }));
  judge(world, endings);
  return {
    seed: scenario.seed,
    endings: endings.map(({ how }) => how),
    violations,
    acted: world.acts > 0,
    trace,
  };
}

/** One process from its start to its end, or to its death. */
async function live(
  world: World,
  acts: readonly Act[],
  options: Partial<UploadOptions> = {},
): Promise<Ending> {
  const { cloud, disk, file } = world;
  const process = createProcess();
  const running = start(world, process, disk, file, options);
  for (const { at, kind } of acts) {
    const act = (): void => {
      const isOver = !process.isAlive || running.how() !== undefined;
      if (!isOver) perform(world, process, running, kind);
    };
    if (typeof at === 'number') process.at(at, act);
    else
      running.whenCompleting(
        () => void cloud.clock.sleep(at.completingMs, new AbortController().signal).then(act),
      );
  }
  const until = (): boolean => running.how() !== undefined || !process.isAlive;
  await drive(world, until);
  const how = process.isAlive ? (running.how() ?? 'hangs') : 'crashed';
  running.observer.ended(process.isAlive);
  // A dead process receives nothing, but its waiting promises are released.
  if (!process.isAlive) void running.upload.abort();
  const object = await cloud.model.object(BUCKET, KEY)?.bytes();
  await drive(world, () => world.rivals.every((rival) => rival.how !== undefined));
  const texts = [...disk.texts.values()];
  const { facts } = running.observer;
  return { how, isAlive: process.isAlive, facts, texts, object };
}
