import { assertKey } from './oss/key.ts';
import { aclHeader, objectHeaders } from './oss/object-headers.ts';
import { assertPartSize } from './part-plan.ts';
import type { ObjectOptions } from './ports.ts';
import type { UploadEvent } from './upload/events.ts';

/** What a caller may say about one upload. */
export interface UploadOptions extends ObjectOptions {
  /** The object's key, 1 to 1023 bytes of UTF-8. */
  readonly key: string;
  /**
   * Bytes per part, 102400 (100 KiB) to 5368709120 (5 GiB). Default: 8 MiB, larger from 8 GB on. Raised where
   * the file would need more than 10,000 parts. A file smaller than one part is sent as one PutObject.
   */
  readonly partSize?: number;
  /** Parts in flight, 1 to 64. Default: 5. */
  readonly concurrency?: number;
  readonly retry?: RetryOptions;
  /** Aborting it aborts the upload and removes its parts from OSS. */
  readonly signal?: AbortSignal;
  /** Called with every event, in order. What it throws is ignored. */
  readonly onEvent?: (event: UploadEvent) => void;
}

/** How often, and how patiently, a transient failure is retried. */
export interface RetryOptions {
  /** Tries of one request, the first included, 1 to 100. Default: 8. */
  readonly attemptsMax?: number;
  /** The delay before try n + 1 is drawn from 0 to `baseMs` × 2^n. Default: 200. */
  readonly baseMs?: number;
  /** No delay is drawn from more than this. OSS's own wish to wait longer is obeyed. Default: 20000. */
  readonly maxMs?: number;
}

/** The options with every default filled in: nothing is optional past this point. */
export interface ResolvedOptions {
  readonly key: string;
  readonly object: ObjectOptions;
  readonly partSize: number | undefined;
  readonly concurrency: number;
  readonly retry: Required<RetryOptions>;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: (event: UploadEvent) => void;
}

/** Throws a `TypeError` or `RangeError` that names the option. */
export function resolveOptions(options: UploadOptions): ResolvedOptions {
  const {
    key,
    partSize,
    concurrency = 5,
    retry = {},
    signal,
    onEvent = () => undefined,
    ...object
  } = options;
  assertKey(key);
  // Made only to be checked, before anything is sent: the coordinator makes them again.
  objectHeaders(object);
  aclHeader(object.acl);
  if (partSize !== undefined) assertPartSize(partSize);
  assertConcurrency(concurrency);
  const { attemptsMax = 8, baseMs = 200, maxMs = 20_000 } = retry;
  assertInteger('retry.attemptsMax', attemptsMax, 1, 100);
  assertInteger('retry.baseMs', baseMs, 0, 60_000);
  assertInteger('retry.maxMs', maxMs, 0, 3_600_000);
  return { key, object, partSize, concurrency, retry: { attemptsMax, baseMs, maxMs }, signal, onEvent };
}

export function assertConcurrency(concurrency: number): void {
  assertInteger('concurrency', concurrency, 1, 64);
}

function assertInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, got ${value}`);
}
