import { type StreamUploadOptions, type Upload, UploadError, type UploadOptions } from '@partway/core';
import { startStreamUpload, startUpload } from '@partway/core/ports';
import { KEY } from './cloud.ts';
import {
  createDisk,
  type Disk,
  type Machine,
  portsOf,
  type SimulatedFile,
  streamPortsOf,
} from './machine.ts';
import { createObserver } from './observer.ts';
import { createProcess, type SimulatedProcess } from './process.ts';
import { type ActKind, optionsOf } from './scenario.ts';
import { bytesOf, type Rival, type World } from './world.ts';

/** An engine under way. */
export interface Running {
  readonly upload: Upload;
  readonly observer: ReturnType<typeof createObserver>;
  how(): string | undefined;
  whenCompleting(act: () => void): void;
}

export function start(
  world: World,
  process: SimulatedProcess,
  disk: Disk,
  file: SimulatedFile,
  options: Partial<UploadOptions> = {},
): Running {
  const { scenario, cloud, blame, random, isStormy } = world;
  const isAlone = (): boolean => world.rivals.length === 0;
  const uploadOptions = { key: KEY, ...optionsOf(scenario), ...options };
  const { attemptsMax: most = 0 } = options.retry ?? scenario.retry;
  // Failures while offline do not count as attempts.
  const attemptsMax = scenario.outages.length > 0 ? Number.POSITIVE_INFINITY : most;
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

/** A stream cannot be resumed: its options have no resume. */
function withoutResume({ resume, verifyExistingParts, ...options }: UploadOptions): StreamUploadOptions {
  return { ...options, memoryMax: 1024 ** 2 };
}

export function perform(
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
