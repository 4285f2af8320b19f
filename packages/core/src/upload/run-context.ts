import type { UploadError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import type {
  CheckpointStore,
  Clock,
  ControlPlane,
  PartBuffers,
  PartResponse,
  Random,
  Source,
  Transport,
  UploadedObject,
} from '../ports.ts';
import type { RunCheckpoints } from './checkpoints/checkpoint-guard.ts';
import type { Permit } from './concurrency/budget.ts';
import type { UploadFact } from './progress/events.ts';
import type { ByteStream } from './stream/part-cutter.ts';

/** Everything the engine awaits. */
export interface UploadPorts {
  openSource(): Promise<Source>;
  readonly transport: Transport;
  readonly controlPlane: ControlPlane;
  /**
   * Where checkpoints survive this upload. `undefined`: it can be paused, but a failed one is not resumed.
   */
  readonly checkpoints: CheckpointStore | undefined;
  /** The part size to wish for where the caller has none, by what is known of the link. Default: no wish. */
  preferredPartSize?(size: number): number | undefined;
  /**
   * Whether the machine has a network, as far as it knows. While it has none, requests that fail wait for it,
   * and their tries do not count. Default: it always has.
   */
  isOnline?(): boolean;
  readonly clock: Clock;
  readonly random: Random;
}

/** Everything the engine awaits to upload a stream. */
export interface StreamPorts extends Omit<UploadPorts, 'openSource' | 'checkpoints'> {
  readonly stream: ByteStream;
  /** Keeps the parts for which there is no room in memory. `undefined`: they stay in memory all the same. */
  readonly spill: PartBuffers | undefined;
}

/** Walks until it is done, fails or is stopped. */
export type UploadRunner = (run: UploadRun) => Promise<UploadedObject>;

/** What every step of the walk is given. */
export interface UploadRun {
  readonly ports: UploadPorts;
  readonly options: ResolvedOptions;
  readonly checkpoints: RunCheckpoints;
  /** Aborted when the caller stops the upload: with an `UploadError`, or with `PAUSED`. */
  readonly signal: AbortSignal;
  /** Parts in flight. */
  readonly limit: PartLimit;
  /** Among other uploads, where there are any. */
  readonly permit: Permit;
  readonly lostInitiate: LostInitiateState;
  readonly outage: Outage;
  readonly emit: (fact: UploadFact) => void;
  /** To be told of every answer of OSS that confirms a part. */
  readonly noteHeaders: (answer: PartResponse) => void;
}

/** Runs tasks, at most `concurrency` of them at once. */
export interface PartLimit {
  /** The signal takes a task that has not begun out of the queue, where it waits for others. */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
  concurrency(): number;
  /** Whether a task would begin at once, and keep nobody waiting. */
  isIdle(): boolean;
}

/** What the requests of one upload do while the machine has no network. */
export interface Outage {
  /** Whether a failure may be the doing of it: nobody answered, and the machine says that it is offline. */
  isOfflineError(error: UploadError): boolean;
  /** Resolves when the machine says that it is online, and after a minute all the same: it may be wrong. */
  waitUntilOnline(signal: AbortSignal): Promise<void>;
}

/** What is not known of an initiation that got no answer. Outlives a pause. */
export interface LostInitiateState {
  /** When the first try was begun whose answer was lost; `undefined` when none was, or it has been mended. */
  since: number | undefined;
}
