import type { ObjectStore } from '../object-store-port.ts';
import { assertKey } from '../oss/key.ts';
import { OBJECT_SIZE_MAX, PARTS_MAX } from '../oss/limits.ts';
import { addNonce, assertNoNonce, objectHeaders } from '../oss/object-headers.ts';
import { countParts } from '../parts/part-plan.ts';
import type { InitiateRequest, ObjectOptions } from '../ports.ts';
import { sweepLostInitiates } from './cleanup/sweep-lost-initiates.ts';
import type { OpenedGrant } from './grant.ts';
import { callHook } from './hooks.ts';
import { authorizeMissingError, type Caller, type Placement, uploadRefusedError } from './policy/access.ts';
import { assertAllowed, resolvePartSize } from './policy/policy.ts';
import type { ResolvedCoordinatorOptions } from './resolved-options.ts';
import type { UploadGrant } from './upload-token.ts';

/** Initiates an upload that `authorize` and the policy allow, and returns what its token is to grant. */
export async function initiateGrantedUpload<Context>(
  options: ResolvedCoordinatorOptions<Context>,
  request: InitiateRequest,
  caller: Caller<Context> | undefined,
): Promise<OpenedGrant> {
  const { policy, clock, quota } = options;
  const { size } = request;
  const placement =
    caller === undefined ? placeTrusted(request) : await placeUntrusted(options, request, caller);
  const store = findStore(options, placement.bucket);
  const { key } = placement;
  const object = withOverwriteRule(placement.object ?? {}, policy.forbidOverwrite);
  const sizeMax = Math.min(policy.sizeMax, placement.sizeMax ?? OBJECT_SIZE_MAX);
  assertAllowed({ ...policy, sizeMax }, { size, contentType: object.contentType });
  assertKey(key);
  assertNoNonce(object);
  const partSize = resolvePartSize(policy, size, request.partSize);
  const grant: UploadGrant = {
    bucket: store.bucket,
    key,
    uploadId: undefined,
    size,
    sizeMax,
    partSize,
    object,
    nonce: options.nonce(),
    callback: options.chooseCallback({ bucket: store.bucket, key, size }),
    principal: caller?.principal,
    expiresAt: clock.now() + options.tokenLifetimeMs,
  };
  if (caller !== undefined) assertSealable(grant);
  await quota.admitUpload(grant);
  const isSingle = size !== undefined && size < partSize && (policy.singlePut || size === 0);
  if (isSingle) return { store, grant };
  try {
    return { store, grant: { ...grant, uploadId: await initiateMultipart(options, store, grant, request) } };
  } catch (reason) {
    await quota.endUpload(grant);
    throw reason;
  }
}

async function initiateMultipart<Context>(
  { clock }: ResolvedCoordinatorOptions<Context>,
  store: ObjectStore,
  { key, object, nonce }: UploadGrant,
  { previousAttemptAgeMs, signal }: InitiateRequest,
): Promise<string> {
  const startedAt = clock.now();
  const { uploadId } = await store.initiate({ key, object: addNonce(object, nonce), signal });
  if (previousAttemptAgeMs !== undefined) {
    const ageMs =
      Math.min(Math.max(previousAttemptAgeMs, 0), PREVIOUS_ATTEMPT_AGE_MS_MAX) + clock.now() - startedAt;
    await sweepLostInitiates(store, clock, { key, uploadId }, ageMs, signal);
  }
  return uploadId;
}

/** No client retries Initiate for longer than a day: older uploads are not its lost ones. */
const PREVIOUS_ATTEMPT_AGE_MS_MAX = 86_400_000;

/** The numbers of the first `count` parts, or of all parts if there are fewer. */
export function firstPartNumbers({ size, partSize }: UploadGrant, count: number): readonly number[] {
  const partCount = size === undefined ? PARTS_MAX : countParts(size, partSize);
  return Array.from({ length: Math.min(count, partCount) }, (_, index) => index + 1);
}

/** Code in the coordinator's own process could use the object store directly: it may use any key. */
function placeTrusted({ key, object }: InitiateRequest): Placement {
  return { key, object };
}

async function placeUntrusted<Context>(
  { authorize }: ResolvedCoordinatorOptions<Context>,
  { key: name, size, object }: InitiateRequest,
  caller: Caller<Context>,
): Promise<Placement> {
  if (authorize === undefined) throw authorizeMissingError();
  const contentType = object.contentType?.trim() === '' ? undefined : object.contentType;
  const declared = { name, size, contentType, object };
  const decision = await callHook('authorize', () => authorize(declared, caller));
  if ('refused' in decision) throw uploadRefusedError(decision.refused);
  const placement = { ...decision, object: decision.object ?? { contentType } };
  assertStorable(placement);
  return placement;
}

/** Bytes of JSON. The upload token of such a grant fits the 32768 characters that a request may contain. */
const GRANT_SIZE_MAX = 24_000;

/** A longer token would be rejected by the verbs that resume or abort the upload. */
function assertSealable(grant: UploadGrant): void {
  if (new TextEncoder().encode(JSON.stringify(grant)).length <= GRANT_SIZE_MAX) return;
  throw uploadRefusedError('the metadata, tags and headers of the file are too long for an upload token');
}

/**
 * `authorize` may use values that the client declared: if OSS does not accept them, the client is at fault.
 */
function assertStorable({ key, object = {} }: Placement): void {
  try {
    assertKey(key);
    assertNoNonce(object);
    objectHeaders(object);
  } catch (reason) {
    throw uploadRefusedError(
      reason instanceof Error ? reason.message : 'OSS does not accept the key or the options of the file',
    );
  }
}

function findStore<Context>(
  { stores }: ResolvedCoordinatorOptions<Context>,
  bucket: string | undefined,
): ObjectStore {
  const store = bucket === undefined ? stores.values().next().value : stores.get(bucket);
  if (store !== undefined) return store;
  throw new TypeError(`authorize chose the bucket ${bucket}, which is not among the stores`);
}

function withOverwriteRule(object: ObjectOptions, forbidOverwrite: boolean): ObjectOptions {
  return forbidOverwrite ? { ...object, forbidOverwrite } : object;
}
