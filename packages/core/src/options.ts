import { assertPartSize } from './parts/part-plan.ts';
import type { ObjectOptions } from './ports.ts';
import type { UploadEvent } from './upload/progress/events.ts';

/** What a caller may say about one upload. */
export interface UploadOptions extends ObjectOptions {
  /** The object's key, 1 to 1023 bytes of UTF-8. */
  readonly key: string;
  /**
   * Bytes per part, 102400 (100 KiB) to 5368709120 (5 GiB). Default: 8 MiB; more from 8 GB on, and in Node to
   * 64 MiB after fast uploads. Raised to need at most 10,000 parts. A file below it is sent as one PutObject.
   */
  readonly partSize?: number | undefined;
  /**
   * Parts in flight, 1 to 64. `auto` starts with 16, goes up while that makes the upload clearly faster, and
   * down when OSS throttles or parts stall, between 1 and `concurrencyMax`; never above what the transport
   * can have in flight (6 in a page). Default: `auto`.
   */
  readonly concurrency?: number | 'auto' | undefined;
  /** How far `auto` may go, 1 to 64. Default: 32. */
  readonly concurrencyMax?: number | undefined;
  /**
   * Go on with an unfinished upload of the same source to the same key, where there is a checkpoint of it.
   * Default: true. `false` removes it from OSS and begins anew.
   */
  readonly resume?: boolean | undefined;
  /**
   * How a part that OSS holds already is proven before it counts: `all` reads our own bytes of it and
   * compares their CRC64; `size` reads nothing and believes what OSS lists, so that the object is proven only
   * as far as this run has sent it. Default: `all`.
   */
  readonly verifyExistingParts?: 'all' | 'size' | undefined;
  /**
   * When nothing else waits to be sent, a part that runs far longer than its peers is sent a second time
   * beside itself, and the first copy to arrive counts. The share of the file's bytes that may be spent on
   * it, 0 (never) to 1. Default: 0.02.
   */
  readonly hedge?: number | undefined;
  readonly retry?: RetryOptions | undefined;
  readonly stall?: StallOptions | undefined;
  /** Aborting it aborts the upload and removes its parts from OSS. */
  readonly signal?: AbortSignal | undefined;
  /** Called with every event, in order. What it throws is ignored. */
  readonly onEvent?: ((event: UploadEvent) => void) | undefined;
}

/** What a caller may say about the upload of a stream. A stream cannot be resumed after a crash. */
export interface StreamUploadOptions extends Omit<UploadOptions, 'resume' | 'verifyExistingParts'> {
  /**
   * Bytes of memory in which parts are kept until they are confirmed, from 1 MiB; what does not fit goes to
   * temporary files where the platform has them. Default: 64 MiB.
   */
  readonly memoryMax?: number | undefined;
}

/** What many uploads share. */
export interface UploaderOptions {
  /** Requests in flight, of all uploads together, 1 to 256, or `auto`. Default: `auto`. */
  readonly concurrency?: number | 'auto' | undefined;
  /** How far `auto` may go, 1 to 256. Default: 32. */
  readonly concurrencyMax?: number | undefined;
  /**
   * Uploads that send at once, 1 to 1000, and as many that are being completed; the others wait, and OSS
   * knows nothing of them. Default: twice as many as requests are in flight.
   */
  readonly filesMax?: number | undefined;
  /**
   * Bytes of memory, from 4 MiB: half of them for parts in flight (2 MiB each, so it bounds `concurrency`
   * too), half for parts of streams that are kept. Default: 128 MiB.
   */
  readonly memoryMax?: number | undefined;
}

