import type { Callback, CallbackReply } from './callback.ts';
import type { ObjectOptions } from './object-options.ts';
import type { ListedPart } from './ports.ts';

/**
 * One bucket of OSS, with credentials. Each method is one operation of OSS (with all its pages), sent once:
 * it never retries. Rejects with an `UploadError` that has OSS's code, EC and request ID, or with
 * `signal.reason`. A 2xx response that holds an `<Error>`, or is not well formed, is an error.
 */
export interface ObjectStore {
  /** The name of the bucket. */
  readonly bucket: string;
  /** InitiateMultipartUpload. */
  initiate(request: StoreInitiateRequest): Promise<InitiatedMultipartUpload>;
  /** Signs without a request. `expiresAt` is never after the known expiry of the credentials. */
  presign(request: StorePresignRequest): Promise<PresignedRequest>;
  /** The same for UploadPart of each part number, in that order, all signed at one instant. */
  presignParts(request: StorePresignPartsRequest): Promise<readonly PresignedUploadPart[]>;
  /** ListParts: all pages, ascending by part number. */
  listParts(request: StoreListPartsRequest): Promise<readonly ListedPart[]>;
  /** CompleteMultipartUpload. */
  complete(request: StoreCompleteRequest): Promise<CompletedUpload>;
  /** AbortMultipartUpload. Rejects with `upload_not_found` when there is no such upload. */
  abort(request: StoreUploadRequest): Promise<void>;
  /** HeadObject. `undefined` when there is no such object. */
  head(request: StoreObjectRequest): Promise<ObjectHead | undefined>;
  /** Deletes the object, or the one version named. Resolves also when there is none. */
  delete(request: StoreObjectRequest): Promise<void>;
  /** ListMultipartUploads: all pages, ordered by key, then by upload ID. */
  listUploads(request: StoreListUploadsRequest): Promise<readonly ListedUpload[]>;
}

/** Starts a multipart upload. */
export interface StoreInitiateRequest {
  /** The key of the object. */
  readonly key: string;
  /** Headers and settings of the object. */
  readonly object: ObjectOptions;
  /** Stops the request. */
  readonly signal?: AbortSignal | undefined;
}

/** A started multipart upload. */
export interface InitiatedMultipartUpload {
  /** OSS's upload ID. */
  readonly uploadId: string;
}

/** Signs one request. */
export interface StorePresignRequest {
  /** The HTTP method. */
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** The key of the object. */
  readonly key: string;
  /** Parameters of the URL. `null`, `undefined` and '' all sign a bare name. Default: none. */
  readonly query?: Readonly<Record<string, string | number | null | undefined>> | undefined;
  /** The headers that the sender will send. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Headers to sign besides Content-Type, Content-MD5 and x-oss-*: each must be in `headers`. Default: none.
   */
  readonly additionalHeaders?: readonly string[] | undefined;
  /** Whole seconds, 1 to 604800. Default: 900. */
  readonly expiresInSeconds?: number | undefined;
  /**
   * Whether OSS refused the last such URL because of its time or its credentials. The signer cannot see the
   * response to a URL, so it sends OSS a HEAD first: its response corrects the clock and reveals expired
   * credentials. Default: false.
   */
  readonly afterRefusal?: boolean | undefined;
  /** Stops that HEAD. */
  readonly signal?: AbortSignal | undefined;
}

/** Signs the UploadPart of several parts. */
export interface StorePresignPartsRequest
  extends StoreUploadRequest,
    Pick<StorePresignRequest, 'expiresInSeconds' | 'afterRefusal'> {
  /** The parts to sign, from 1. */
  readonly partNumbers: readonly number[];
  /** The signed Content-Length of each: OSS rejects any other. Default: any length. */
  readonly contentLengths?: readonly number[] | undefined;
}

/** A request that anyone can send until it expires: a bearer credential. */
export interface PresignedRequest {
  /** The HTTP method. */
  readonly method: string;
  /** Where to send it. */
  readonly url: string;
  /** Exactly the headers that the sender must send, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** When OSS stops to accept it, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** The UploadPart of one part. */
export interface PresignedUploadPart extends PresignedRequest {
  /** From 1. */
  readonly partNumber: number;
}

/** Names an object. */
export interface StoreObjectRequest {
  /** The key of the object. */
  readonly key: string;
  /** Default: the current version. */
  readonly versionId?: string | undefined;
  /** Stops the request. */
  readonly signal?: AbortSignal | undefined;
}

/** Names a multipart upload. */
export interface StoreUploadRequest {
  /** The key of the object. */
  readonly key: string;
  /** OSS's upload ID. */
  readonly uploadId: string;
  /** Stops the request. */
  readonly signal?: AbortSignal | undefined;
}

/** Lists the parts of a multipart upload. */
export interface StoreListPartsRequest extends StoreUploadRequest {
  /** Only this part, if OSS has it. Default: all. */
  readonly partNumber?: number | undefined;
}

/** Completes a multipart upload. */
export interface StoreCompleteRequest extends StoreUploadRequest {
  /** The parts of the object, ascending. */
  readonly parts: readonly CompletedPart[];
  /** Default: `default`, the ACL of the bucket. */
  readonly acl?: ObjectOptions['acl'] | undefined;
  /** Rejects with `object_exists` when the key exists. Default: false. */
  readonly forbidOverwrite?: boolean | undefined;
  /**
   * OSS calls an application server. When that fails, the request rejects with `callback_failed`, and the
   * object is stored. Default: none.
   */
  readonly callback?: Callback | undefined;
}

/** A part of the object to complete. */
export interface CompletedPart {
  /** From 1. */
  readonly partNumber: number;
  /** OSS's ETag of the part. */
  readonly etag: string;
}

/** The completed object. */
export interface CompletedUpload {
  /** OSS's ETag of the object. */
  readonly etag: string;
  /** The CRC64 of the object. `undefined` when OSS returned none. */
  readonly crc64: string | undefined;
  /** `undefined` in a bucket without versioning. */
  readonly versionId: string | undefined;
  /** OSS's `x-oss-request-id`. */
  readonly requestId: string;
  /** The reply of the application server, when there was a callback. */
  readonly callback?: CallbackReply | undefined;
}

/** The headers of an object. */
export interface ObjectHead {
  /** Bytes. */
  readonly size: number;
  /** OSS's ETag of the object. */
  readonly etag: string;
  /** The CRC64 of the object. `undefined` when OSS returned none. */
  readonly crc64: string | undefined;
  /** `undefined` when the object has none. */
  readonly contentType: string | undefined;
  /** User metadata, names in lower case and without `x-oss-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** `undefined` in a bucket without versioning. */
  readonly versionId: string | undefined;
  /** When the object was stored, by OSS's clock, in milliseconds since the epoch. */
  readonly lastModifiedAt: number;
  /** OSS's `x-oss-request-id`. */
  readonly requestId: string;
}

/** Lists the multipart uploads of the bucket. */
export interface StoreListUploadsRequest {
  /** Only uploads with keys that start with it. Default: all. */
  readonly prefix?: string | undefined;
  /** Stops the request. */
  readonly signal?: AbortSignal | undefined;
}

/** An unfinished multipart upload. */
export interface ListedUpload {
  /** The key of the object. */
  readonly key: string;
  /** OSS's upload ID. */
  readonly uploadId: string;
  /** When it was initiated, by OSS's clock, in milliseconds since the epoch. */
  readonly initiatedAt: number;
  /** When OSS returned this list, by the same clock. `undefined` when the response had no date. */
  readonly listedAt?: number | undefined;
}
