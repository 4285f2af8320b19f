import type { Callback } from '../callback.ts';
import type { ObjectStore } from '../object-store-port.ts';
import { PRESIGN_SECONDS_DEFAULT, PRESIGN_SECONDS_MAX } from '../oss/limits.ts';
import type { Clock } from '../ports.ts';
import { randomNonce, randomTokenKey, systemClock } from '../system.ts';
import type { CoordinatorHooks, GrantedUpload } from './hooks.ts';
import type { Authorize, Identify } from './policy/access.ts';
import { type CounterStore, createInMemoryCounterStore } from './policy/counter-store.ts';
import { type Policy, type ResolvedPolicy, resolvePolicy } from './policy/policy.ts';
import { createUploadQuota, type UploadQuota } from './policy/upload-quota.ts';
import { resolveCallback, type UploadForCallback } from './upload-callback.ts';
import { createUploadTokens, type TokenKey, type UploadTokens } from './upload-token.ts';

/**
 * Options of {@link createCoordinator}: `store` or `stores` is needed, and `authorize` for untrusted clients.
 */
export interface CoordinatorOptions<Context = Request> {
  /** The bucket and the credentials for it: `createOssObjectStore({ … })` of `@partway/core/oss`. */
  readonly store?: ObjectStore | undefined;
  /** Several buckets instead of `store`: `authorize` chooses one by name. Default: the first one. */
  readonly stores?: readonly ObjectStore[] | undefined;
  /**
   * The keys of upload tokens: the first one seals, every one opens. Default: a random key of this process.
   * All unfinished uploads then end with the process, and no second process can serve them.
   */
  readonly tokenKeys?: readonly TokenKey[] | undefined;
  /** How long an upload token is valid, 60 to 604800 s. Default: 604800, seven days. */
  readonly tokenLifetimeSeconds?: number | undefined;
  /** How long a presigned URL is valid, 1 to 604800 s. Default: 900. */
  readonly urlLifetimeSeconds?: number | undefined;
  /** Decides whether an untrusted client may upload, and where. Needed for `controlPlaneFor` and for HTTP. */
  readonly authorize?: Authorize<Context> | undefined;
  /**
   * Names an untrusted client. Called for every verb: only the principal that initiated an upload may
   * continue it. Default: clients stay unknown, and the upload token alone is enough to continue an upload.
   */
  readonly identify?: Identify<Context> | undefined;
  /** Limits of all uploads. Default: the limits of OSS. */
  readonly policy?: Policy | undefined;
  /** Functions to call when an upload is completed, failed or aborted. Default: none. */
  readonly hooks?: CoordinatorHooks | undefined;
  /**
   * Returns true to reject an upload despite its valid token. Called for every verb except initiate and
   * abort. Default: no upload is revoked.
   */
  readonly isRevoked?: ((upload: GrantedUpload) => boolean | Promise<boolean>) | undefined;
  /**
   * Checks the content of an object against its type: receives the first 4100 bytes, or fewer for a smaller
   * object, once the object is proven. On false the object is deleted, and the upload fails with `refused`.
   * Default: no check.
   */
  readonly verifyContent?:
    | ((firstBytes: Uint8Array, upload: GrantedUpload) => boolean | Promise<boolean>)
    | undefined;
  /** Reads the bytes for `verifyContent`. Default: the `fetch` of the platform. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /**
   * The callback that OSS sends to an application server once an object is stored: one for all uploads, or a
   * function that chooses one at Initiate, or `undefined` for none. Sealed in the upload token: no client can
   * change it. Default: none.
   */
  readonly callback?: Callback | ((upload: UploadForCallback) => Callback | undefined) | undefined;
  /**
   * Counts URLs and unfinished uploads for the policy. Several coordinator processes need a shared one.
   * Default: `createInMemoryCounterStore`, of this process alone.
   */
  readonly counters?: CounterStore | undefined;
  /** For tests. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /** Replaces the tokens made with `tokenKeys`. Default: `createUploadTokens(tokenKeys)`. */
  readonly uploadTokens?: UploadTokens | undefined;
  /** Returns a unique ID for a new upload. Default: 128 random bits. */
  readonly nonce?: (() => string) | undefined;
}

/** The validated options with all defaults filled in. */
export interface ResolvedCoordinatorOptions<Context> {
  /** By bucket name; the first one is the default. */
  readonly stores: ReadonlyMap<string, ObjectStore>;
  readonly tokens: UploadTokens;
  readonly tokenLifetimeMs: number;
  readonly urlLifetimeSeconds: number;
  readonly authorize: Authorize<Context> | undefined;
  readonly identify: Identify<Context> | undefined;
  readonly policy: ResolvedPolicy;
  readonly hooks: CoordinatorHooks;
  readonly isRevoked: (upload: GrantedUpload) => boolean | Promise<boolean>;
  readonly verifyContent: CoordinatorOptions['verifyContent'];
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly chooseCallback: (upload: UploadForCallback) => Callback | undefined;
  readonly quota: UploadQuota;
  readonly clock: Clock;
  readonly nonce: () => string;
}

/**
 * Validates the options and fills in the defaults. Throws a `TypeError` or `RangeError` that names the
 * option.
 */
export function resolveCoordinatorOptions<Context>(
  options: CoordinatorOptions<Context>,
): ResolvedCoordinatorOptions<Context> {
  const { clock = systemClock, nonce = randomNonce, tokenKeys = [randomTokenKey()] } = options;
  const { tokenLifetimeSeconds = PRESIGN_SECONDS_MAX, urlLifetimeSeconds = PRESIGN_SECONDS_DEFAULT } =
    options;
  assertSeconds('tokenLifetimeSeconds', tokenLifetimeSeconds, 60);
  assertSeconds('urlLifetimeSeconds', urlLifetimeSeconds, 1);
  const policy = resolvePolicy(options.policy);
  const counters = options.counters ?? createInMemoryCounterStore(clock);
  return {
    stores: storesByBucket(options),
    tokens: options.uploadTokens ?? createUploadTokens(tokenKeys),
    tokenLifetimeMs: tokenLifetimeSeconds * 1000,
    urlLifetimeSeconds,
    authorize: options.authorize,
    identify: options.identify,
    policy,
    hooks: options.hooks ?? {},
    isRevoked: options.isRevoked ?? (() => false),
    verifyContent: options.verifyContent,
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    chooseCallback: resolveCallback(options.callback),
    quota: createUploadQuota(counters, policy, clock),
    clock,
    nonce,
  };
}

function storesByBucket({
  store,
  stores = store === undefined ? [] : [store],
}: Pick<CoordinatorOptions, 'store' | 'stores'>) {
  if (stores.length === 0) throw invalidStoreError();
  for (const candidate of stores) assertStore(candidate);
  const byBucket = new Map(stores.map((each) => [each.bucket, each]));
  if (byBucket.size !== stores.length) throw new TypeError('stores must have only one store for each bucket');
  return byBucket;
}

function assertStore(store: unknown): void {
  if (typeof store === 'object' && store !== null && 'listUploads' in store && 'presign' in store) return;
  throw invalidStoreError();
}

function invalidStoreError(): TypeError {
  return new TypeError('store must be an object store: createOssObjectStore({ … })');
}

function assertSeconds(name: string, value: number, min: number): void {
  if (Number.isInteger(value) && value >= min && value <= PRESIGN_SECONDS_MAX) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${PRESIGN_SECONDS_MAX}, got ${value}`);
}