/** How often, and how patiently, a transient failure is retried. */
export interface RetryOptions {
  /**
   * Tries of one request, the first included, 1 to 100. What fails while the machine is offline does not
   * count. Default: 8.
   */
  readonly attemptsMax?: number | undefined;
  /** The delay before try n + 1 is drawn from 0 to `baseMs` × 2^n. Default: 200. */
  readonly baseMs?: number | undefined;
  /** No delay is drawn from more than this. OSS's own wish to wait longer is obeyed. Default: 20000. */
  readonly maxMs?: number | undefined;
  /**
   * All delays between the tries of one request together come to no more than this, 0 to a day. Time in which
   * the machine sleeps does not count. Default: 1800000, half an hour.
   */
  readonly budgetMs?: number | undefined;
}

/**
 * When a try of a part counts as stalled. It is then stopped, and the part sent again on a new connection.
 */
export interface StallOptions {
  /** No byte has moved for so long, 1 ms to an hour. Default: 30000. */
  readonly idleMs?: number | undefined;
  /** The body is sent and no answer has come for so long, 1 ms to an hour. Default: 60000. */
  readonly responseMs?: number | undefined;
  /** Fewer bytes a second than this have moved over `windowMs`, from 0. Default: 1024. */
  readonly minBytesPerSecond?: number | undefined;
  /** 1 ms to an hour. Default: 60000. */
  readonly windowMs?: number | undefined;
}

/** Options with every default filled in. */
export type Resolved<Options> = { readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined> };

/** The options with every default filled in: nothing is optional past this point. */
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
 * Throws a `TypeError` or `RangeError` that names the option. Of the key and the object only that there is a
 * key: `assertObjectOptions` says the rest.
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
  if (typeof key !== 'string' || key === '') throw new TypeError('key must be a string, and not empty');
  if (partSize !== undefined) assertPartSize(partSize);
  if (concurrency !== 'auto') assertConcurrency(concurrency);
  assertInteger('concurrencyMax', concurrencyMax, 1, 64);
  assertVerifyHeld(verifyExistingParts);
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
    stall: resolveStall(stall),
    signal,
    onEvent: onEvent ?? (() => undefined),
  };
}

const HOUR_MS = 3_600_000;

export function resolveRetry({
  attemptsMax = 8,
  baseMs = 200,
  maxMs = 20_000,
  budgetMs = HOUR_MS / 2,
}: RetryOptions = {}): Resolved<RetryOptions> {
  assertInteger('retry.attemptsMax', attemptsMax, 1, 100);
  assertInteger('retry.baseMs', baseMs, 0, 60_000);
  assertInteger('retry.maxMs', maxMs, 0, HOUR_MS);
  assertInteger('retry.budgetMs', budgetMs, 0, 24 * HOUR_MS);
  return { attemptsMax, baseMs, maxMs, budgetMs };
}

function resolveStall(stall: StallOptions = {}): Resolved<StallOptions> {
  const { idleMs = 30_000, responseMs = 60_000, minBytesPerSecond = 1024, windowMs = 60_000 } = stall;
  assertInteger('stall.idleMs', idleMs, 1, HOUR_MS);
  assertInteger('stall.responseMs', responseMs, 1, HOUR_MS);
  assertInteger('stall.minBytesPerSecond', minBytesPerSecond, 0, Number.MAX_SAFE_INTEGER);
  assertInteger('stall.windowMs', windowMs, 1, HOUR_MS);
  return { idleMs, responseMs, minBytesPerSecond, windowMs };
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

function assertVerifyHeld(verifyExistingParts: unknown): void {
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

/** Throws a `TypeError` that says what is missing. */
export function assertOptions(options: unknown): asserts options is object {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('options must be an object, with at least key and controlPlane');
  }
}

/**
 * Throws a `TypeError` for anything else, for an object store above all, which has verbs of the same names.
 */
export function assertControlPlane(controlPlane: unknown): void {
  const verbs = ['initiate', 'presignParts', 'listParts', 'complete', 'abort'];
  const isPlane =
    typeof controlPlane === 'object' &&
    controlPlane !== null &&
    verbs.every((verb) => typeof Reflect.get(controlPlane, verb) === 'function');
  if (!isPlane) throw new TypeError('controlPlane must be a coordinator: createCoordinator({ store })');
}
