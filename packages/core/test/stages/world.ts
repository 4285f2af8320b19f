import type {
  ByteStream,
  ControlPlane,
  StreamUploadOptions,
  Upload,
  UploadEvent,
  UploadOptions,
} from '@partway/core';
import { type Coordinator, type CoordinatorOptions, createCoordinator } from '@partway/core/coordinator';
import { type CredentialsSource, createOssObjectStore } from '@partway/core/oss';
import {
  type CheckpointStore,
  type ObjectStore,
  type PartRequest,
  type PartResponse,
  type Source,
  startStreamUpload,
  startUpload,
  type UploadPorts,
} from '@partway/core/ports';
import {
  createInMemoryCheckpoints,
  createSeededRandom,
  createVirtualClock,
  type VirtualClock,
} from '@partway/core/testing';
import {
  createFaults,
  createMemoryBlobs,
  createOssModel,
  type Faults,
  injectFaults,
  type OssModel,
  type OssRequest,
  type OssResponse,
  type SendCallback,
} from '@partway/emulator';
import { answerOf, createOnThreadTokens, fetchOver, never, putOver } from './in-process-oss.ts';

export const BUCKET = 'media';
export const KEY = 'movies/1.mp4';

/** The engine, the coordinator and the object store that ship, on the emulator's model, without a socket. */
export interface World {
  readonly clock: VirtualClock;
  readonly model: OssModel;
  readonly faults: Faults;
  readonly store: ObjectStore;
  readonly controlPlane: ControlPlane;
  readonly events: UploadEvent[];
  /** The operations that OSS received, in order, those of parts with their number: `UploadPart 3`. */
  readonly operations: string[];
  /** Every URL that was presigned. */
  readonly urls: string[];
  /** The parts in flight at the start of each part, itself included. */
  readonly partsInFlight: number[];
  readonly checkpoints: CheckpointStore;
  /** With `isDurable`, what fails on the way is kept for a resume. */
  start(source: Source, options?: Partial<UploadOptions>, isDurable?: boolean): Upload;
  /** The ports of an upload in this world, for tests that start it themselves. */
  portsOf(source: Source): UploadPorts;
  startStream(stream: ByteStream, options?: Partial<StreamUploadOptions>, plane?: ControlPlane): Upload;
  /** A coordinator of this world with another store. */
  coordinatorOf(store: ObjectStore): Coordinator;
  /** The same with another control plane. */
  startWith(controlPlane: ControlPlane, source: Source, options?: Partial<UploadOptions>): Upload;
  /** From now on OSS receives and sends nothing, as if this process had died. */
  crash(): void;
  /** Another process: nothing of the dead one holds a lock. */
  restart(): Promise<void>;
  /** How many on our own side of the wire wait for time to pass. */
  sleepersLeft(): number;
  /** Lets virtual time pass until the promise settles. */
  settled<T>(promise: Promise<T>): Promise<T>;
}

export interface WorldOptions {
  /** How far the signer's clock is ahead of OSS's. Default: 0. */
  readonly signerSkewMs?: number;
  /** Default: one set that never dies. */
  readonly credentials?: CredentialsSource;
  /** Of the coordinators of this world. Default: none. */
  readonly callback?: CoordinatorOptions['callback'];
  /** Sends callbacks. Default: an application server that replies `{"Status":"OK"}`. */
  readonly sendCallback?: SendCallback;
}

export function createWorld({ signerSkewMs = 0, ...options }: WorldOptions = {}): World {
  const clock = createVirtualClock(Date.UTC(2026, 10, 21));
  const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
  const region = 'cn-hangzhou';
  const model = createOssModel({
    region,
    buckets: [BUCKET],
    credentials,
    clock,
    blobs: createMemoryBlobs(),
    ...(options.sendCallback === undefined ? {} : { sendCallback: options.sendCallback }),
  });
  const faults = createFaults({ advanceClock: clock.advance });
  let ossSleepers = 0;
  async function ossSleep(ms: number): Promise<void> {
    ossSleepers += 1;
    await clock.sleep(ms, new AbortController().signal);
    ossSleepers -= 1;
  }
  const oss = injectFaults(model, faults, { sleep: ossSleep, now: clock.now });
  const events: UploadEvent[] = [];
  const operations: string[] = [];
  const urls: string[] = [];
  const partsInFlight: number[] = [];
  let inFlight = 0;
  let isDead = false;
  let checkpoints = createInMemoryCheckpoints();

  async function answer(request: OssRequest, stop: AbortSignal): Promise<OssResponse> {
    if (isDead) return never();
    const { operation, partNumber } = model.identify(request);
    operations.push(partNumber === undefined ? operation : `${operation} ${partNumber}`);
    const outcome = await oss.handle(request);
    return isDead ? never() : answerOf(outcome, stop);
  }

  const putOnce = putOver(answer);

  async function put(request: PartRequest): Promise<PartResponse> {
    urls.push(request.url);
    inFlight += 1;
    partsInFlight.push(inFlight);
    try {
      return await putOnce(request);
    } finally {
      inFlight -= 1;
    }
  }

  const signer = { now: () => clock.now() + signerSkewMs };
  const store = createOssObjectStore({
    region,
    bucket: BUCKET,
    credentials: options.credentials ?? credentials,
    fetch: fetchOver(answer),
    clock: signer,
  });
  const uploadTokens = createOnThreadTokens();
  const coordinatorOf = (other: ObjectStore): Coordinator =>
    createCoordinator({ store: other, clock, uploadTokens, callback: options.callback });
  const controlPlane = coordinatorOf(store);

  const noSource = undefined as unknown as Source;
  const onEvent = (event: UploadEvent): void => void events.push(event);

  function portsOf(source: Source, plane: ControlPlane, isDurable: boolean): UploadPorts {
    return {
      openSource: () => Promise.resolve(source),
      transport: { reportsProgress: true, mayHideHeaders: false, connectionsMax: 256, put },
      controlPlane: plane,
      checkpoints: isDurable ? checkpoints : undefined,
      clock,
      random: createSeededRandom(1),
    };
  }

  return {
    clock,
    model,
    faults,
    store,
    controlPlane,
    coordinatorOf,
    get checkpoints() {
      return checkpoints;
    },
    events,
    operations,
    urls,
    partsInFlight,
    start: (source, uploadOptions = {}, isDurable = false) =>
      startUpload(portsOf(source, controlPlane, isDurable), { key: KEY, onEvent, ...uploadOptions }),
    portsOf: (source) => portsOf(source, controlPlane, false),
    startStream: (stream, uploadOptions = {}, plane = controlPlane) =>
      startStreamUpload(
        { ...portsOf(noSource, plane, false), stream, spill: undefined },
        { key: KEY, onEvent, ...uploadOptions },
      ),
    startWith: (other, source, uploadOptions = {}) =>
      startUpload(portsOf(source, other, false), { key: KEY, onEvent, ...uploadOptions }),
    sleepersLeft: () => clock.sleeperCount - ossSleepers,
    crash() {
      isDead = true;
    },
    async restart() {
      isDead = false;
      const survivors = createInMemoryCheckpoints();
      for (const id of await checkpoints.list()) await survivors.save(id, (await checkpoints.load(id)) ?? '');
      checkpoints = survivors;
    },
    async settled(promise) {
      let isSettled = false;
      const watched = promise.finally(() => {
        isSettled = true;
      });
      watched.catch(() => undefined);
      while (!isSettled) {
        await macrotask();
        if (!isSettled) clock.wakeNext();
      }
      return watched;
    },
  };
}

/** Runs all started work that needs no timer: all of it lies in microtasks. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
