/** What the model is asked, one HTTP request without a socket. */
export interface OssRequest {
  /** Upper case. */
  readonly method: string;
  /** Path and query exactly as on the wire, still percent-encoded: `/bucket/a%20b?uploads`. */
  readonly target: string;
  /** Names in lower case; a repeated header joined with a comma. `host` is always there. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body's bytes, read at most once. A chunk is only valid until the next one is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What the model answers. */
export interface OssResponse {
  readonly status: number;
  /** Names as OSS writes them (`ETag`, `x-oss-request-id`, `Content-Length` …). */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for HEAD; a GET of an object streams. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

export type OssOperation =
  | 'InitiateMultipartUpload'
  | 'UploadPart'
  | 'UploadPartCopy'
  | 'ListParts'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListMultipartUploads'
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'GetObjectMeta'
  | 'CopyObject'
  | 'DeleteObject'
  | 'DeleteMultipleObjects'
  | 'ListObjects'
  | 'ListObjectsV2'
  | 'PutBucket'
  | 'HeadBucket'
  | 'DeleteBucket'
  | 'GetBucketAcl'
  | 'GetObjectAcl'
  | 'GetBucketVersioning'
  | 'PutBucketVersioning'
  | 'GetBucketInfo'
  | 'GetBucketLocation'
  | 'ListBuckets'
  | 'PutBucketCors'
  | 'GetBucketCors'
  | 'DeleteBucketCors'
  | 'PutBucketLifecycle'
  | 'GetBucketLifecycle'
  | 'DeleteBucketLifecycle'
  | 'OptionObject'
  | 'Unknown';

/** What a request is about, read from its method, address and query alone. */
export interface OssTarget {
  readonly operation: OssOperation;
  /** `undefined` for service-level requests. */
  readonly bucket: string | undefined;
  /** Decoded; `undefined` for bucket-level requests. */
  readonly key: string | undefined;
  readonly uploadId: string | undefined;
  readonly partNumber: number | undefined;
  /** Decoded pairs in wire order; a bare name has the value ''. */
  readonly query: readonly (readonly [name: string, value: string])[];
}

/**
 * Who may sign. A credential with a token is an STS credential and is accepted only together with its token.
 */
export interface OssCredentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string | undefined;
  /** When the security token dies, in ms since the epoch. Default: never. */
  readonly expiresAt?: number;
}

/** The model's time, in ms since the epoch. */
export interface OssClock {
  now(): number;
}

/** The query by name, decoded; of a repeated name the last value. */
export type Parameters = ReadonlyMap<string, string>;
