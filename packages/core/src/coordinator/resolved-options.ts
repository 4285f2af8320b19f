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
import { createCallbackChoice, type UploadToCallBack } from './upload-callback.ts';
import { createUploadTokens, type TokenKey, type UploadTokens } from './upload-token.ts';

/** Options of {@link createCoordinator}. */
export interface CoordinatorOptions<Context = Request> {
  /** The bucket, with its credentials. */
  readonly store?: ObjectStore | undefined;
  /** Several buckets instead of one: `authorize` chooses by name. Default: the first. */
  readonly stores?: readonly ObjectStore[] | undefined;
  /**
   * The keys of upload tokens: the first one seals, every one opens. Default: a random key that is lost with
   * the process, and with it every unfinished upload.
   */
  readonly tokenKeys?: readonly TokenKey[] | undefined;
  /** Lifetime of a token, 60 to 604800 s. Default: 604800, seven days. */
  readonly tokenLifetimeSeconds?: number | undefined;
  /** Lifetime of a presigned URL, 1 to 604800 s. Default: 900. */
  readonly urlLifetimeSeconds?: number | undefined;
  /** Decides over uploads of untrusted callers. Required by `controlPlaneFor` and the HTTP handler. */
  readonly authorize?: Authorize<Context> | undefined;
  /**
   * Returns the principal of such a caller. Called for every verb: only the principal that initiated an
   * upload may continue it. Default: none, and any holder of the token may.
   */
  readonly identify?: Identify<Context> | undefined;
  /** Limits of all uploads. Default: the limits of OSS. */
  readonly policy?: Policy | undefined;
  /** Functions called at the end of an upload. Default: none. */
  readonly hooks?: CoordinatorHooks | undefined;
  /** Whether an upload with a valid token is revoked. Called for every verb but abort. Default: never. */
  readonly isRevoked?: ((upload: GrantedUpload) => boolean | Promise<boolean>) | undefined;
  /**
   * Whether the content matches the type. Receives the first 4100 bytes, or all of a smaller object, after
   * the object is proven. On `false` the object is deleted, and the upload fails with `refused`. Default:
   * no check.
   */
  readonly verifyContent?:
    | ((start: Uint8Array, upload: GrantedUpload) => boolean | Promise<boolean>)
    | undefined;
  /** Reads these bytes. Default: the `fetch` of the platform. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /**
   * The callback that OSS sends to an application server after storing an object: one for every upload, or a
   * function called at Initiate. Sealed in the token; no client can change it. Default: none.
   */
  readonly callback?: Callback | ((upload: UploadToCallBack) => Callback | undefined) | undefined;
  /** Counters for the limits of the policy. Default: in this process. */
  readonly counters?: CounterStore | undefined;
  /** Default: the system clock. */
  readonly clock?: Clock | undefined;
  /** Default: tokens sealed with `tokenKeys`. */
  readonly uploadTokens?: UploadTokens | undefined;
  /** Returns a unique ID for each upload. Default: 128 random bits. */
  readonly nonce?: (() => string) | undefined;
}

/** The options with every default filled in. */
export interface ResolvedCoordinatorOptions<Context> {
  /** By bucket. */
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
  readonly chooseCallback: (upload: UploadToCallBack) => Callback | undefined;
  readonly quota: UploadQuota;
  readonly clock: Clock;
  readonly nonce: () => string;
}

/** Throws a `TypeError` or `RangeError` that names the option. */
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
    stores: storesOf(options),
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
    chooseCallback: createCallbackChoice(options.callback),
    quota: createUploadQuota(counters, policy, clock),
    clock,
    nonce,
  };
}

function storesOf({
  store,
  stores = store === undefined ? [] : [store],
}: Pick<CoordinatorOptions, 'store' | 'stores'>) {
  if (stores.length === 0) throw new TypeError('store must be an object store: createOssObjectStore({ … })');
  for (const each of stores) assertStore(each);
  const byBucket = new Map(stores.map((each) => [each.bucket, each]));
  if (byBucket.size !== stores.length) throw new TypeError('stores must have one store for each bucket');
  return byBucket;
}

function assertStore(store: unknown): void {
  if (typeof store === 'object' && store !== null && 'listUploads' in store && 'presign' in store) return;
  throw new TypeError('store must be an object store: createOssObjectStore({ … })');
}

function assertSeconds(name: string, value: number, min: number): void {
  if (Number.isInteger(value) && value >= min && value <= PRESIGN_SECONDS_MAX) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${PRESIGN_SECONDS_MAX}, got ${value}`);
}
