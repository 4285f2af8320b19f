import { SETTLED } from '../abort.ts';
import { UploadError } from '../errors.ts';
import type { ControlPlane, PresignedPart, PresignPartsRequest, UploadedObject } from '../ports.ts';
import { abortGrantedUpload } from './cleanup/abort-upload.ts';
import { completeGrantedUpload } from './complete-upload.ts';
import { type OpenedGrant, openExpiredGrant, openGrant } from './grant.ts';
import { callHook, grantedUpload, notify } from './hooks.ts';
import { firstPartNumbers, initiateUpload } from './initiate-upload.ts';
import { type Caller, unauthenticatedError } from './policy/access.ts';
import { verifyContent } from './policy/verify-content.ts';
import { presignParts } from './presign-parts.ts';
import {
  type CoordinatorOptions,
  type ResolvedCoordinatorOptions,
  resolveCoordinatorOptions,
} from './resolved-options.ts';
import type { UploadGrant } from './upload-token.ts';

/**
 * The side that holds the credentials. It keeps no state: the rights of an upload travel in its token. Its
 * own verbs are for the service it is part of, which may use any key; untrusted callers use
 * `controlPlaneFor`.
 */
export interface Coordinator<Context = Request> extends ControlPlane {
  /**
   * The verbs for one request of an untrusted caller: `identify` returns its principal, and `authorize` the
   * key of its upload. Throws a `TypeError` for a coordinator without `authorize`.
   */
  controlPlaneFor(context: Context): ControlPlane;
  /** Throws that `TypeError` at start-up instead of at the first request. */
  assertAuthorizes(): void;
}

/**
 * Throws a `TypeError` or `RangeError` that names the option.
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
    if (resolved.authorize !== undefined) return;
    throw new TypeError('authorize is required to serve untrusted callers');
  }
  return {
    ...verbsFor(resolved, async () => undefined),
    controlPlaneFor(context) {
      assertAuthorizes();
      return verbsFor(resolved, () => resolveCaller(resolved, context));
    },
    assertAuthorizes,
  };
}

async function resolveCaller<Context>(
  { identify }: ResolvedCoordinatorOptions<Context>,
  context: Context,
): Promise<Caller<Context>> {
  if (identify === undefined) return { context, principal: undefined };
  const principal: unknown = await callHook('identify', () => identify(context));
  // A JavaScript service may return `null`: it would be one principal for all callers without a session.
  if (typeof principal !== 'string' || principal === '') throw unauthenticatedError();
  return { context, principal };
}

/** `identifyCaller` resolves with `undefined` for the service itself. */
function verbsFor<Context>(
  resolved: ResolvedCoordinatorOptions<Context>,
  identifyCaller: () => Promise<Caller<Context> | undefined>,
): ControlPlane {
  const { clock, tokens, quota } = resolved;
  return {
    async initiate({ presignCount = 0, ...request }) {
      const caller = await identifyCaller();
      const opened = await initiateUpload(resolved, request, caller);
      const { grant } = opened;
      const { bucket, key, uploadId, partSize } = grant;
      const kind = uploadId === undefined ? 'single' : 'multipart';
      const uploadToken = await tokens.seal(grant);
      const presigned = await presignFirstParts(resolved, caller, opened, {
        presignCount,
        signal: request.signal,
      });
      return { uploadToken, kind, bucket, key, uploadId, partSize, presigned };
    },
    async presignParts({ uploadToken, ...request }) {
      const caller = await identifyCaller();
      return sign(resolved, caller, await openGrant(resolved, caller, uploadToken), request);
    },
    async listParts({ uploadToken, partNumber, signal }) {
      const { store, grant } = await openGrant(resolved, await identifyCaller(), uploadToken);
      const { key, uploadId } = grant;
      return uploadId === undefined ? [] : store.listParts({ key, uploadId, partNumber, signal });
    },
    async complete({ uploadToken, receipts, signal }) {
      const opened = await openGrant(resolved, await identifyCaller(), uploadToken);
      try {
        const object = await completeGrantedUpload({ clock, receipts, signal, ...opened });
        await verifyContent(resolved, opened, object, signal);
        await quota.endUpload(opened.grant);
        await notifyCompleted(resolved, object, opened.grant);
        return object;
      } catch (reason) {
        const error = UploadError.from(reason);
        // The object is stored; only the callback failed.
        if (error.code === 'callback_failed') await quota.endUpload(opened.grant);
        await notifyFailed(resolved, error, opened.grant);
        throw reason;
      }
    },
    async abort({ uploadToken, signal }) {
      const { store, grant } = await openExpiredGrant(resolved, await identifyCaller(), uploadToken);
      await quota.endUpload(grant);
      const isGone = await abortGrantedUpload(store, clock, grant, signal);
      if (isGone) await notify(() => resolved.hooks.aborted?.(grantedUpload(grant)));
    },
  };
}

