import type { CallbackReply } from './callback.ts';
import type { ObjectOptions } from './object-options.ts';

/**
 * The engine's port to the side that holds the credentials: the coordinator itself, or the coordinator over
 * HTTP. Each method rejects with an `UploadError`. All but `initiate` identify the upload by its token alone.
 */
export interface ControlPlane {
  /** Starts an upload and returns its token. */
  initiate(request: InitiateRequest): Promise<InitiatedUpload>;
  /**
   * One presigned request per part number, in the order of `partNumbers`. For a stream, parts beyond its
   * limit may be missing when the request has no `sizes`.
   */
  presignParts(request: PresignPartsRequest): Promise<readonly PresignedPart[]>;
  /** The parts that OSS has, ascending. */
  listParts(request: ListPartsRequest): Promise<readonly ListedPart[]>;
  /** Proves every receipt against OSS's list of parts, completes, and proves the object. */
  complete(request: CompleteRequest): Promise<UploadedObject>;
  /** Repeats until OSS has nothing of the upload. Resolves also when there was nothing to abort. */
  abort(request: UploadRequest): Promise<void>;
}

/** Starts an upload. */
export interface InitiateRequest {
  /** The key of the object. A coordinator for untrusted clients may choose another one. */
  readonly key: string;
  /** Bytes of the object. `undefined`: not known yet, and the part size grows. */
  readonly size: number | undefined;
  /** The preferred part size in bytes; the coordinator decides. */
  readonly partSize: number | undefined;
  /** Headers and settings of the object. */
  readonly object: ObjectOptions;
  /**
   * The age in ms of an earlier attempt of this initiation that got no response: an upload it may have
   * started is removed. `undefined`: there was none.
   */
  readonly previousAttemptAgeMs?: number | undefined;
  /** The number of first parts to presign with the response. Default: 0. */
  readonly presignCount?: number | undefined;
  /** Stops the request. */
  readonly signal: AbortSignal;
}

/** A started upload. */
export interface InitiatedUpload {
  /** The sealed right to continue this upload: a bearer credential. */
  readonly uploadToken: string;
  /** `single` is one PutObject; `multipart` is an upload with an upload ID. */
  readonly kind: 'single' | 'multipart';
  /** The bucket of the object. */
  readonly bucket: string;
  /** The key of the object, as the coordinator decided. */
  readonly key: string;
  /** OSS's upload ID. `undefined` for `single`. */
  readonly uploadId: string | undefined;
  /** The bytes of every part but the last; for an unknown size, the bytes of the first part. */
  readonly partSize: number;
  /** The first parts, at most `presignCount` of them. Default: none. */
  readonly presigned?: readonly PresignedPart[] | undefined;
}

/** Names an upload. */
export interface UploadRequest {
  /** The token that `initiate` returned: a bearer credential. */
  readonly uploadToken: string;
  /** Stops the request. */
  readonly signal: AbortSignal;
}

/** Lists the parts that OSS has. */
export interface ListPartsRequest extends UploadRequest {
  /** Only this part, if OSS has it. Default: all. */
  readonly partNumber?: number | undefined;
}

/** Presigns parts. */
export interface PresignPartsRequest extends UploadRequest {
  /** The parts to presign, from 1. */
  readonly partNumbers: readonly number[];
  /**
   * The bytes of each part of a stream: only its end shows how short the last one is. Default: the sizes of
   * the plan, which always apply when the size was declared.
   */
  readonly sizes?: readonly number[] | undefined;
  /** Whether OSS refused the last URL of these parts because of its time or its credentials. */
  readonly afterRefusal: boolean;
}

/** The presigned PUT of one part. The URL is a bearer credential: its holder can send this part. */
export interface PresignedPart {
  /** From 1. */
  readonly partNumber: number;
  /** Where to send it. */
  readonly url: string;
  /** To be sent verbatim. */
  readonly headers: Readonly<Record<string, string>>;
  /** The remaining life of the URL. A duration, because the clocks of the two sides may differ. */
  readonly expiresInMs: number;
}

/** A part that OSS has. */
export interface ListedPart {
  /** From 1. */
  readonly partNumber: number;
  /** Bytes. */
  readonly size: number;
  /** OSS's ETag of the part. */
  readonly etag: string;
  /** `undefined` when OSS returned none: the part cannot be proven. */
  readonly crc64: string | undefined;
  /** When OSS received it, by OSS's clock. `undefined` when OSS did not report it. */
  readonly uploadedAt?: number | undefined;
}

/** Proof of one uploaded part: these bytes were sent, and OSS responded with the same CRC64. */
export interface Receipt {
  /** From 1. */
  readonly partNumber: number;
  /** Bytes. */
  readonly size: number;
  /** The CRC64 of the part, computed from the local bytes. */
  readonly crc64: string;
}

/** Completes an upload. */
export interface CompleteRequest extends UploadRequest {
  /** One for every part, ascending. */
  readonly receipts: readonly Receipt[];
}

/** A stored and proven object. */
export interface UploadedObject {
  /** The bucket of the object. */
  readonly bucket: string;
  /** The key of the object. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** The CRC64 of the whole object. */
  readonly crc64: string;
  /** OSS's ETag of the object. */
  readonly etag: string;
  /** The version, in a bucket with versioning. */
  readonly versionId?: string;
  /** OSS's `x-oss-request-id` of the request that completed the object, or that found it complete. */
  readonly requestId: string;
  /** Whether the response to Complete was lost, and the object was found and proven afterwards. */
  readonly recovered?: boolean;
  /** The reply of the application server, when the upload has a callback and OSS returned its reply. */
  readonly callback?: CallbackReply;
}
