import type { UploadError } from '../errors.ts';
import type { ObjectOptions, UploadedObject } from '../ports.ts';
import type { UploadGrant } from './upload-token.ts';

/** An upload as its hooks are told of it. */
export interface GrantedUpload {
  /** No other upload has it: the idempotency key of `completed`. */
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  /** `undefined` for a single PutObject. */
  readonly uploadId: string | undefined;
  /** As it was declared, in bytes; `undefined` for a stream. */
  readonly size: number | undefined;
  readonly object: ObjectOptions;
  /** Who began it; `undefined` without `identify`. */
  readonly principal: string | undefined;
}

/** What a service does when something has become of an upload. */
export interface CoordinatorHooks {
  /**
   * The object is in OSS, and proven. Called before the client is told, and again whenever the client asks
   * again, so at least once for every upload whose client hears of its success: `upload.id` tells a
   * repetition. When it rejects, the client is told `server_error`, and asks again.
   */
  readonly completed?: ((object: UploadedObject, upload: GrantedUpload) => void | Promise<void>) | undefined;
  /**
   * Complete has failed, and fails again when it is asked the same. That is not always the end: a client may
   * send a part again and ask again, and one that asks nonsense is refused also after it has completed. What
   * it throws is ignored.
   */
  readonly failed?: ((error: UploadError, upload: GrantedUpload) => void | Promise<void>) | undefined;
  /**
   * The client has given the upload up, and OSS holds nothing of it. Not called where a multipart upload was
   * completed before; called also where a single PutObject was: its object is deleted. What it throws is
   * ignored.
   */
  readonly aborted?: ((upload: GrantedUpload) => void | Promise<void>) | undefined;
}

export function grantedUpload(grant: UploadGrant): GrantedUpload {
  const { nonce: id, bucket, key, uploadId, size, object, principal } = grant;
  return { id, bucket, key, uploadId, size, object, principal };
}
