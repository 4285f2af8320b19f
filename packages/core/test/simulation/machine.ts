import { type ControlPlane, UploadError } from '@partway/core';
import {
  type CheckpointStore,
  type Clock,
  createPartBody,
  type Random,
  type Source,
  type StreamPorts,
  sourceChangedError,
  type UploadPorts,
  uploadLockedError,
} from '@partway/core/ports';
import type { Backend } from './backend.ts';
import type { Observer } from './observer.ts';
import type { SimulatedProcess } from './process.ts';
import type { PortFailure, Scenario } from './scenario.ts';

/** A file that may change while it is uploaded. */
export interface SimulatedFile {
  readonly identity: string;
  bytes: Uint8Array;
  version: number;
}

/** The state that survives a crash of the process: checkpoints, and locks of crashed holders. */
export interface Disk {
  readonly checkpoints: Map<string, string>;
  readonly locks: Map<string, SimulatedProcess>;
}

export function createDisk(checkpoints: Iterable<readonly [string, string]> = []): Disk {
  return { checkpoints: new Map(checkpoints), locks: new Map() };
}

/** The environment of one process. */
export interface Machine {
  readonly backend: Backend;
  readonly scenario: Scenario;
  readonly process: SimulatedProcess;
  readonly disk: Disk;
  readonly file: SimulatedFile;
  readonly random: Random;
  readonly observer: Observer;
  /** Whether the ports may fail. */
  isFaultPhase(): boolean;
}

/** The ports of the engine. Each call may fail, and the process may crash at it. */
export function createPorts(machine: Machine): UploadPorts {
  const { backend, scenario, process, random, observer } = machine;
  return {
    openSource: () => process.callPort(async () => openSource(machine)),
    transport: {
      reportsProgress: true,
      mayHideHeaders: false,
      connectionsMax: 256,
      put: (request) => {
        const { url } = request;
        const onPutEnded = observer.onPutStarted(url);
        const responded = process
          .callPort(() => callOverNetwork(machine, () => backend.put(request)))
          .then((response) => {
            observer.onPutResponse(url, response);
            return response;
          });
        responded.catch(() => observer.onPutFailed(url));
        return responded.finally(onPutEnded);
      },
    },
    controlPlane: createControlPlane(machine),
    checkpoints: scenario.isDurable ? createCheckpointStore(machine) : undefined,
    isOnline: () => isOnline(machine),
    clock: createClock(machine),
    random,
  };
}

/** The ports for a stream, which can be read once and may fail. */
export function createStreamPorts(machine: Machine): StreamPorts {
  const { file, scenario, process, observer } = machine;
  const { openSource: _, checkpoints, ...ports } = createPorts(machine);

  async function* chunks(): AsyncGenerator<Uint8Array> {
    observer.onStreamOpened(file.bytes);
    for (let at = 0; at < file.bytes.length; at += scenario.chunkSize) {
      await process.callPort(async () => {
        if (shouldFail(machine, 'source')) throw new Error('EPIPE: broken pipe');
      });
      yield file.bytes.subarray(at, at + scenario.chunkSize);
    }
  }

  return { ...ports, stream: chunks(), spill: undefined };
}

function isOnline({ backend, scenario }: Machine): boolean {
  const at = backend.clock.now() - backend.startedAt;
  return !scenario.outages.some(({ fromMs, durationMs }) => at >= fromMs && at < fromMs + durationMs);
}

/** Fails while offline. A request in flight at the start of an outage is handled, its response is lost. */
async function callOverNetwork<T>(machine: Machine, send: () => Promise<T>): Promise<T> {
  if (!isOnline(machine)) throw connectionLostError();
  const response = await send();
  if (!isOnline(machine)) throw connectionLostError();
  return response;
}

function shouldFail({ random, scenario, isFaultPhase }: Machine, port: keyof PortFailure): boolean {
  const rate = scenario.portFailure[port];
  return rate > 0 && isFaultPhase() && random.next() < rate;
}

