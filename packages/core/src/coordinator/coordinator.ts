import { SETTLED } from '../abort.ts';
import { refusedError, serverError, UploadError } from '../errors.ts';
import type { ControlPlane, PresignedPart, PresignPartsRequest, UploadedObject } from '../ports.ts';
import { abortGrantedUpload } from './cleanup/abort-upload.ts';
import { completeGrantedUpload } from './complete-upload.ts';
import { type OpenedGrant, openExpiredGrant, openGrant } from './grant.ts';
import { callHook, notify, toGrantedUpload } from './hooks.ts';
import { firstPartNumbers, initiateGrantedUpload } from './initiate-upload.ts';
import { authorizeMissingError, type Caller, unauthenticatedError } from './policy/access.ts';
import { presignGrantedParts } from './presign-parts.ts';
import {
  type CoordinatorOptions,
  type ResolvedCoordinatorOptions,
  resolveCoordinatorOptions,
} from './resolved-options.ts';
import type { UploadGrant } from './upload-token.ts';
import { verifyContent } from './verify-content.ts';

/**
 * The server side of uploads, which has the credentials. It is stateless: the rights of each upload travel in
 * its upload token. The verbs of the coordinator itself are for the service that contains it, which may use
 * any key and is not bound by `authorize`. Untrusted clients get the verbs of `controlPlaneFor`.
 */
export interface Coordinator<Context = Request> extends ControlPlane {
  /**
   * The verbs for one request of an untrusted client. `identify` names the client, `authorize` decides
   * whether it may upload and under which key.
   *
   * @throws TypeError if the coordinator has no `authorize`.
   */
  controlPlaneFor(context: Context): ControlPlane;
  /**
   * Checks early that untrusted clients can be served.
   *
   * @throws TypeError if the coordinator has no `authorize`.
   */
  assertAuthorizes(): void;
}

/**
 * Creates a coordinator. Serve it over HTTP with `createCoordinatorHandler`, or pass it as the control plane
 * to an uploader in the same process.
 *
 * @throws TypeError or RangeError that names the invalid option.
 *
 * @example
 * ```ts
 * import { createCoordinator } from '@partway/core/coordinator';
 * import { createOssObjectStore } from '@partway/core/oss';
 * import { uploadFile } from '@partway/node';
 *
 * const store = createOssObjectStore({
 *   region: 'cn-hangzhou',
 *   bucket: 'media',
 *   credentials: {
 *     accessKeyId: process.env.OSS_ACCESS_KEY_ID ?? '',
 *     accessKeySecret: process.env.OSS_ACCESS_KEY_SECRET ?? '',
 *   },
 * });
 * const coordinator = createCoordinator({
 *   store,
 *   // 32 random bytes. They outlive the process, so that another one can resume its uploads.
 *   tokenKeys: [{ kid: '2026-11', key: Buffer.from(process.env.TOKEN_KEY ?? '', 'base64') }],
 * });
 * // Trusted code may use it directly; other clients need `createCoordinatorHandler`.
 * await uploadFile('./movie.mp4', { controlPlane: coordinator, key: 'movies/1.mp4' }).result;
 * ```
 */
export function createCoordinator<Context = Request>(
  options: CoordinatorOptions<Context>,
): Coordinator<Context> {
  if (typeof options !== 'object' || options === null) throw new TypeError('options must be an object');
  const resolved = resolveCoordinatorOptions(options);
  function assertAuthorizes(): void {
    if (resolved.authorize === undefined) throw authorizeMissingError();
  }
  return {
    ...createVerbs(resolved, async () => undefined),
    controlPlaneFor(context) {
      assertAuthorizes();
      return createVerbs(resolved, () => identifyCaller(resolved, context));
    },
    assertAuthorizes,
  };
}

async function identifyCaller<Context>(
  { identify }: ResolvedCoordinatorOptions<Context>,
  context: Context,
): Promise<Caller<Context>> {
  if (identify === undefined) return { context, principal: undefined };
  const principal: unknown = await callHook('identify', () => identify(context));
  // `identify` may be plain JavaScript: with `null`, all clients without a session would be one principal.
  if (typeof principal !== 'string' || principal === '') throw unauthenticatedError();
  return { context, principal };
}

