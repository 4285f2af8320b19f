/** One HTTP request to the model, without a socket. */
export interface OssRequest {
  /** Upper case. */
  readonly method: string;
  /** Path and query exactly as on the wire, still percent-encoded: `/bucket/a%20b?uploads`. */
  readonly target: string;
  /** Names in lower case; a repeated header joined with a comma. `host` is always present. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body's bytes, read at most once. A chunk is only valid until the next one is requested. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The model's response. */
export interface OssResponse {
  /** The HTTP status. */
  readonly status: number;
  /** Names as OSS writes them (`ETag`, `x-oss-request-id`, `Content-Length` …). */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for HEAD; a GET of an object streams. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

/** The result of a request: a response or none, and what happens to the connection. */
export type Outcome =
  | {
      /** To be sent to the client. */
      readonly response: OssResponse;
      /** `cut`: the body ends before its Content-Length; close the connection then. */
      readonly connection: 'keep' | 'cut';
    }
  | {
      /** No response is sent. */
      readonly response: undefined;
      /** `close`: end the connection normally. `reset`: abort it. `hold`: keep it open. */
      readonly connection: 'close' | 'reset' | 'hold';
    };

/** The operations of OSS that the emulator knows, by OSS's names. `Unknown` is any other request. */
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

/** The operation and resource of a request, read from its method, host, path and query alone. */
export interface OssTarget {
  /** The operation, such as `UploadPart`. */
  readonly operation: OssOperation;
  /** `undefined` for service-level requests. */
  readonly bucket: string | undefined;
  /** Decoded; `undefined` for bucket-level requests. */
  readonly key: string | undefined;
  /** The query parameter `uploadId`; `undefined` if absent. */
  readonly uploadId: string | undefined;
  /** The query parameter `partNumber`; `undefined` if absent, `NaN` if it is not made of digits. */
  readonly partNumber: number | undefined;
  /** Decoded pairs in wire order; a bare name has the value ''. */
  readonly query: readonly (readonly [name: string, value: string])[];
}

/**
 * An access key that may sign requests. With a security token they are STS credentials, accepted only
 * together with the token.
 */
export interface OssCredentials {
  /** The public part, which signatures name. */
  readonly accessKeyId: string;
  /** The secret that signatures are made with. */
  readonly accessKeySecret: string;
  /** The token of STS credentials. Default: none, a long-term access key. */
  readonly securityToken?: string | undefined;
  /** When the security token expires, in ms since the epoch. Default: never. */
  readonly expiresAt?: number;
}

/** The model's clock. */
export interface OssClock {
  /** The current time, in ms since the epoch. */
  now(): number;
}

/** The query by name, decoded; of a repeated name the last value. */
export type QueryParameters = ReadonlyMap<string, string>;
