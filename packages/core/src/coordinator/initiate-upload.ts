import { addNonce, assertNoNonce } from '../nonce.ts';
import type { ObjectStore } from '../object-store-port.ts';
import { assertKey } from '../oss/key.ts';
import { OBJECT_SIZE_MAX, PARTS_MAX } from '../oss/limits.ts';
import { objectHeaders } from '../oss/object-headers.ts';
import { countParts } from '../parts/part-plan.ts';
import type { InitiateRequest, ObjectOptions } from '../ports.ts';
import { sweepLostInitiates } from './cleanup/sweep-lost-initiates.ts';
import type { OpenedGrant } from './grant.ts';
import { callHook } from './hooks.ts';
import { type Caller, type Placement, refusedError } from './policy/access.ts';
import { admit, partSizeFor } from './policy/policy.ts';
import type { ResolvedCoordinatorOptions } from './resolved-options.ts';
import type { UploadGrant } from './upload-token.ts';

/** Initiates an upload that the policy allows, and returns its grant. */
export async function initiateUpload<Context>(
  resolved: ResolvedCoordinatorOptions<Context>,
  request: InitiateRequest,
  caller: Caller<Context> | undefined,
): Promise<OpenedGrant> {
  const { policy, clock, quota } = resolved;
  const { size } = request;
  const placement =
    caller === undefined ? trustedPlacement(request) : await authorizedPlacement(resolved, request, caller);
  const store = storeOf(resolved, placement.bucket);
  const { key } = placement;
  const object = objectFor(placement.object ?? {}, policy.forbidOverwrite);
  const sizeMax = Math.min(policy.sizeMax, placement.sizeMax ?? OBJECT_SIZE_MAX);
  admit({ ...policy, sizeMax }, { size, contentType: object.contentType });
  assertKey(key);
  assertNoNonce(object);
  const partSize = partSizeFor(policy, size, request.partSize);
  const grant: UploadGrant = {
    bucket: store.bucket,
    key,
    uploadId: undefined,
    size,
    sizeMax,
    partSize,
    object,
    nonce: resolved.nonce(),
    callback: resolved.chooseCallback({ bucket: store.bucket, key, size }),
    principal: caller?.principal,
    expiresAt: clock.now() + resolved.tokenLifetimeMs,
  };
  if (caller !== undefined) assertSealable(grant);
  await quota.admitUpload(grant);
  const isSingle = size !== undefined && size < partSize && (policy.singlePut || size === 0);
  if (isSingle) return { store, grant };
  try {
    return { store, grant: { ...grant, uploadId: await initiate(resolved, store, grant, request) } };
  } catch (reason) {
    await quota.endUpload(grant);
    throw reason;
  }
}

async function initiate<Context>(
  { clock }: ResolvedCoordinatorOptions<Context>,
  store: ObjectStore,
  { key, object, nonce }: UploadGrant,
  { previousAttemptAgeMs, signal }: InitiateRequest,
): Promise<string> {
  const startedAt = clock.now();
  const { uploadId } = await store.initiate({ key, object: addNonce(object, nonce), signal });
  if (previousAttemptAgeMs !== undefined) {
    const sinceMs = Math.min(Math.max(previousAttemptAgeMs, 0), LOST_MS_MAX) + clock.now() - startedAt;
    await sweepLostInitiates(store, clock, { key, uploadId }, sinceMs, signal);
  }
  return uploadId;
}

/** The numbers of the first `max` parts, fewer where the plan has fewer. */
export function firstPartNumbers({ size, partSize }: UploadGrant, max: number): readonly number[] {
  const count = size === undefined ? PARTS_MAX : countParts(size, partSize);
  return Array.from({ length: Math.min(max, count) }, (_, index) => index + 1);
}

/** No client retries Initiate for longer: an older upload is not a lost one. */
const LOST_MS_MAX = 86_400_000;

/** A caller in the coordinator's own process could use the store directly. */
function trustedPlacement({ key, object }: InitiateRequest): Placement {
  return { key, object };
}

async function authorizedPlacement<Context>(
  { authorize }: ResolvedCoordinatorOptions<Context>,
  { key: name, size, object }: InitiateRequest,
  caller: Caller<Context>,
): Promise<Placement> {
  if (authorize === undefined) throw new TypeError('authorize is required to serve untrusted callers');
  const contentType = object.contentType?.trim() === '' ? undefined : object.contentType;
  const declared = { name, size, contentType, object };
  const decision = await callHook('authorize', () => authorize(declared, caller));
  if ('refused' in decision) throw refusedError(decision.refused);
  const placement = { ...decision, object: decision.object ?? { contentType } };
  assertStorable(placement);
  return placement;
}

/** Bytes of JSON: the token then has fewer than the 32768 characters allowed in a request. */
const GRANT_SIZE_MAX = 24_000;

/** Otherwise an upload would be initiated that its own token could neither resume nor abort. */
function assertSealable(grant: UploadGrant): void {
  if (new TextEncoder().encode(JSON.stringify(grant)).length <= GRANT_SIZE_MAX) return;
  throw refusedError('the metadata, tags and headers of the file do not fit into an upload token');
}

/** A placement made from the caller's input may exceed the limits of OSS: the caller is refused. */
function assertStorable({ key, object = {} }: Placement): void {
  try {
    assertKey(key);
    assertNoNonce(object);
    objectHeaders(object);
  } catch (reason) {
    throw refusedError(
      reason instanceof Error ? reason.message : 'OSS cannot store the file with this key and these options',
    );
  }
}

function storeOf<Context>(
  { stores }: ResolvedCoordinatorOptions<Context>,
  bucket: string | undefined,
): ObjectStore {
  const store = bucket === undefined ? stores.values().next().value : stores.get(bucket);
  if (store === undefined)
    throw new TypeError(`authorize returned the bucket ${bucket}, but stores has no store for it`);
  return store;
}

function objectFor(object: ObjectOptions, forbidOverwrite: boolean): ObjectOptions {
  return forbidOverwrite ? { ...object, forbidOverwrite } : object;
}
