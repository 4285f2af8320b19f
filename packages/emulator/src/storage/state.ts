import { noSuchBucketError, noSuchUploadError } from '../errors.ts';
import type { Blobs } from './blobs.ts';

/** The whole state of a model, except the bytes. */
export interface OssState {
  readonly region: string;
  readonly buckets: Map<string, Bucket>;
  readonly blobs: Blobs;
  readonly records: Records;
  readonly now: () => number;
  readonly ids: IdGenerator;
}

/** Persists the state, one small record for each thing, so that a restarted emulator can load it. */
export interface Records {
  /** Writes a bucket's settings, without its objects and uploads. */
  saveBucket(bucket: Bucket): Promise<void>;
  /** Removes a bucket and every record in it. */
  removeBucket(bucket: Bucket): Promise<void>;
  /** Writes all versions of a key; removes its record if there is no version. */
  saveObject(bucket: Bucket, key: string): Promise<void>;
  /** Writes a multipart upload, without its parts. */
  saveUpload(bucket: Bucket, upload: MultipartUpload): Promise<void>;
  /** Writes one part of an upload, in place of an earlier one with the same number. */
  savePart(bucket: Bucket, upload: MultipartUpload, part: StoredPart): Promise<void>;
  /** Removes one part of an upload. */
  removePart(bucket: Bucket, upload: MultipartUpload, partNumber: number): Promise<void>;
  /** Removes an upload and its parts. */
  removeUpload(bucket: Bucket, uploadId: string): Promise<void>;
}

/** Generates unique IDs. */
export interface IdGenerator {
  /** 24 upper-case hex digits. */
  requestId(): string;
  /** 32 upper-case hex digits. */
  uploadId(): string;
  /** Any text that can stand in a header and a query. */
  versionId(): string;
}

/** A bucket: its settings, objects and multipart uploads. */
export interface Bucket {
  /** 3 to 63 of `a-z`, `0-9` and inner hyphens. */
  readonly name: string;
  /** In ms since the epoch. */
  readonly createdAt: number;
  /** `undefined`: never enabled. */
  versioning: 'Enabled' | 'Suspended' | undefined;
  /** The CORS rules, in order; `undefined`: none. */
  cors: readonly CorsRule[] | undefined;
  /** `ResponseVary` of the CORS rules: every response has `Vary: Origin`. */
  isVaryingByOrigin: boolean;
  /** The lifecycle rules; `undefined`: none. */
  lifecycle: readonly LifecycleRule[] | undefined;
  /**
   * The versions of every key, the newest last. Without versioning there is at most one, with the ID 'null'.
   */
  readonly objects: Map<string, ObjectVersion[]>;
  /** The unfinished multipart uploads by uploadId. */
  readonly uploads: Map<string, MultipartUpload>;
}

/** One version of an object, or a delete marker. */
export interface ObjectVersion {
  /** The object's key. */
  readonly key: string;
  /** 'null' for an object written without versioning. */
  readonly versionId: string;
  /** Whether this version hides the object instead of being one. */
  readonly isDeleteMarker: boolean;
  /** How the object was made: by PutObject and CopyObject, or by a multipart upload. */
  readonly type: 'Normal' | 'Multipart';
  /** In bytes. */
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** CRC-64/XZ of the bytes, unsigned decimal. */
  readonly crc64: string;
  /** Base64; only of objects that came in one piece, or in a sequence of parts. */
  readonly contentMd5: string | undefined;
  /** In ms since the epoch. */
  readonly lastModified: number;
  /** Names in lower case, as GET and HEAD return them: content-type, x-oss-meta-… */
  readonly headers: Readonly<Record<string, string>>;
  /** The blobs that hold the bytes, in order. */
  readonly pieces: readonly Piece[];
}

/** A blob as a section of an object's bytes. */
export interface Piece {
  /** The ID of the blob. */
  readonly blobId: string;
  /** In bytes. */
  readonly size: number;
}

/** A multipart upload that is neither completed nor aborted. */
export interface MultipartUpload {
  /** The key of the object to be. */
  readonly key: string;
  /** 32 upper-case hex digits. */
  readonly uploadId: string;
  /** In ms since the epoch. */
  readonly initiatedAt: number;
  /** Whether parts must arrive in order (`?sequential`); then the object gets a Content-MD5. */
  readonly isSequential: boolean;
  /** Whether Complete fails when an object with the key exists (`x-oss-forbid-overwrite`). */
  readonly forbidsOverwrite: boolean;
  /** The headers of the object to be, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** By part number. */
  readonly parts: Map<number, StoredPart>;
}

/** A part that was uploaded. */
export interface StoredPart {
  /** 1 to 10,000. */
  readonly partNumber: number;
  /** In bytes. */
  readonly size: number;
  /** As ListParts reports it: the MD5 in upper-case hex, without quotes. */
  readonly etag: string;
  /** As ListParts reports it: CRC-64/XZ, unsigned decimal. */
  readonly crc64: string;
  /** The CRC64 of the stored bytes. It differs from `crc64` after a silent corruption. */
  readonly trueCrc64: string;
  /** In ms since the epoch. */
  readonly lastModified: number;
  /** The ID of the blob that holds the bytes. */
  readonly blobId: string;
}

/** One rule of a bucket's CORS configuration. */
export interface CorsRule {
  /** Origins, each with at most one `*`. */
  readonly allowedOrigins: readonly string[];
  /** GET, PUT, DELETE, POST, HEAD. */
  readonly allowedMethods: readonly string[];
  /** Names of request headers, each with at most one `*`. */
  readonly allowedHeaders: readonly string[];
  /** Names of response headers that pages may read. */
  readonly exposeHeaders: readonly string[];
  /** How long a browser may reuse a preflight response; `undefined`: not sent. */
  readonly maxAgeSeconds: number | undefined;
}

/** One rule of a bucket's lifecycle configuration. */
export interface LifecycleRule {
  /** Unique in the configuration, at most 255 characters. */
  readonly id: string;
  /** The rule applies to keys that start with this; '' for all. */
  readonly prefix: string;
  /** `Status` is `Enabled`. */
  readonly isEnabled: boolean;
  /** Uploads are aborted this many days after Initiate; `undefined`: never. */
  readonly abortAfterDays: number | undefined;
  /** Uploads initiated before this instant, in ms since the epoch, are aborted; `undefined`: none. */
  readonly abortCreatedBefore: number | undefined;
  /** Objects expire this many days after they were last modified; `undefined`: never. */
  readonly expireAfterDays: number | undefined;
  /** The rule's XML as it was put, returned by GetBucketLifecycle. */
  readonly xml: string;
}

export function requireBucket(state: OssState, name: string): Bucket {
  const bucket = state.buckets.get(name);
  if (bucket === undefined) throw noSuchBucketError(name);
  return bucket;
}

export function requireUpload(bucket: Bucket, key: string, uploadId: string, ec: string): MultipartUpload {
  const upload = bucket.uploads.get(uploadId);
  if (upload === undefined || upload.key !== key) throw noSuchUploadError(uploadId, ec);
  return upload;
}

/** The newest version of a key, unless that is a delete marker. */
export function findNewestVersion(bucket: Bucket, key: string): ObjectVersion | undefined {
  const newest = bucket.objects.get(key)?.at(-1);
  return newest?.isDeleteMarker ? undefined : newest;
}

export function createEmptyBucket(name: string, createdAt: number): Bucket {
  return {
    name,
    createdAt,
    versioning: undefined,
    cors: undefined,
    isVaryingByOrigin: false,
    lifecycle: undefined,
    objects: new Map(),
    uploads: new Map(),
  };
}
