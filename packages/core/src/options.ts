import { assertPartSize } from './parts/part-plan.ts';
import type { ObjectOptions } from './ports.ts';
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

/**
 * Throws a `TypeError` or `RangeError` that names the option. `assertObjectOptions` validates the key and the
 * object options.
 */
export function resolveOptions(options: UploadOptions): ResolvedOptions {
  const {
    key,
    partSize,
    concurrency = 'auto',
    concurrencyMax = 32,
    resume = true,
    verifyExistingParts = 'all',
    hedge = 0.02,
    ...others
  } = options;
  const { retry, stall, signal, onEvent, ...object } = others;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError('signal must be an AbortSignal');
  }
  if (onEvent !== undefined && typeof onEvent !== 'function')
    throw new TypeError('onEvent must be a function');
  if (typeof key !== 'string' || key === '') throw new TypeError('key must be a non-empty string');
  if (partSize !== undefined) assertPartSize(partSize);
  if (concurrency !== 'auto') assertConcurrency(concurrency);
  assertInteger('concurrencyMax', concurrencyMax, 1, 64);
  assertVerifyExistingParts(verifyExistingParts);
  assertHedge(hedge);
  return {
    key,
    object,
    partSize,
    concurrency,
    concurrencyMax,
    resume,
    verifyExistingParts,
    hedge,
    retry: resolveRetry(retry),
    stall: resolveIntegers('stall', STALL, stall),
    signal,
    onEvent: onEvent ?? (() => undefined),
  };
}

const HOUR_MS = 3_600_000;

/** Default, minimum and maximum of each option. */
type Bounds<Name extends string> = Readonly<Record<Name, readonly [number, number, number]>>;

const RETRY: Bounds<keyof RetryOptions> = {
  attemptsMax: [8, 1, 100],
  baseMs: [200, 0, 60_000],
  maxMs: [20_000, 0, HOUR_MS],
  budgetMs: [HOUR_MS / 2, 0, 24 * HOUR_MS],
};

const STALL: Bounds<keyof StallOptions> = {
  idleMs: [30_000, 1, HOUR_MS],
  responseMs: [60_000, 1, HOUR_MS],
  minBytesPerSecond: [1024, 0, Number.MAX_SAFE_INTEGER],
  windowMs: [60_000, 1, HOUR_MS],
};

/** Throws a `RangeError` that names the option. */
export function resolveRetry(retry: RetryOptions | undefined): Resolved<RetryOptions> {
  return resolveIntegers('retry', RETRY, retry);
}

function resolveIntegers<Name extends string>(
  group: string,
  bounds: Bounds<Name>,
  given: Partial<Readonly<Record<Name, number | undefined>>> = {},
): Record<Name, number> {
  const names = Object.keys(bounds) as Name[];
  return Object.fromEntries(
    names.map((name) => {
      const [byDefault, min, max] = bounds[name];
      const { [name]: value = byDefault } = given;
      assertInteger(`${group}.${name}`, value, min, max);
      return [name, value];
    }),
  ) as Record<Name, number>;
}

export function assertConcurrency(concurrency: number): void {
  assertInteger('concurrency', concurrency, 1, 64);
}

/** Throws a `RangeError` that names the option. */
export function resolveUploaderOptions(
  options: UploaderOptions,
): Resolved<Omit<UploaderOptions, 'filesMax'>> & Pick<UploaderOptions, 'filesMax'> {
  const { concurrency = 'auto', concurrencyMax = 32, filesMax, memoryMax = 128 * 1024 ** 2 } = options;
  if (concurrency !== 'auto') assertUploaderConcurrency(concurrency);
  assertInteger('concurrencyMax', concurrencyMax, 1, 256);
  if (filesMax !== undefined) assertInteger('filesMax', filesMax, 1, 1000);
  assertInteger('memoryMax', memoryMax, 4 * 1024 ** 2, Number.MAX_SAFE_INTEGER);
  return { concurrency, concurrencyMax, filesMax, memoryMax };
}

export function assertUploaderConcurrency(concurrency: number): void {
  assertInteger('concurrency', concurrency, 1, 256);
}

/** Throws a `RangeError` that names the option. */
export function resolveMemoryMax(memoryMax: number = 64 * 1024 ** 2): number {
  assertInteger('memoryMax', memoryMax, 1024 ** 2, Number.MAX_SAFE_INTEGER);
  return memoryMax;
}

function assertVerifyExistingParts(verifyExistingParts: unknown): void {
  if (verifyExistingParts === 'all' || verifyExistingParts === 'size') return;
  throw new TypeError(`verifyExistingParts must be 'all' or 'size', got ${String(verifyExistingParts)}`);
}

function assertHedge(hedge: number): void {
  if (typeof hedge === 'number' && hedge >= 0 && hedge <= 1) return;
  throw new RangeError(`hedge must be a number from 0 to 1, got ${hedge}`);
}

function assertInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, got ${value}`);
}

/** Throws a `TypeError` for anything but an object. */
export function assertOptions(options: unknown): asserts options is object {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('options must be an object, with at least key and controlPlane');
  }
}

/** Throws a `TypeError` for anything else, such as an object store, which has methods of similar names. */
export function assertControlPlane(controlPlane: unknown): void {
  const methods = ['initiate', 'presignParts', 'listParts', 'complete', 'abort'];
  const isPlane =
    typeof controlPlane === 'object' &&
    controlPlane !== null &&
    methods.every((method) => typeof Reflect.get(controlPlane, method) === 'function');
  if (!isPlane) throw new TypeError('controlPlane must be a coordinator: createCoordinator({ store })');
}
