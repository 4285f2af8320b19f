import { SETTLED } from '../abort.ts';
import { UploadError } from '../errors.ts';
import type { ControlPlane, PresignedPart, PresignPartsRequest, UploadedObject } from '../ports.ts';
import { beginUpload, firstPartNumbers } from './begin-upload.ts';
import { callHook } from './call-hook.ts';
import { abortUpload } from './cleanup/abort-upload.ts';
import { completeUpload } from './complete-upload.ts';
import { type OpenedGrant, openExpiredGrant, openGrant } from './grant.ts';
import { grantedUpload } from './hooks.ts';
import { notify } from './notify.ts';
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
 * The side that holds the credentials. It keeps no state: every upload's rights travel in its token. Its own
 * verbs are for the service it is part of, which is trusted with any key; everybody else is served by
 * `controlPlaneFor`.
 */
export interface Coordinator<Context = Request> extends ControlPlane {
  /**
   * The verbs for one request of a caller who is not trusted: `identify` says who it is, and `authorize`
   * where its upload goes. Throws a `TypeError` for a coordinator without `authorize`.
   */
  controlPlaneFor(context: Context): ControlPlane;
  /** Throws that `TypeError` now rather than when somebody asks. */
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
  const terms = resolveCoordinatorOptions(options);
  function assertAuthorizes(): void {
    if (terms.authorize !== undefined) return;
    throw new TypeError('authorize is needed to serve callers who are not trusted');
  }
  return {
    ...verbsFor(terms, async () => undefined),
    controlPlaneFor(context) {
      assertAuthorizes();
      return verbsFor(terms, () => identified(terms, context));
    },
    assertAuthorizes,
  };
}

async function identified<Context>(
  { identify }: ResolvedCoordinatorOptions<Context>,
  context: Context,
): Promise<Caller<Context>> {
  if (identify === undefined) return { context, principal: undefined };
  const principal: unknown = await callHook('identify', () => identify(context));
  // Types do not hold everybody back: one `null` would be the same principal for all who have no session.
  if (typeof principal !== 'string' || principal === '') throw unauthenticatedError();
  return { context, principal };
}

/** `askCaller` resolves with `undefined` for the service itself. */
function verbsFor<Context>(
  terms: ResolvedCoordinatorOptions<Context>,
  askCaller: () => Promise<Caller<Context> | undefined>,
): ControlPlane {
  const { clock, tokens, quota } = terms;
  return {
    async initiate({ presignCount = 0, ...request }) {
      const caller = await askCaller();
      const opened = await beginUpload(terms, request, caller);
      const { grant } = opened;
      const { bucket, key, uploadId, partSize } = grant;
      const kind = uploadId === undefined ? 'single' : 'multipart';
      const uploadToken = await tokens.seal(grant);
      const presigned = await signFirst(terms, caller, opened, { presignCount, signal: request.signal });
      return { uploadToken, kind, bucket, key, uploadId, partSize, presigned };
    },
    async presignParts({ uploadToken, ...request }) {
      const caller = await askCaller();
      return sign(terms, caller, await openGrant(terms, caller, uploadToken), request);
    },
    async listParts({ uploadToken, partNumber, signal }) {
      const { store, grant } = await openGrant(terms, await askCaller(), uploadToken);
      const { key, uploadId } = grant;
      return uploadId === undefined ? [] : store.listParts({ key, uploadId, partNumber, signal });
    },
    async complete({ uploadToken, receipts, signal }) {
      const opened = await openGrant(terms, await askCaller(), uploadToken);
      try {
        const object = await completeUpload({ clock, receipts, signal, ...opened });
        await verifyContent(terms, opened, object, signal);
        await quota.end(opened.grant);
        await tellCompleted(terms, object, opened.grant);
        return object;
      } catch (reason) {
        const error = UploadError.from(reason);
        // The object is there for good, and only the callback failed.
        if (error.code === 'callback_failed') await quota.end(opened.grant);
        await tellFailed(terms, error, opened.grant);
        throw reason;
      }
    },
    async abort({ uploadToken, signal }) {
      const { store, grant } = await openExpiredGrant(terms, await askCaller(), uploadToken);
      await quota.end(grant);
      const isGone = await abortUpload(store, clock, grant, signal);
      if (isGone) await notify(() => terms.hooks.aborted?.(grantedUpload(grant)));
    },
  };
}

/** A courtesy: a signer that fails, or takes its time, must not hold up an upload that has begun. */
async function signFirst<Context>(
  terms: ResolvedCoordinatorOptions<Context>,
  caller: Caller<Context> | undefined,
  opened: OpenedGrant,
  { presignCount, signal }: { readonly presignCount: number; readonly signal: AbortSignal },
): Promise<readonly PresignedPart[]> {
  const partNumbers = firstPartNumbers(opened.grant, Math.min(presignCount, terms.policy.urlsPerCallMax));
  if (partNumbers.length === 0) return [];
  const ended = new AbortController();
  const signed = sign(terms, caller, opened, { partNumbers, afterRefusal: false, signal });
  const late = terms.clock.sleep(COURTESY_MS, ended.signal).then(() => []);
  try {
    return await Promise.race([signed, late]);
  } catch {
    // Whoever asks for them next is told why.
    return [];
  } finally {
    ended.abort(SETTLED);
  }
}

const COURTESY_MS = 1000;

async function sign<Context>(
  { clock, policy, quota, urlLifetimeSeconds }: ResolvedCoordinatorOptions<Context>,
  caller: Caller<Context> | undefined,
  { store, grant }: OpenedGrant,
  // Nothing else of a request counts, whatever a caller has put there.
  { partNumbers, sizes, afterRefusal, signal }: Omit<PresignPartsRequest, 'uploadToken'>,
): Promise<readonly PresignedPart[]> {
  const { signContentLength, urlsPerCallMax } = policy;
  if (caller !== undefined) {
    if (partNumbers.length > urlsPerCallMax) throw tooManyUrls(urlsPerCallMax);
    await quota.sign(grant, partNumbers.length);
  }
  const asked = { partNumbers, sizes, afterRefusal, signal };
  const expiresInSeconds = urlLifetimeSeconds;
  const parts = await presignParts(store, grant, { ...asked, signContentLength, expiresInSeconds });
  const now = clock.now();
  return parts.map(({ partNumber, url, headers, expiresAt }) => {
    return { partNumber, url, headers, expiresInMs: expiresAt - now };
  });
}

function tooManyUrls(urlsPerCallMax: number): UploadError {
  return new UploadError({
    code: 'refused',
    message: `no more than ${urlsPerCallMax} URLs are signed in one call`,
    disposition: 'permanent',
    context: { operation: 'presignParts' },
  });
}

/** The client is told only when the service knows: it asks again until then. */
async function tellCompleted<Context>(
  { hooks }: ResolvedCoordinatorOptions<Context>,
  object: UploadedObject,
  grant: UploadGrant,
): Promise<void> {
  try {
    await hooks.completed?.(object, grantedUpload(grant));
  } catch (cause) {
    throw new UploadError({
      code: 'server_error',
      message: 'the object is stored and proven, but the service has not taken note of it yet',
      disposition: 'transient',
      context: { operation: 'complete', bucket: grant.bucket, key: grant.key },
      cause,
    });
  }
}

async function tellFailed<Context>(
  { hooks }: ResolvedCoordinatorOptions<Context>,
  error: UploadError,
  grant: UploadGrant,
): Promise<void> {
  if (!error.retryable) await notify(() => hooks.failed?.(error, grantedUpload(grant)));
}
