import { createHttpControlPlane, type HttpControlPlaneOptions } from './http/http-control-plane.ts';
import type {
  CoordinatorConnection,
  Resolved,
  ResolvedOptions,
  RetryOptions,
  StallOptions,
  UploaderOptions,
  UploadOptions,
} from './options.ts';
import { assertKey } from './oss/key.ts';
import { aclHeader, addNonce, assertNoNonce, objectHeaders } from './oss/object-headers.ts';
import { assertPartSize } from './parts/part-plan.ts';
import type { ControlPlane } from './ports.ts';

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

/**
 * Throws a `TypeError` or `RangeError` for a key or object options that OSS would reject, before anything is
 * sent. The coordinator checks both again.
 */
export function assertObjectOptions({ key, ...object }: UploadOptions): void {
  assertKey(key);
  assertNoNonce(object);
  // Only for its checks: the coordinator creates the headers again, with a nonce of this length.
  objectHeaders(addNonce(object, '0'.repeat(32)));
  aclHeader(object.acl);
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

/** Returns the control plane of the options. Throws a `TypeError` that names an invalid option. */
export function resolveControlPlane({
  endpoint,
  controlPlane,
  headers,
  credentials,
}: CoordinatorConnection): ControlPlane {
  if (endpoint !== undefined && controlPlane !== undefined)
    throw new TypeError('endpoint and controlPlane are mutually exclusive');
  if (endpoint !== undefined) return createEndpointControlPlane(endpoint, { headers, credentials });
  if (controlPlane === undefined) throw new TypeError('endpoint or controlPlane is required');
  assertControlPlane(controlPlane);
  const unused = Object.entries({ headers, credentials }).find(([, value]) => value !== undefined)?.[0];
  if (unused !== undefined) throw new TypeError(`${unused} requires endpoint: a controlPlane sends its own`);
  return controlPlane;
}

function createEndpointControlPlane(endpoint: string | URL, http: HttpControlPlaneOptions): ControlPlane {
  try {
    return createHttpControlPlane(endpoint, http);
  } catch (cause) {
    throw new TypeError('endpoint must be an http(s) URL or a path like /uploads', { cause });
  }
}
