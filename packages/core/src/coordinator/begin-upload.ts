import { addNonce, assertNoNonce } from '../nonce.ts';
import type { ObjectStore } from '../object-store-port.ts';
import { assertKey } from '../oss/key.ts';
import { OBJECT_SIZE_MAX, PARTS_MAX } from '../oss/limits.ts';
import { objectHeaders } from '../oss/object-headers.ts';
import { countParts } from '../parts/part-plan.ts';
import type { InitiateRequest, ObjectOptions } from '../ports.ts';
import { callHook } from './call-hook.ts';
import { sweepLost } from './cleanup/sweep-lost-initiates.ts';
import type { OpenedGrant } from './grant.ts';
import { type Caller, type Placement, refusedError } from './policy/access.ts';
import { admit, partSizeFor } from './policy/policy.ts';
import type { ResolvedCoordinatorOptions } from './resolved-options.ts';
import type { UploadGrant } from './upload-token.ts';

/** Begins an upload that the policy allows, and says what may be done with it. */
export async function beginUpload<Context>(
  terms: ResolvedCoordinatorOptions<Context>,
  request: InitiateRequest,
  caller: Caller<Context> | undefined,
): Promise<OpenedGrant> {
  const { policy, clock, quota } = terms;
  const { size } = request;
  const placement = caller === undefined ? trusted(request) : await authorized(terms, request, caller);
  const store = storeOf(terms, placement.bucket);
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
    nonce: terms.nonce(),
    callback: terms.chooseCallback({ bucket: store.bucket, key, size }),
    principal: caller?.principal,
    expiresAt: clock.now() + terms.tokenLifetimeMs,
  };
  if (caller !== undefined) assertSealable(grant);
  await quota.begin(grant);
  const isSingle = size !== undefined && size < partSize && (policy.singlePut || size === 0);
  if (isSingle) return { store, grant };
  try {
    return { store, grant: { ...grant, uploadId: await initiate(terms, store, grant, request) } };
  } catch (reason) {
    await quota.end(grant);
    throw reason;
  }
}

async function initiate<Context>(
  { clock }: ResolvedCoordinatorOptions<Context>,
  store: ObjectStore,
  { key, object, nonce }: UploadGrant,
  { previousAttemptAgeMs, signal }: InitiateRequest,
): Promise<string> {
  const beganAt = clock.now();
  const { uploadId } = await store.initiate({ key, object: addNonce(object, nonce), signal });
  if (previousAttemptAgeMs !== undefined) {
    const sinceMs = Math.min(Math.max(previousAttemptAgeMs, 0), LOST_MS_MAX) + clock.now() - beganAt;
    await sweepLost(store, clock, { key, uploadId }, sinceMs, signal);
  }
  return uploadId;
}

/** The numbers of as many parts as are wanted, from the first on; of a stream at least one is to come. */
export function firstPartNumbers({ size, partSize }: UploadGrant, wanted: number): readonly number[] {
  const count = size === undefined ? PARTS_MAX : countParts(size, partSize);
  return Array.from({ length: Math.min(wanted, count) }, (_, index) => index + 1);
}

/** No client tries to initiate for longer: what is older than that is not what it lost. */
const LOST_MS_MAX = 86_400_000;

/** Whoever calls the coordinator in its own process could ask the store as well. */
function trusted({ key, object }: InitiateRequest): Placement {
  return { key, object };
}

async function authorized<Context>(
  { authorize }: ResolvedCoordinatorOptions<Context>,
  { key: name, size, object }: InitiateRequest,
  caller: Caller<Context>,
): Promise<Placement> {
  if (authorize === undefined)
    throw new TypeError('authorize is needed to serve callers who are not trusted');
  const contentType = object.contentType?.trim() === '' ? undefined : object.contentType;
  const declared = { name, size, contentType, object };
  const answer = await callHook('authorize', () => authorize(declared, caller));
  if ('refused' in answer) throw refusedError(answer.refused);
  const placement = { ...answer, object: answer.object ?? { contentType } };
  assertPossible(placement);
  return placement;
}

/** Of JSON: its token then has fewer than the 32768 characters that a request may send. */
const GRANT_SIZE_MAX = 24_000;

/** Otherwise an upload would begin that its own token could neither go on with nor abort. */
function assertSealable(grant: UploadGrant): void {
  if (new TextEncoder().encode(JSON.stringify(grant)).length <= GRANT_SIZE_MAX) return;
  throw refusedError('the metadata, tags and headers of the file are more than an upload token can hold');
}

/** What `authorize` made of the caller's own words may be more than OSS takes: the caller's fault. */
function assertPossible({ key, object = {} }: Placement): void {
  try {
    assertKey(key);
    assertNoNonce(object);
    objectHeaders(object);
  } catch (reason) {
    throw refusedError(reason instanceof Error ? reason.message : 'the file cannot be stored like this');
  }
}

function storeOf<Context>(
  { stores }: ResolvedCoordinatorOptions<Context>,
  bucket: string | undefined,
): ObjectStore {
  const store = bucket === undefined ? stores.values().next().value : stores.get(bucket);
  if (store === undefined)
    throw new TypeError(`authorize named the bucket ${bucket}, of which there is no store`);
  return store;
}

function objectFor(object: ObjectOptions, forbidOverwrite: boolean): ObjectOptions {
  return forbidOverwrite ? { ...object, forbidOverwrite } : object;
}
