import type { Callback } from '../callback.ts';
import { assertUnmarked, markedObject } from '../nonce.ts';
import { assertKey } from '../oss/key.ts';
import { PRESIGN_SECONDS_DEFAULT, PRESIGN_SECONDS_MAX } from '../oss/limits.ts';
import { choosePartSize, firstPartSize } from '../part-plan.ts';
import type { Clock, ControlPlane, InitiateRequest, ObjectStore } from '../ports.ts';
import { randomNonce, randomTokenKey, systemClock } from '../system.ts';
import { abortUpload } from './abort-upload.ts';
import { completeUpload } from './complete-upload.ts';
import { presignParts } from './presign-parts.ts';
import { sweepLost } from './sweep-lost.ts';
import { createCallbackChoice, type UploadToCallBack } from './upload-callback.ts';
import {
  createUploadTokens,
  type TokenKey,
  tokenRefusedError,
  type UploadGrant,
  type UploadTokens,
} from './upload-token.ts';

export interface CoordinatorOptions {
  /** The bucket, with the credentials. */
  readonly store: ObjectStore;
  /**
   * The keys that seal upload tokens; the first one seals. Default: a random key that dies with the process,
   * and with it every upload that was not finished.
   */
  readonly tokenKeys?: readonly TokenKey[] | undefined;
  /** How long a token is good for, 60 to 604800 s. Default: 604800, seven days. */
  readonly tokenLifetimeSeconds?: number | undefined;
  /** How long a presigned part may wait before it is sent, 1 to 604800 s. Default: 900. */
  readonly urlLifetimeSeconds?: number | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** Default: tokens sealed with `tokenKeys`. */
  readonly uploadTokens?: UploadTokens | undefined;
  /**
   * What OSS tells an application server once an object is stored: for every upload, or for each as decided
   * here when it is initiated, `undefined` being nothing. Sealed in the token; no client can change it.
   */
  readonly callback?: Callback | ((upload: UploadToCallBack) => Callback | undefined) | undefined;
  /** A name no other upload has. Default: 128 random bits. */
  readonly nonce?: (() => string) | undefined;
}

/** The side that holds the credentials. It keeps no state: every upload's rights travel in its token. */
export interface Coordinator extends ControlPlane {}

/** Throws a `TypeError` or `RangeError` that names the option. */
export function createCoordinator(options: CoordinatorOptions): Coordinator {
  assertStore(options?.store);
  const { store } = options;
  const clock = options.clock ?? systemClock;
  const nonce = options.nonce ?? randomNonce;
  const tokens = options.uploadTokens ?? createUploadTokens(options.tokenKeys ?? [randomTokenKey()]);
  const { tokenLifetimeSeconds = PRESIGN_SECONDS_MAX, urlLifetimeSeconds = PRESIGN_SECONDS_DEFAULT } =
    options;
  const chooseCallback = createCallbackChoice(options.callback);
  assertSeconds('tokenLifetimeSeconds', tokenLifetimeSeconds, 60);
  assertSeconds('urlLifetimeSeconds', urlLifetimeSeconds, 1);

  async function grantFor(request: InitiateRequest): Promise<UploadGrant> {
    const { key, size, object, lostForMs, signal } = request;
    assertKey(key);
    assertUnmarked(object);
    const partSize =
      size === undefined ? firstPartSize(request.partSize) : choosePartSize(size, request.partSize);
    const callback = chooseCallback({ bucket: store.bucket, key, size });
    const terms = { bucket: store.bucket, key, size, partSize, object, nonce: nonce(), callback };
    const expiresAt = clock.now() + tokenLifetimeSeconds * 1000;
    if (size !== undefined && size < partSize) return { ...terms, uploadId: undefined, expiresAt };
    const beganAt = clock.now();
    const { uploadId } = await store.initiate({ key, object: markedObject(object, terms.nonce), signal });
    if (lostForMs !== undefined) {
      const sinceMs = Math.min(Math.max(lostForMs, 0), LOST_MS_MAX) + clock.now() - beganAt;
      await sweepLost(store, clock, { key, uploadId }, sinceMs, signal);
    }
    return { ...terms, uploadId, expiresAt };
  }

  /** A token of another bucket is as good as none, even where the keys are shared. */
  async function open(uploadToken: string, now: number): Promise<UploadGrant> {
    const grant = await tokens.open(uploadToken, now);
    if (grant.bucket !== store.bucket) throw tokenRefusedError();
    return grant;
  }

  return {
    async initiate(request) {
      const grant = await grantFor(request);
      const { bucket, key, uploadId, partSize } = grant;
      const kind = uploadId === undefined ? 'single' : 'multipart';
      return { uploadToken: await tokens.seal(grant), kind, bucket, key, uploadId, partSize };
    },
    async presignParts({ uploadToken, partNumbers, afterRefusal, signal }) {
      const grant = await open(uploadToken, clock.now());
      const request = { partNumbers, expiresInSeconds: urlLifetimeSeconds, afterRefusal, signal };
      const parts = await presignParts(store, grant, request);
      const now = clock.now();
      return parts.map(({ partNumber, url, headers, expiresAt }) => {
        return { partNumber, url, headers, expiresInMs: expiresAt - now };
      });
    },
    async listParts({ uploadToken, partNumber, signal }) {
      const { key, uploadId } = await open(uploadToken, clock.now());
      return uploadId === undefined ? [] : store.listParts({ key, uploadId, partNumber, signal });
    },
    async complete({ uploadToken, receipts, signal }) {
      return completeUpload(store, await open(uploadToken, clock.now()), receipts, signal);
    },
    async abort({ uploadToken, signal }) {
      // However late: what an expired token has left behind must not be billed for ever.
      return abortUpload(store, clock, await open(uploadToken, NEVER_EXPIRED), signal);
    },
  };
}

function assertStore(store: unknown): void {
  if (typeof store === 'object' && store !== null && 'listUploads' in store && 'presign' in store) return;
  throw new TypeError('store must be an object store: createOssObjectStore({ … })');
}

/** No client tries to initiate for longer: what is older than that is not what it lost. */
const LOST_MS_MAX = 86_400_000;

/** Before every expiry. */
const NEVER_EXPIRED = 0;

function assertSeconds(name: string, value: number, min: number): void {
  if (Number.isInteger(value) && value >= min && value <= PRESIGN_SECONDS_MAX) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${PRESIGN_SECONDS_MAX}, got ${value}`);
}
