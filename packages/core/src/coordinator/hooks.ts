import { UploadError } from '../errors.ts';
import type { ObjectOptions, UploadedObject } from '../ports.ts';
import type { UploadGrant } from './upload-token.ts';

/** An upload as the hooks receive it. */
export interface GrantedUpload {
  /** Unique per upload: the idempotency key of `completed`. */
  readonly id: string;
  /** The bucket of the object. */
  readonly bucket: string;
  /** The key of the object. */
  readonly key: string;
  /** `undefined` for a single PutObject. */
  readonly uploadId: string | undefined;
  /** The declared bytes; `undefined` for a stream. */
  readonly size: number | undefined;
  /** The options of the object. */
  readonly object: ObjectOptions;
  /** The principal that initiated it; `undefined` without `identify`. */
  readonly principal: string | undefined;
}

/** Functions of the service that the coordinator calls at the end of an upload. */
export interface CoordinatorHooks {
  /**
   * The object is stored and proven. Called before the client receives the response, and again for every
   * repeated request, so at least once for every upload that the client sees succeed: `upload.id` identifies
   * a repetition. When it rejects, the client receives `server_error` and retries.
   */
  readonly completed?: ((object: UploadedObject, upload: GrantedUpload) => void | Promise<void>) | undefined;
  /**
   * Complete has failed permanently for this request. The upload may still succeed: a client may send a part
   * again and retry, and an invalid request after success is reported too. Its errors are ignored.
   */
  readonly failed?: ((error: UploadError, upload: GrantedUpload) => void | Promise<void>) | undefined;
  /**
   * The client has aborted the upload, and OSS holds nothing of it. Not called where a multipart upload was
   * completed before; called where a single PutObject was: its object is deleted. Its errors are ignored.
   */
  readonly aborted?: ((upload: GrantedUpload) => void | Promise<void>) | undefined;
}

/** Returns the public description of a grant. */
export function grantedUpload(grant: UploadGrant): GrantedUpload {
  const { nonce: id, bucket, key, uploadId, size, object, principal } = grant;
  return { id, bucket, key, uploadId, size, object, principal };
}

/**
 * Calls a function of the service. Its errors are transient for the client: its database or session store may
 * be unavailable for a moment. The client receives the name of the hook only; the log has the cause.
 */
export async function callHook<T>(name: string, hook: () => T | Promise<T>): Promise<T> {
  try {
    return await hook();
  } catch (cause) {
    if (cause instanceof UploadError) throw cause;
    throw new UploadError({
      code: 'server_error',
      message: `the service behind the coordinator failed (${name})`,
      disposition: 'transient',
      cause,
    });
  }
}

/** Calls a listener and ignores its errors. */
export async function notify(listener: () => void | Promise<void>): Promise<void> {
  try {
    await listener();
  } catch {
    // An error of the service, for its own logs.
  }
}
