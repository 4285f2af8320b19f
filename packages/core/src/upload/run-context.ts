import type { UploadError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import type {
  CheckpointStore,
  Clock,
  ControlPlane,
  PartResponse,
  Random,
  Source,
  Transport,
  UploadedObject,
} from '../ports.ts';
import type { RunCheckpoints } from './checkpoints/checkpoint-guard.ts';
import type { Permit } from './concurrency/budget.ts';
import type { UploadFact } from './progress/events.ts';

/** The ports of any upload, wherever its bytes come from. */
export interface RunPorts {
  /** Sends parts to OSS. */
  readonly transport: Transport;
  /** The coordinator, or a client of it. */
  readonly controlPlane: ControlPlane;
  /**
   * Keeps checkpoints beyond this upload. `undefined`: the upload can be paused, and a failed one is removed
   * from OSS.
   */
  readonly checkpoints: CheckpointStore | undefined;
  /**
   * The part size to request where the caller gives none, in bytes, from what is known of the link. Default:
   * the coordinator chooses.
   */
  preferredPartSize?(size: number): number | undefined;
  /**
   * Whether the machine has a network, as far as it knows. While it has none, failed requests wait for it,
   * and their attempts do not count. Default: always true.
   */
  isOnline?(): boolean;
  /** Default in our packages: `systemClock`. */
  readonly clock: Clock;
  /** Default in our packages: `systemRandom`. */
  readonly random: Random;
}

/** The ports of an upload of a source, which can be read again. */
export interface UploadPorts extends RunPorts {
  /** Opens the source. Called once for every run: at the start, and after each pause. */
  openSource(): Promise<Source>;
}

/** Runs an upload until it is stored, fails, or is stopped by the signal of its run. */
export type UploadRunner = (run: UploadRun) => Promise<UploadedObject>;

/** One run of an upload: the argument of each of its steps. */
export interface UploadRun {
  readonly ports: RunPorts;
  readonly options: ResolvedOptions;
  readonly checkpoints: RunCheckpoints;
  /** Aborted when the caller stops the upload: with an `UploadError`, or with `PAUSED`. */
  readonly signal: AbortSignal;
  /** Limits the parts in flight. */
  readonly limit: PartLimit;
  /** The permit to send, among other uploads of a budget. */
  readonly permit: Permit;
  readonly lostInitiate: LostInitiateState;
  readonly outage: Outage;
  readonly emit: (fact: UploadFact) => void;
  /** Called with each response that confirms a part. */
  readonly reportHiddenHeaders: (response: PartResponse) => void;
}

/** Runs tasks, at most `concurrency` of them at once. */
export interface PartLimit {
  /** Runs a task as soon as there is room. The signal removes a task that still waits. */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
  concurrency(): number;
  /** Whether a task would start at once, and delay no other. */
  isIdle(): boolean;
}

/** Makes requests wait while the machine has no network. */
export interface Outage {
  /** Whether a missing network explains a failure: there was no response, and the machine is offline. */
  isOfflineError(error: UploadError): boolean;
  /** Resolves when the machine is online, and after a minute in any case: it may be wrong about it. */
  waitUntilOnline(signal: AbortSignal): Promise<void>;
}

/** Whether OSS may hold an upload of unknown ID, because no response arrived. Outlives a pause. */
export interface LostInitiateState {
  /**
   * When the first attempt started that got no response, in ms since the epoch; `undefined` when there is
   * none, or a later attempt has removed its upload.
   */
  since: number | undefined;
}
