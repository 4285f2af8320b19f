import { type StreamUploadOptions, type Upload, UploadError, type UploadOptions } from '@partway/core';
import { startStreamUpload, startUpload } from '@partway/core/ports';
import { KEY } from './backend.ts';
import { type Competitor, createBytes, type SimulationContext } from './context.ts';
import {
  createDisk,
  createPorts,
  createStreamPorts,
  type Disk,
  type Machine,
  type SimulatedFile,
} from './machine.ts';
import { createObserver } from './observer.ts';
import { createProcess, type SimulatedProcess } from './process.ts';
import { type ActionKind, toUploadOptions } from './scenario.ts';

/** An engine with one upload. */
export interface RunningEngine {
  readonly upload: Upload;
  readonly observer: ReturnType<typeof createObserver>;
  /** `completed`, the code of the error, or `undefined` while it runs. */
  status(): string | undefined;
  /** Calls `callback` once, at the event `completing`. */
  onCompleting(callback: () => void): void;
}

export function startEngine(
  context: SimulationContext,
  process: SimulatedProcess,
  disk: Disk,
  file: SimulatedFile,
  options: Partial<UploadOptions> = {},
): RunningEngine {
  const { scenario, backend, reportViolation, random, isFaultPhase } = context;
  const isAlone = (): boolean => context.competitors.length === 0;
  const uploadOptions = { key: KEY, ...toUploadOptions(scenario), ...options };
  const { attemptsMax: attemptsWithoutOutage = 0 } = options.retry ?? scenario.retry;
  // Failures while offline do not count as attempts.
  const attemptsMax = scenario.outages.length > 0 ? Number.POSITIVE_INFINITY : attemptsWithoutOutage;
  const observer = createObserver({ backend, scenario, attemptsMax, isAlone, reportViolation });
  const machine: Machine = { backend, scenario, process, disk, file, random, observer, isFaultPhase };
  let status: string | undefined;
  const upload = scenario.isStream
    ? startStreamUpload(createStreamPorts(machine), withoutResume(uploadOptions))
    : startUpload(createPorts(machine), uploadOptions);
  const name = `engine ${++context.engineCount}`;
  upload.subscribe((event) => {
    if (!process.isAlive) return;
    observer.onEvent(event, upload.snapshot());
    context.addTrace(`${name} ${JSON.stringify(event)}`);
  });
  upload.result.then(
    () => {
      status = 'completed';
    },
    (reason: unknown) => {
      status = reason instanceof UploadError ? reason.code : `untyped ${String(reason)}`;
    },
  );
  return {
    upload,
    observer,
    status: () => status,
    onCompleting(callback) {
      const unsubscribe = upload.subscribe(({ type }) => {
        if (type !== 'completing' || !process.isAlive) return;
        unsubscribe();
        callback();
      });
    },
  };
}

/** A stream cannot be resumed: its options have no resume. */
function withoutResume({ resume, verifyExistingParts, ...options }: UploadOptions): StreamUploadOptions {
  return { ...options, memoryMax: 1024 ** 2 };
}

export function performAction(
  context: SimulationContext,
  process: SimulatedProcess,
  { upload, observer }: RunningEngine,
  kind: ActionKind,
): void {
  const { backend, scenario, file, disk } = context;
  context.actionCount += 1;
  context.addTrace(`${kind} at tick ${process.ticks}`);
  switch (kind) {
    case 'crash':
      process.kill();
      return;
    case 'pause':
      observer.onPause();
      upload.pause();
      void backend.clock.sleep(5_000, new AbortController().signal).then(upload.resume);
      return;
    case 'abort':
      void upload.abort();
      return;
    case 'lower concurrency':
      upload.setConcurrency(1);
      return;
    case 'raise concurrency':
      observer.onConcurrencyRaised(scenario.concurrency + 2);
      upload.setConcurrency(scenario.concurrency + 2);
      return;
    case 'sleep':
      context.sleepMs += 3_600_000;
      return;
    case 'abort uploads':
      backend.abortAllUploads();
      return;
    case 'change source':
      file.version += 1;
      file.bytes = createBytes(scenario.seed + file.version, scenario.size);
      return;
    case 'second process':
      startCompetitor(context, kind, disk, file);
      return;
    case 'second machine':
      startCompetitor(context, kind, createDisk(disk.checkpoints), file);
      return;
    case 'second upload': {
      const bytes = createBytes(scenario.seed + 99, scenario.size + 1);
      startCompetitor(context, kind, createDisk(), { identity: 'file:/other', bytes, version: 1 });
      return;
    }
  }
}

function startCompetitor(
  context: SimulationContext,
  kind: ActionKind,
  disk: Disk,
  file: SimulatedFile,
): void {
  const competitor: Competitor = {
    kind,
    disk,
    bytes: file.bytes,
    status: undefined,
    observations: undefined,
  };
  context.competitors.push(competitor);
  const { upload, observer, status } = startEngine(context, createProcess(), disk, file);
  const settle = (): void => {
    competitor.status = status();
    competitor.observations = observer.observations;
    observer.onEnded(true);
  };
  upload.result.then(settle, settle);
}