/** Optional: a slow or failing signer must not delay an initiated upload. */
async function presignFirstParts<Context>(
  resolved: ResolvedCoordinatorOptions<Context>,
  caller: Caller<Context> | undefined,
  opened: OpenedGrant,
  { presignCount, signal }: { readonly presignCount: number; readonly signal: AbortSignal },
): Promise<readonly PresignedPart[]> {
  const partNumbers = firstPartNumbers(opened.grant, Math.min(presignCount, resolved.policy.urlsPerCallMax));
  if (partNumbers.length === 0) return [];
  const ended = new AbortController();
  const signed = sign(resolved, caller, opened, { partNumbers, afterRefusal: false, signal });
  const late = resolved.clock.sleep(FIRST_PRESIGN_MS_MAX, ended.signal).then(() => []);
  try {
    return await Promise.race([signed, late]);
  } catch {
    // The next request to presign them reports the reason.
    return [];
  } finally {
    ended.abort(SETTLED);
  }
}

const FIRST_PRESIGN_MS_MAX = 1000;

async function sign<Context>(
  { clock, policy, quota, urlLifetimeSeconds }: ResolvedCoordinatorOptions<Context>,
  caller: Caller<Context> | undefined,
  { store, grant }: OpenedGrant,
  // No other field of a request is used.
  { partNumbers, sizes, afterRefusal, signal }: Omit<PresignPartsRequest, 'uploadToken'>,
): Promise<readonly PresignedPart[]> {
  const { signContentLength, urlsPerCallMax } = policy;
  if (caller !== undefined) {
    if (partNumbers.length > urlsPerCallMax) throw tooManyUrlsError(urlsPerCallMax);
    await quota.countUrls(grant, partNumbers.length);
  }
  const request = { partNumbers, sizes, afterRefusal, signal };
  const expiresInSeconds = urlLifetimeSeconds;
  const parts = await presignParts(store, grant, { ...request, signContentLength, expiresInSeconds });
  const now = clock.now();
  return parts.map(({ partNumber, url, headers, expiresAt }) => {
    return { partNumber, url, headers, expiresInMs: expiresAt - now };
  });
}

function tooManyUrlsError(urlsPerCallMax: number): UploadError {
  return new UploadError({
    code: 'refused',
    message: `at most ${urlsPerCallMax} URLs are signed in one call (policy.urlsPerCallMax)`,
    disposition: 'permanent',
    context: { operation: 'presignParts' },
  });
}

/** The client receives success only after the hook resolved; until then it retries. */
async function notifyCompleted<Context>(
  { hooks }: ResolvedCoordinatorOptions<Context>,
  object: UploadedObject,
  grant: UploadGrant,
): Promise<void> {
  try {
    await hooks.completed?.(object, grantedUpload(grant));
  } catch (cause) {
    throw new UploadError({
      code: 'server_error',
      message: 'the object is stored and proven, but the completed hook of the service failed',
      disposition: 'transient',
      context: { operation: 'complete', bucket: grant.bucket, key: grant.key },
      cause,
    });
  }
}

async function notifyFailed<Context>(
  { hooks }: ResolvedCoordinatorOptions<Context>,
  error: UploadError,
  grant: UploadGrant,
): Promise<void> {
  if (!error.retryable) await notify(() => hooks.failed?.(error, grantedUpload(grant)));
}
