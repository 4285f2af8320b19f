import {
  type StreamUploadOptions,
  startStreamUpload,
  startUpload,
  type Upload,
  UploadError,
  type UploadOptions,
} from '@partway/core';
import { createSeededRandom } from '@partway/core/testing';
import { BUCKET, type Cloud, createCloud, KEY } from './cloud.ts';
import { judge } from './judge.ts';
import {
  createDisk,
  type Disk,
  type Machine,
  portsOf,
  type SimulatedFile,
  streamPortsOf,
} from './machine.ts';
import { createObserver, type Facts } from './observer.ts';
import { createProcess, type SimulatedProcess } from './process.ts';
import { type Act, type ActKind, drawScenario, optionsOf, PATIENT, type Scenario } from './scenario.ts';

/** What came of one seed. */
export interface SimulationResult {
  readonly seed: number;
  /** How each life ended: `completed`, `crashed`, or the code of the error. */
  readonly endings: readonly string[];
  /** Empty when the engine did all it must and nothing it must not. */
  readonly violations: readonly string[];
  /** Whether anything was done to a process. */
  readonly acted: boolean;
  /** What happened, when asked for. */
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
  // What it was to go on with is of no use any more; what is begun anew must come to its end.
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

/** How one life of the process that uploads has ended. */
export interface Ending {
  readonly how: string;
  readonly isAlive: boolean;
  readonly isStormy: boolean;
  readonly facts: Facts;
  /** The checkpoints that were there then. */
  readonly texts: readonly string[];
  /** The object under the key then. */
  readonly object: Uint8Array | undefined;
}

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
  /** The machine goes to sleep for so long as soon as nothing can go on without time passing. */
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

export const FOREIGN_BYTES = new TextEncoder().encode('somebody else put this here');

function createWorld(scenario: Scenario, isTraced: boolean): World {
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
  // A dead process hears nothing of it, but lets go of what it waits for.
  if (!process.isAlive) void running.upload.abort();
  const object = await cloud.model.object(BUCKET, KEY)?.bytes();
  await drive(world, () => world.rivals.every((rival) => rival.how !== undefined));
  const texts = [...disk.texts.values()];
  const { facts } = running.observer;
  return { how, isAlive: process.isAlive, isStormy: world.isStormy(), facts, texts, object };
}

interface Running {
  readonly upload: Upload;
  readonly observer: ReturnType<typeof createObserver>;
  how(): string | undefined;
  whenCompleting(act: () => void): void;
}

function start(
  world: World,
  process: SimulatedProcess,
  disk: Disk,
  file: SimulatedFile,
  options: Partial<UploadOptions> = {},
): Running {
  const { scenario, cloud, blame, random, isStormy } = world;
  const isAlone = (): boolean => world.rivals.length === 0;
  const uploadOptions = { key: KEY, ...optionsOf(scenario), ...options };
  const attemptsMax = (options.retry ?? scenario.retry).attemptsMax ?? 0;
  const observer = createObserver({ cloud, scenario, attemptsMax, isAlone, blame });
  const machine: Machine = { cloud, scenario, process, disk, file, random, observer, isStormy };
  let how: string | undefined;
  const upload = scenario.isStream
    ? startStreamUpload(streamPortsOf(machine), withoutResume(uploadOptions))
    : startUpload(portsOf(machine), uploadOptions);
  const name = `engine ${++world.engines}`;
  upload.subscribe((event) => {
    if (!process.isAlive) return;
    observer.event(event, upload.snapshot());
    world.note(`${name} ${JSON.stringify(event)}`);
  });
  upload.result.then(
    () => {
      how = 'completed';
    },
    (reason: unknown) => {
      how = reason instanceof UploadError ? reason.code : `untyped ${String(reason)}`;
    },
  );
  return {
    upload,
    observer,
    how: () => how,
    whenCompleting(act) {
      const unsubscribe = upload.subscribe(({ type }) => {
        if (type !== 'completing' || !process.isAlive) return;
        unsubscribe();
        act();
      });
    },
  };
}

/** A stream cannot be gone on with, and its options say so. */
function withoutResume({ resume, verifyHeld, ...options }: UploadOptions): StreamUploadOptions {
  return { ...options, memoryMax: 1024 ** 2 };
}

function perform(
  world: World,
  process: SimulatedProcess,
  { upload, observer }: Running,
  kind: ActKind,
): void {
  const { cloud, scenario, file, disk } = world;
  world.acts += 1;
  world.note(`${kind} at tick ${process.ticks}`);
  switch (kind) {
    case 'crash':
      process.kill();
      return;
    case 'pause':
      observer.pauseAsked();
      upload.pause();
      void cloud.clock.sleep(5_000, new AbortController().signal).then(upload.resume);
      return;
    case 'abort':
      void upload.abort();
      return;
    case 'fewer':
      upload.setConcurrency(1);
      return;
    case 'more':
      observer.concurrencyRaised(scenario.concurrency + 2);
      upload.setConcurrency(scenario.concurrency + 2);
      return;
    case 'sleep':
      world.sleepMs += 3_600_000;
      return;
    case 'take away':
      cloud.takeUploadsAway();
      return;
    case 'change source':
      file.version += 1;
      file.bytes = bytesOf(scenario.seed + file.version, scenario.size);
      return;
    case 'second process':
      rival(world, kind, disk, file);
      return;
    case 'second machine':
      rival(world, kind, createDisk(disk.texts), file);
      return;
    case 'second upload': {
      const bytes = bytesOf(scenario.seed + 99, scenario.size + 1);
      rival(world, kind, createDisk(), { identity: 'file:/other', bytes, version: 1 });
      return;
    }
  }
}

function rival(world: World, kind: ActKind, disk: Disk, file: SimulatedFile): void {
  const entry: Rival = { kind, disk, bytes: file.bytes, how: undefined, facts: undefined };
  world.rivals.push(entry);
  const { upload, observer, how } = start(world, createProcess(), disk, file);
  const settle = (): void => {
    entry.how = how();
    entry.facts = observer.facts;
    observer.ended(true);
  };
  upload.result.then(settle, settle);
}

/** Lets time pass until something has come about; it must, within a bound. */
async function drive(world: World, until: () => boolean): Promise<void> {
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

async function settled(world: World, act: () => Promise<void>): Promise<void> {
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

/** Bytes nobody would guess, the same for the same seed, without making them each time. */
export function bytesOf(seed: number, size: number): Uint8Array {
  if (pool === undefined) {
    const random = createSeededRandom(1);
    pool = new Uint8Array(POOL_SIZE).map(() => random.next() * 256);
  }
  const from = ((seed >>> 0) * 7_919) % (POOL_SIZE - size);
  return pool.subarray(from, from + size);
}