/** `getCaller` resolves with `undefined` for the service itself. */
function createVerbs<Context>(
  options: ResolvedCoordinatorOptions<Context>,
  getCaller: () => Promise<Caller<Context> | undefined>,
): ControlPlane {
  const { clock, tokens, quota } = options;
  return {
    async initiate({ presignCount = 0, ...request }) {
      const caller = await getCaller();
      const opened = await initiateGrantedUpload(options, request, caller);
      const { grant } = opened;
      const { bucket, key, uploadId, partSize } = grant;
      const kind = uploadId === undefined ? 'single' : 'multipart';
      const uploadToken = await tokens.seal(grant);
      const { signal } = request;
      const presigned = await presignFirstParts(options, caller, opened, { presignCount, signal });
      return { uploadToken, kind, bucket, key, uploadId, partSize, presigned };
    },
    async presignParts({ uploadToken, ...request }) {
      const caller = await getCaller();
      return presignForCaller(options, caller, await openGrant(options, caller, uploadToken), request);
    },
    async listParts({ uploadToken, partNumber, signal }) {
      const { store, grant } = await openGrant(options, await getCaller(), uploadToken);
      const { key, uploadId } = grant;
      return uploadId === undefined ? [] : store.listParts({ key, uploadId, partNumber, signal });
    },
    async complete({ uploadToken, receipts, signal }) {
      const opened = await openGrant(options, await getCaller(), uploadToken);
      try {
        const object = await completeGrantedUpload({ clock, receipts, signal, ...opened });
        await verifyContent(options, opened, object, signal);
        await quota.endUpload(opened.grant);
        await callCompletedHook(options, object, opened.grant);
        return object;
      } catch (reason) {
        const error = UploadError.from(reason);
        // The object is stored; only the callback failed.
        if (error.code === 'callback_failed') await quota.endUpload(opened.grant);
        await notifyFailed(options, error, opened.grant);
        throw reason;
      }
    },
    async abort({ uploadToken, signal }) {
      const { store, grant } = await openExpiredGrant(options, await getCaller(), uploadToken);
      await quota.endUpload(grant);
      const isRemoved = await abortGrantedUpload(store, clock, grant, signal);
      if (isRemoved) await notify(() => options.hooks.aborted?.(toGrantedUpload(grant)));
    },
  };
}

/** Presigning along with Initiate is optional: a signer that fails or is slow must not delay the upload. */
async function presignFirstParts<Context>(
  options: ResolvedCoordinatorOptions<Context>,
  caller: Caller<Context> | undefined,
  opened: OpenedGrant,
  { presignCount, signal }: { readonly presignCount: number; readonly signal: AbortSignal },
): Promise<readonly PresignedPart[]> {
  const partNumbers = firstPartNumbers(opened.grant, Math.min(presignCount, options.policy.urlsPerCallMax));
  if (partNumbers.length === 0) return [];
  const settled = new AbortController();
  const presigned = presignForCaller(options, caller, opened, { partNumbers, afterRefusal: false, signal });
  const timeout = options.clock.sleep(PRESIGN_FIRST_MS_MAX, settled.signal).then(() => []);
  try {
    return await Promise.race([presigned, timeout]);
  } catch {
    // The client's next request to presign these parts receives the error.
    return [];
  } finally {
    settled.abort(SETTLED);
  }
}

const PRESIGN_FIRST_MS_MAX = 1000;

async function presignForCaller<Context>(
  { clock, policy, quota, urlLifetimeSeconds }: ResolvedCoordinatorOptions<Context>,
  caller: Caller<Context> | undefined,
  { store, grant }: OpenedGrant,
  // Any other member of the request is ignored.
  { partNumbers, sizes, afterRefusal, signal }: Omit<PresignPartsRequest, 'uploadToken'>,
): Promise<readonly PresignedPart[]> {
  const { signContentLength, urlsPerCallMax } = policy;
  if (caller !== undefined) {
    if (partNumbers.length > urlsPerCallMax) throw tooManyUrlsError(urlsPerCallMax);
    await quota.countUrls(grant, partNumbers.length);
  }
  const request = { partNumbers, sizes, afterRefusal, signal };
  const expiresInSeconds = urlLifetimeSeconds;
  const parts = await presignGrantedParts(store, grant, { ...request, signContentLength, expiresInSeconds });
  const now = clock.now();
  return parts.map(({ partNumber, url, headers, expiresAt }) => {
    return { partNumber, url, headers, expiresInMs: expiresAt - now };
  });
}

function tooManyUrlsError(urlsPerCallMax: number): UploadError {
  return refusedError(`too many URLs in one request: policy.urlsPerCallMax allows ${urlsPerCallMax}`, {
    context: { operation: 'presignParts' },
  });
}

/** The client receives success only after the service has: until then the client repeats Complete. */
async function callCompletedHook<Context>(
  { hooks }: ResolvedCoordinatorOptions<Context>,
  object: UploadedObject,
  grant: UploadGrant,
): Promise<void> {
  try {
    await hooks.completed?.(object, toGrantedUpload(grant));
  } catch (cause) {
    throw completedHookFailedError(grant, cause);
  }
}

function completedHookFailedError({ bucket, key }: UploadGrant, cause: unknown): UploadError {
  return serverError('the object is stored and proven, but the hook `completed` failed', {
    context: { operation: 'complete', bucket, key },
    cause,
  });
}

async function notifyFailed<Context>(
  { hooks }: ResolvedCoordinatorOptions<Context>,
  error: UploadError,
  grant: UploadGrant,
): Promise<void> {
  if (!error.retryable) await notify(() => hooks.failed?.(error, toGrantedUpload(grant)));
}
