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
import {
  createInMemoryUploadTokens,
  createInProcessFetch,
  createInProcessPut,
  deliverOutcome,
  never,
} from './in-process-oss.ts';

export const BUCKET = 'media';
export const KEY = 'movies/1.mp4';

/** A test harness: engine, coordinator and object store as released, on the emulator's model, without sockets. */
export interface Harness {
  readonly clock: VirtualClock;
  readonly model: OssModel;
  readonly faults: Faults;
  readonly store: ObjectStore;
  readonly controlPlane: ControlPlane;
  readonly events: UploadEvent[];
  /** The operations that OSS received, in order, those of parts with their number: `UploadPart 3`. */
  readonly operations: string[];
  /** Every URL that was presigned. */
  readonly presignedUrls: string[];
  /** Per PUT, in order: the number of parts in flight at its start, itself included. */
  readonly partsInFlight: number[];
  readonly checkpoints: CheckpointStore;
  /** With `isDurable`, checkpoints are written, and a failed upload can be resumed. */
  start(source: Source, options?: Partial<UploadOptions>, isDurable?: boolean): Upload;
  /** The ports of an upload without checkpoints, for tests that call `startUpload` themselves. */
  createPorts(source: Source): UploadPorts;
  startStream(stream: ByteStream, options?: Partial<StreamUploadOptions>, plane?: ControlPlane): Upload;
  /** A coordinator with another object store. */
  createCoordinatorFor(store: ObjectStore): Coordinator;
  /** Like `start`, with another control plane. */
  startWithControlPlane(controlPlane: ControlPlane, source: Source, options?: Partial<UploadOptions>): Upload;
  /** Simulates a crash of this process: from now on OSS receives and sends nothing. */
  crash(): void;
  /** Continues as a new process: checkpoints remain, locks of the crashed process are released. */
  restart(): Promise<void>;
  /** Pending timers of the client and the coordinator, without those of OSS. */
  countPendingTimers(): number;
  /** Lets virtual time pass until the promise settles. */
  runUntilSettled<T>(promise: Promise<T>): Promise<T>;
}

export interface HarnessOptions {
  /** How far the signer's clock is ahead of OSS's. Default: 0. */
  readonly signerSkewMs?: number;
  /** Default: one set that never expires. */
  readonly credentials?: CredentialsSource;
  /** The callback of its coordinators. Default: none. */
  readonly callback?: CoordinatorOptions['callback'];
  /** Sends callbacks. Default: an application server that replies `{"Status":"OK"}`. */
  readonly sendCallback?: SendCallback;
}

export function createHarness({ signerSkewMs = 0, ...options }: HarnessOptions = {}): Harness {
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
  let ossTimers = 0;
  async function ossSleep(ms: number): Promise<void> {
    ossTimers += 1;
    await clock.sleep(ms, new AbortController().signal);
    ossTimers -= 1;
  }
  const oss = injectFaults(model, faults, { sleep: ossSleep, now: clock.now });
  const events: UploadEvent[] = [];
  const operations: string[] = [];
  const presignedUrls: string[] = [];
  const partsInFlight: number[] = [];
  let inFlight = 0;
  let isDead = false;
  let checkpoints = createInMemoryCheckpoints();

  async function handleRequest(request: OssRequest, stop: AbortSignal): Promise<OssResponse> {
    if (isDead) return never();
    const { operation, partNumber } = model.identify(request);
    operations.push(partNumber === undefined ? operation : `${operation} ${partNumber}`);
    const outcome = await oss.handle(request);
    return isDead ? never() : deliverOutcome(outcome, stop);
  }

  const putOnce = createInProcessPut(handleRequest);

  async function put(request: PartRequest): Promise<PartResponse> {
    presignedUrls.push(request.url);
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
    fetch: createInProcessFetch(handleRequest),
    clock: signer,
  });
  const uploadTokens = createInMemoryUploadTokens();
  const createCoordinatorFor = (other: ObjectStore): Coordinator =>
    createCoordinator({ store: other, clock, uploadTokens, callback: options.callback });
  const controlPlane = createCoordinatorFor(store);

  const unusedSource = undefined as unknown as Source;
  const onEvent = (event: UploadEvent): void => void events.push(event);

  function createPortsFor(source: Source, plane: ControlPlane, isDurable: boolean): UploadPorts {
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
    createCoordinatorFor,
    get checkpoints() {
      return checkpoints;
    },
    events,
    operations,
    presignedUrls,
    partsInFlight,
    start: (source, uploadOptions = {}, isDurable = false) =>
      startUpload(createPortsFor(source, controlPlane, isDurable), { key: KEY, onEvent, ...uploadOptions }),
    createPorts: (source) => createPortsFor(source, controlPlane, false),
    startStream: (stream, uploadOptions = {}, plane = controlPlane) =>
      startStreamUpload(
        { ...createPortsFor(unusedSource, plane, false), stream, spill: undefined },
        { key: KEY, onEvent, ...uploadOptions },
      ),
    startWithControlPlane: (other, source, uploadOptions = {}) =>
      startUpload(createPortsFor(source, other, false), { key: KEY, onEvent, ...uploadOptions }),
    countPendingTimers: () => clock.sleeperCount - ossTimers,
    crash() {
      isDead = true;
    },
    async restart() {
      isDead = false;
      const survivors = createInMemoryCheckpoints();
      for (const id of await checkpoints.list()) await survivors.save(id, (await checkpoints.load(id)) ?? '');
      checkpoints = survivors;
    },
    async runUntilSettled(promise) {
      let isSettled = false;
      const watched = promise.finally(() => {
        isSettled = true;
      });
      watched.catch(() => undefined);
      while (!isSettled) {
        await waitForMacrotask();
        if (!isSettled) clock.wakeNext();
      }
      return watched;
    },
  };
}

/** Runs all started work that needs no timer: all of it lies in microtasks. */
function waitForMacrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