function openSource(machine: Machine): Source {
  const { file, scenario, process, observer } = machine;
  const { version, bytes } = file;
  if (shouldFail(machine, 'source')) throw sourceUnreadableError();
  observer.onSourceOpened(bytes);

  async function* read(offset: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = offset; at < end; at += scenario.chunkSize) {
      await process.callPort(async () => {
        if (shouldFail(machine, 'source')) throw sourceUnreadableError();
        if (file.version !== version) throw sourceChangedError('its version changed');
      });
      yield bytes.subarray(at, Math.min(at + scenario.chunkSize, end));
    }
  }

  return {
    identity: file.identity,
    size: bytes.length,
    fingerprint: () =>
      process.callPort(async () => {
        observer.onFingerprint(file.bytes);
        return `${file.identity}:${file.version}`;
      }),
    part: (offset, size) => createPartBody({ size, read: () => read(offset, offset + size) }),
    close: () => process.callPort(async () => observer.onSourceClosed()),
  };
}

function sourceUnreadableError(): UploadError {
  return new UploadError({ code: 'source_unreadable', message: 'EIO', disposition: 'permanent' });
}

function createControlPlane(machine: Machine): ControlPlane {
  const { backend, process, random, observer } = machine;
  const { coordinator } = backend;

  /** Sends a request. In the fault phase the request or the response may be lost, or no response comes. */
  function request<T>(verb: string, send: () => Promise<T>): Promise<T> {
    observer.onVerb(verb);
    const sendOverNetwork = (): Promise<T> => callOverNetwork(machine, send);
    return process.callPort(async () => {
      if (!shouldFail(machine, 'controlPlane')) return sendOverNetwork();
      const outcome = random.next();
      if (outcome < 0.1) return new Promise<never>(() => undefined);
      if (outcome < 0.5) throw connectionLostError();
      await sendOverNetwork();
      throw connectionLostError();
    });
  }

  return {
    initiate(details) {
      observer.onInitiate();
      return request('initiate', async () => {
        const upload = await coordinator.initiate(details);
        observer.onPresigned(upload.presigned ?? []);
        return upload;
      });
    },
    presignParts: (details) =>
      request('presignParts', async () => {
        const parts = await coordinator.presignParts(details);
        observer.onPresigned(parts);
        return parts;
      }),
    listParts: (details) => request('listParts', () => coordinator.listParts(details)),
    complete: (details) => request('complete', () => coordinator.complete(details)),
    abort: (details) => request('abort', () => coordinator.abort(details)),
  };
}

function connectionLostError(): UploadError {
  return new UploadError({ code: 'network', message: 'ECONNRESET', disposition: 'transient' });
}

function createCheckpointStore(machine: Machine): CheckpointStore {
  const { disk, process, observer } = machine;
  const access = <T>(operation: () => T): Promise<T> =>
    process.callPort(async () => {
      if (!shouldFail(machine, 'checkpoints')) return operation();
      // A full disk fails before the operation, a broken disk may fail after it.
      if (machine.random.next() < 0.5) operation();
      throw new Error('EIO: i/o error');
    });
  return {
    load: (id) => access(() => disk.checkpoints.get(id)),
    save: (id, text) => access(() => void disk.checkpoints.set(id, text)),
    remove: (id) => access(() => void disk.checkpoints.delete(id)),
    setAside: (id) => access(() => void disk.checkpoints.delete(id)),
    list: () => access(() => [...disk.checkpoints.keys()]),
    lock: (id) =>
      process.callPort(async () => {
        if (shouldFail(machine, 'checkpoints')) throw new Error('EIO: i/o error');
        if (disk.locks.get(id)?.isAlive) throw uploadLockedError('another process');
        disk.locks.set(id, process);
        observer.onLocked();
        return {
          release: () =>
            process.callPort(async () => {
              disk.locks.delete(id);
              observer.onUnlocked();
            }),
        };
      }),
  };
}

/** The virtual clock. Timers of a crashed process never fire. */
function createClock({ backend, process, observer }: Machine): Clock {
  const { clock } = backend;
  return {
    now: clock.now,
    async sleep(ms, signal) {
      const onWake = observer.onSleep();
      try {
        await process.callPort(() => clock.sleep(ms, signal));
      } finally {
        onWake();
      }
    },
  };
}
