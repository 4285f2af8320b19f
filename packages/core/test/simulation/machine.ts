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
import type { Cloud } from './cloud.ts';
import type { Observer } from './observer.ts';
import type { SimulatedProcess } from './process.ts';
import type { PortFailure, Scenario } from './scenario.ts';

/** A file that may be written to while it is uploaded. */
export interface SimulatedFile {
  readonly identity: string;
  bytes: Uint8Array;
  version: number;
}

/** The state that survives a killed process: checkpoints, and locks of dead holders. */
export interface Disk {
  readonly texts: Map<string, string>;
  readonly locks: Map<string, SimulatedProcess>;
}

export function createDisk(texts: Iterable<readonly [string, string]> = []): Disk {
  return { texts: new Map(texts), locks: new Map() };
}

/** Everything one process stands on. */
export interface Machine {
  readonly cloud: Cloud;
  readonly scenario: Scenario;
  readonly process: SimulatedProcess;
  readonly disk: Disk;
  readonly file: SimulatedFile;
  readonly random: Random;
  readonly observer: Observer;
  /** Whether things go wrong. */
  isStormy(): boolean;
}

/** The ports of the engine, each of which may fail, or be the last the process ever calls. */
export function portsOf(machine: Machine): UploadPorts {
  const { cloud, scenario, process, random, observer } = machine;
  return {
    openSource: () => process.call(async () => openSource(machine)),
    transport: {
      reportsProgress: true,
      mayHideHeaders: false,
      connectionsMax: 256,
      put: (request) => {
        const ended = observer.putStarted(request.url);
        const { url } = request;
        const answered = process
          .call(() => overNetwork(machine, () => cloud.put(request)))
          .then((answer) => {
            observer.putAnswered(url, answer);
            return answer;
          });
        answered.catch(() => observer.putUnanswered(url));
        return answered.finally(ended);
      },
    },
    controlPlane: controlPlaneOf(machine),
    checkpoints: scenario.isDurable ? checkpointsOf(machine) : undefined,
    isOnline: () => isOnline(machine),
    clock: clockOf(machine),
    random,
  };
}

/** The same for a stream. It comes once, and may break. */
export function streamPortsOf(machine: Machine): StreamPorts {
  const { file, scenario, process, observer } = machine;
  const { openSource: _, checkpoints, ...ports } = portsOf(machine);

  async function* chunks(): AsyncGenerator<Uint8Array> {
    observer.streamOpened(file.bytes);
    for (let at = 0; at < file.bytes.length; at += scenario.chunkSize) {
      await process.call(async () => {
        if (fails(machine, 'source')) throw new Error('EPIPE: broken pipe');
      });
      yield file.bytes.subarray(at, at + scenario.chunkSize);
    }
  }

  return { ...ports, stream: chunks(), spill: undefined };
}

function isOnline({ cloud, scenario }: Machine): boolean {
  const at = cloud.clock.now() - cloud.startedAt;
  return !scenario.outages.some(({ fromMs, forMs }) => at >= fromMs && at < fromMs + forMs);
}

/** A request in flight when the network is lost is carried out without a response. */
async function overNetwork<T>(machine: Machine, act: () => Promise<T>): Promise<T> {
  if (!isOnline(machine)) throw lost();
  const answer = await act();
  if (!isOnline(machine)) throw lost();
  return answer;
}

function fails({ random, scenario, isStormy }: Machine, port: keyof PortFailure): boolean {
  const rate = scenario.portFailure[port];
  return rate > 0 && isStormy() && random.next() < rate;
}

function openSource(machine: Machine): Source {
  const { file, scenario, process, observer } = machine;
  const { version, bytes } = file;
  if (fails(machine, 'source')) throw unreadable();
  observer.sourceOpened(bytes);

  async function* read(offset: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = offset; at < end; at += scenario.chunkSize) {
      await process.call(async () => {
        if (fails(machine, 'source')) throw unreadable();
        if (file.version !== version) throw sourceChangedError('its version is another');
      });
      yield bytes.subarray(at, Math.min(at + scenario.chunkSize, end));
    }
  }

  return {
    identity: file.identity,
    size: bytes.length,
    fingerprint: () =>
      process.call(async () => {
        observer.sourceNamed(file.bytes);
        return `${file.identity}:${file.version}`;
      }),
    part: (offset, size) => createPartBody({ size, read: () => read(offset, offset + size) }),
    close: () => process.call(async () => observer.sourceClosed()),
  };
}

function unreadable(): UploadError {
  return new UploadError({ code: 'source_unreadable', message: 'EIO', disposition: 'permanent' });
}

function controlPlaneOf(machine: Machine): ControlPlane {
  const { cloud, process, random, observer } = machine;
  const { coordinator } = cloud;

  /** A lost request, a lost response, or no response. */
  function over<T>(verb: string, act: () => Promise<T>): Promise<T> {
    observer.verbCalled(verb);
    const acted = (): Promise<T> => overNetwork(machine, act);
    return process.call(async () => {
      if (!fails(machine, 'controlPlane')) return acted();
      const mishap = random.next();
      if (mishap < 0.1) return new Promise<never>(() => undefined);
      if (mishap < 0.5) throw lost();
      await acted();
      throw lost();
    });
  }

  return {
    initiate(request) {
      observer.initiating();
      return over('initiate', async () => {
        const upload = await coordinator.initiate(request);
        observer.signed(upload.presigned ?? []);
        return upload;
      });
    },
    presignParts: (request) =>
      over('presignParts', async () => {
        const parts = await coordinator.presignParts(request);
        observer.signed(parts);
        return parts;
      }),
    listParts: (request) => over('listParts', () => coordinator.listParts(request)),
    complete: (request) => over('complete', () => coordinator.complete(request)),
    abort: (request) => over('abort', () => coordinator.abort(request)),
  };
}

function lost(): UploadError {
  return new UploadError({ code: 'network', message: 'ECONNRESET', disposition: 'transient' });
}

function checkpointsOf(machine: Machine): CheckpointStore {
  const { disk, process, observer } = machine;
  const over = <T>(act: () => T): Promise<T> =>
    process.call(async () => {
      if (!fails(machine, 'checkpoints')) return act();
      // A full disk fails before the work, a failing one perhaps after it.
      if (machine.random.next() < 0.5) act();
      throw new Error('EIO: i/o error');
    });
  return {
    load: (id) => over(() => disk.texts.get(id)),
    save: (id, text) => over(() => void disk.texts.set(id, text)),
    remove: (id) => over(() => void disk.texts.delete(id)),
    setAside: (id) => over(() => void disk.texts.delete(id)),
    list: () => over(() => [...disk.texts.keys()]),
    lock: (id) =>
      process.call(async () => {
        if (fails(machine, 'checkpoints')) throw new Error('EIO: i/o error');
        if (disk.locks.get(id)?.isAlive) throw uploadLockedError('another process');
        disk.locks.set(id, process);
        observer.leased();
        return {
          release: () =>
            process.call(async () => {
              disk.locks.delete(id);
              observer.released();
            }),
        };
      }),
  };
}

/** The time of the world, which a dead process does not see pass. */
function clockOf({ cloud, process, observer }: Machine): Clock {
  const { clock } = cloud;
  return {
    now: clock.now,
    async sleep(ms, signal) {
      const woken = observer.sleeping();
      try {
        await process.call(() => clock.sleep(ms, signal));
      } finally {
        woken();
      }
    },
  };
}
