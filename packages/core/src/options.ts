import type { HttpControlPlaneOptions } from './http/http-control-plane.ts';
import type { ControlPlane, ObjectOptions } from './ports.ts';
import type { UploadEvent } from './upload/progress/events.ts';

/** The options of one upload. */
export interface UploadOptions extends ObjectOptions {
  /** The object's key, 1 to 1023 bytes of UTF-8. */
  readonly key: string;
  /**
   * Bytes per part, 102400 (100 KiB) to 5368709120 (5 GiB). Default: 8 MiB; more from 8 GB on, and in Node to
   * 64 MiB after fast uploads. Raised to need at most 10,000 parts. A smaller file is sent as one PutObject.
   */
  readonly partSize?: number | undefined;
  /**
   * Parts in flight, 1 to 64. `auto` starts with 16, grows while throughput clearly improves, and shrinks
   * when OSS throttles or parts stall, between 1 and `concurrencyMax`. Never more than the connections of the
   * transport (6 in a page). Default: `auto`.
   */
  readonly concurrency?: number | 'auto' | undefined;
  /** The upper bound of `auto`, 1 to 64. Default: 32. */
  readonly concurrencyMax?: number | undefined;
  /**
   * Whether to resume an unfinished upload of the same source to the same key when there is a checkpoint of
   * it. `false` aborts it and starts a new upload. Default: true.
   */
  readonly resume?: boolean | undefined;
  /**
   * How a part that OSS already has is verified before it counts: `all` reads the local bytes and compares
   * their CRC64; `size` compares only its size and trusts OSS's CRC64, so only the parts that this run sends
   * are proven. Default: `all`.
   */
  readonly verifyExistingParts?: 'all' | 'size' | undefined;
  /**
   * Hedged requests: when no other part waits, a part that takes far longer than others is sent a second time
   * in parallel, and the first copy to arrive counts. The fraction of the file's bytes that may be sent this
   * way, 0 (never) to 1. Default: 0.02.
   */
  readonly hedge?: number | undefined;
  /** How often a transient failure is retried. Default: the defaults of its fields. */
  readonly retry?: RetryOptions | undefined;
  /** When an attempt of a part counts as stalled. Default: the defaults of its fields. */
  readonly stall?: StallOptions | undefined;
  /** Aborting it aborts the upload and removes its parts from OSS. */
  readonly signal?: AbortSignal | undefined;
  /** Called with every event, in order. Its errors are ignored. */
  readonly onEvent?: ((event: UploadEvent) => void) | undefined;
}

/** The options of the upload of a stream, which cannot be resumed after a crash. */
export interface StreamUploadOptions extends Omit<UploadOptions, 'resume' | 'verifyExistingParts'> {
  /**
   * Bytes of memory for parts until they are confirmed, from 1 MiB; further parts go to temporary files where
   * the platform has them. Default: 64 MiB.
   */
  readonly memoryMax?: number | undefined;
}

/** The limits that the uploads of one uploader share. */
export interface UploaderOptions {
  /** Requests in flight of all uploads together, 1 to 256, or `auto`. Default: `auto`. */
  readonly concurrency?: number | 'auto' | undefined;
  /** The upper bound of `auto`, 1 to 256. Default: 32. */
  readonly concurrencyMax?: number | undefined;
  /**
   * Uploads that send at once, 1 to 1000, and as many that are being completed. The others wait; they are not
   * yet initiated in OSS. Default: twice the requests in flight.
   */
  readonly filesMax?: number | undefined;
  /**
   * Bytes of memory, from 4 MiB: half of them for parts in flight (2 MiB each, so it also bounds
   * `concurrency`), half for the stored parts of streams. Default: 128 MiB.
   */
  readonly memoryMax?: number | undefined;
}

/** How often, and for how long, a transient failure is retried. */
export interface RetryOptions {
  /** Attempts of one request, with the first, 1 to 100. Failures while offline do not count. Default: 8. */
  readonly attemptsMax?: number | undefined;
  /** The delay before attempt n + 1 is random, 0 to `baseMs` × 2^n ms. 0 to 60000. Default: 200. */
  readonly baseMs?: number | undefined;
  /**
   * The upper bound of the random delays in ms, 0 to an hour. A longer Retry-After is obeyed. Default: 20000.
   */
  readonly maxMs?: number | undefined;
  /**
   * The sum of all delays of one request in ms, 0 to a day. Time in which the machine sleeps does not count.
   * Default: 1800000, half an hour.
   */
  readonly budgetMs?: number | undefined;
}

/**
 * When an attempt of a part counts as stalled. It is aborted, and the part sent again on a new connection.
 */
export interface StallOptions {
  /** The time in ms without any byte sent, 1 to an hour. Default: 30000. */
  readonly idleMs?: number | undefined;
  /** The time in ms between the end of the body and the response, 1 to an hour. Default: 60000. */
  readonly responseMs?: number | undefined;
  /** The lowest throughput over `windowMs` in bytes per second, from 0. Default: 1024. */
  readonly minBytesPerSecond?: number | undefined;
  /** The time in ms over which throughput is measured, 1 to an hour. Default: 60000. */
  readonly windowMs?: number | undefined;
}

/** How a client reaches the coordinator. Exactly one of `endpoint` and `controlPlane` is required. */
export interface CoordinatorConnection extends Pick<HttpControlPlaneOptions, 'headers' | 'credentials'> {
  /**
   * The URL where the coordinator's handler is mounted, such as `https://example.com/uploads`; in a page also
   * a path, such as `/uploads`. `headers` and `credentials` apply to requests to it only, never to requests
   * to OSS.
   */
  readonly endpoint?: string | URL | undefined;
  /** Your own connection to the coordinator, in place of `endpoint`, `headers` and `credentials`. */
  readonly controlPlane?: ControlPlane | undefined;
}

/** Options with every default filled in. */
export type Resolved<Options> = { readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined> };

/** The options of one upload with every default filled in: nothing is optional after this point. */
export interface ResolvedOptions {
  readonly key: string;
  readonly object: ObjectOptions;
  readonly partSize: number | undefined;
  readonly concurrency: number | 'auto';
  readonly concurrencyMax: number;
  readonly resume: boolean;
  readonly verifyExistingParts: 'all' | 'size';
  readonly hedge: number;
  readonly retry: Resolved<RetryOptions>;
  readonly stall: Resolved<StallOptions>;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: (event: UploadEvent) => void;
}
