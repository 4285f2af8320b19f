import { serverError, UploadError } from '../errors.ts';
import type { ObjectOptions, UploadedObject } from '../ports.ts';
import type { UploadGrant } from './upload-token.ts';

/** An upload as hooks receive it. */
export interface GrantedUpload {
  /** Unique to this upload: use it as the idempotency key of `completed`. */
  readonly id: string;
  /** The bucket that the upload was granted for. */
  readonly bucket: string;
  /** The key of the object, as `authorize` chose it. */
  readonly key: string;
  /** `undefined` for a single PutObject. */
  readonly uploadId: string | undefined;
  /** The declared size in bytes; `undefined` for a stream. */
  readonly size: number | undefined;
  /** Content type, metadata and the other options of the object. */
  readonly object: ObjectOptions;
  /** The principal that initiated the upload, from `identify`; `undefined` without `identify`. */
  readonly principal: string | undefined;
}

/** Functions of your service that the coordinator calls when an upload changes its state. */
export interface CoordinatorHooks {
  /**
   * Called when the object is stored in OSS and proven, before the client receives the response. Called again
   * when the client repeats its request, so at least once for each upload that the client sees succeed: use
   * `upload.id` to detect repetitions. When it rejects, the client receives a transient `server_error` and
   * tries again.
   */
  readonly completed?: ((object: UploadedObject, upload: GrantedUpload) => void | Promise<void>) | undefined;
  /**
   * Called when Complete failed with an error that is not transient. The upload may still succeed: the client
   * can send a part again and repeat Complete. An invalid Complete after a successful one also ends here. An
   * error that it throws is ignored.
   */
  readonly failed?: ((error: UploadError, upload: GrantedUpload) => void | Promise<void>) | undefined;
  /**
   * Called when the client has aborted the upload and OSS stores nothing of it. Not called for a multipart
   * upload that was completed before. Called for a single PutObject in any case, because its object is
   * deleted. An error that it throws is ignored.
   */
  readonly aborted?: ((upload: GrantedUpload) => void | Promise<void>) | undefined;
}

/** The part of a grant that hooks receive. */
export function toGrantedUpload(grant: UploadGrant): GrantedUpload {
  const { nonce: id, bucket, key, uploadId, size, object, principal } = grant;
  return { id, bucket, key, uploadId, size, object, principal };
}

/**
 * Calls a function of the service and returns its result. Its failure is transient: a database or
 * session store may be unavailable for a moment, which is no reason to fail the upload. The client does not
 * receive the cause; the log does.
 */
export async function callHook<T>(name: string, hook: () => T | Promise<T>): Promise<T> {
  try {
    return await hook();
  } catch (cause) {
    throw cause instanceof UploadError ? cause : hookFailedError(name, cause);
  }
}

function hookFailedError(name: string, cause: unknown): UploadError {
  return serverError(`the service behind the coordinator failed: ${name} threw an error`, { cause });
}

/** Calls a listener and ignores its errors: the event has already happened. */
export async function notify(listener: () => void | Promise<void>): Promise<void> {
  try {
    await listener();
  } catch {
    // A defect of the listener, which the service's own logs have to report.
  }
}
