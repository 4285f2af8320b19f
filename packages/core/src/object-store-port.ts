import type { Callback, CallbackReply } from './callback.ts';
import type { ObjectOptions } from './object-options.ts';
import type { ListedPart } from './ports.ts';

/**
 * One bucket of OSS, for whoever holds credentials. Each method is one operation of OSS (paging included),
 * sent once: it never retries. Rejects with an `UploadError` that carries OSS's code, EC and request id, or
 * with `signal.reason`. An answer of 2xx that holds an `<Error>`, or is not well formed, is an error.
 */
export interface ObjectStore {
  readonly bucket: string;
  initiate(request: StoreInitiateRequest): Promise<{ readonly uploadId: string }>;
  /** Signs; sends nothing. `expiresAt` never lies beyond the life of the credentials, where that is known. */
  presign(request: StorePresignRequest): Promise<PresignedRequest>;
  /** The same for UploadPart of each part number, in that order, all signed at one instant. */
  presignParts(request: StorePresignPartsRequest): Promise<readonly PresignedUploadPart[]>;
  /** All pages, ascending by part number. */
  listParts(request: StoreListPartsRequest): Promise<readonly ListedPart[]>;
  complete(request: StoreCompleteRequest): Promise<CompletedUpload>;
  abort(request: StoreUploadRequest): Promise<void>;
  /** `undefined` when there is no such object. */
  head(request: StoreObjectRequest): Promise<ObjectHead | undefined>;
  /** Deletes the object, or the one version named. Resolves also when there is none. */
  delete(request: StoreObjectRequest): Promise<void>;
  /** All pages, in order of key, then uploadId. */
  listUploads(request: StoreListUploadsRequest): Promise<readonly ListedUpload[]>;
}

export interface StoreInitiateRequest {
  readonly key: string;
  readonly object: ObjectOptions;
  readonly signal?: AbortSignal | undefined;
}

export interface StorePresignRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly key: string;
  /** `null`, `undefined` and '' all sign a bare name. */
  readonly query?: Readonly<Record<string, string | number | null | undefined>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Headers to sign besides Content-Type, Content-MD5 and x-oss-*: each must be in `headers`. */
  readonly additionalHeaders?: readonly string[] | undefined;
  /** Whole seconds, 1 to 604800. Default: 900. */
  readonly expiresInSeconds?: number | undefined;
  /**
   * OSS refused the last such URL for its time or its credentials. A URL tells the signer nothing: so OSS is
   * asked by a HEAD first, whose answer puts the clock right and condemns dead credentials. Default: false.
   */
  readonly afterRefusal?: boolean | undefined;
  /** Stops that HEAD. */
  readonly signal?: AbortSignal | undefined;
}

export interface StorePresignPartsRequest
  extends StoreUploadRequest,
    Pick<StorePresignRequest, 'expiresInSeconds' | 'afterRefusal'> {
  readonly partNumbers: readonly number[];
  /** The Content-Length of each, which is signed: OSS takes no other. Default: any. */
  readonly contentLengths?: readonly number[] | undefined;
}

/** A request that anyone may send until it expires: a bearer credential. */
export interface PresignedRequest {
  readonly method: string;
  readonly url: string;
  /** Exactly the headers the sender must send, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAt: number;
}

/** The UploadPart of one part. */
export interface PresignedUploadPart extends PresignedRequest {
  readonly partNumber: number;
}

export interface StoreObjectRequest {
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface StoreUploadRequest {
  readonly key: string;
  readonly uploadId: string;
  readonly signal?: AbortSignal | undefined;
}

export interface StoreListPartsRequest extends StoreUploadRequest {
  /** Only this part, if OSS holds it. Default: all. */
  readonly partNumber?: number | undefined;
}

export interface StoreCompleteRequest extends StoreUploadRequest {
  readonly parts: readonly { readonly partNumber: number; readonly etag: string }[];
  readonly acl?: ObjectOptions['acl'] | undefined;
  readonly forbidOverwrite?: boolean | undefined;
  /** OSS tells an application server. Where that fails: `callback_failed`, and the object is stored. */
  readonly callback?: Callback | undefined;
}

export interface CompletedUpload {
  readonly etag: string;
  /** `undefined` where OSS gave none. */
  readonly crc64: string | undefined;
  readonly versionId: string | undefined;
  readonly requestId: string;
  /** What the application server answered, where one was told. */
  readonly callback?: CallbackReply | undefined;
}

export interface ObjectHead {
  readonly size: number;
  readonly etag: string;
  readonly crc64: string | undefined;
  readonly contentType: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly versionId: string | undefined;
  readonly lastModifiedAt: number;
  readonly requestId: string;
}

export interface StoreListUploadsRequest {
  readonly prefix?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ListedUpload {
  readonly key: string;
  readonly uploadId: string;
  /** By OSS's clock. */
  readonly initiatedAt: number;
  /** When OSS gave this list, by the same clock. `undefined` where its answer had no date. */
  readonly listedAt?: number | undefined;
}
