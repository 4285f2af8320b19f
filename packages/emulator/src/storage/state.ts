import { noSuchBucket, noSuchUpload } from '../errors.ts';
import type { Blobs } from './blobs.ts';

/** Everything an OSS knows, besides the bytes. */
export interface OssState {
  readonly region: string;
  readonly buckets: Map<string, Bucket>;
  readonly blobs: Blobs;
  readonly records: Records;
  readonly now: () => number;
  readonly ids: Ids;
}

/** Where the state is written down, one small record a thing, so that a restart finds it again. */
export interface Records {
  saveBucket(bucket: Bucket): Promise<void>;
  removeBucket(bucket: Bucket): Promise<void>;
  /** Every version of the key, or none any more. */
  saveObject(bucket: Bucket, key: string): Promise<void>;
  saveUpload(bucket: Bucket, upload: MultipartUpload): Promise<void>;
  savePart(bucket: Bucket, upload: MultipartUpload, part: StoredPart): Promise<void>;
  removePart(bucket: Bucket, upload: MultipartUpload, partNumber: number): Promise<void>;
  removeUpload(bucket: Bucket, uploadId: string): Promise<void>;
}

/** Names nobody has had before. */
export interface Ids {
  /** 24 upper-case hex digits. */
  requestId(): string;
  /** 32 upper-case hex digits. */
  uploadId(): string;
  versionId(): string;
}

export interface Bucket {
  readonly name: string;
  readonly createdAt: number;
  versioning: 'Enabled' | 'Suspended' | undefined;
  cors: readonly CorsRule[] | undefined;
  /** `ResponseVary` of the CORS rules: every response says `Vary: Origin`. */
  isVaryingByOrigin: boolean;
  lifecycle: readonly LifecycleRule[] | undefined;
  /**
   * The versions of every key, the newest last. Without versioning there is at most one, with the id 'null'.
   */
  readonly objects: Map<string, ObjectVersion[]>;
  /** By uploadId. */
  readonly uploads: Map<string, MultipartUpload>;
}

export interface ObjectVersion {
  readonly key: string;
  readonly versionId: string;
  readonly isDeleteMarker: boolean;
  readonly type: 'Normal' | 'Multipart';
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly crc64: string;
  /** Base64; only of objects that came in one piece, or in a sequence of parts. */
  readonly contentMd5: string | undefined;
  readonly lastModified: number;
  /** Names in lower case, as OSS gives them back: content-type, x-oss-meta-… */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes, one after another. */
  readonly pieces: readonly Piece[];
}

export interface Piece {
  readonly blobId: string;
  readonly size: number;
}

export interface MultipartUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly initiatedAt: number;
  readonly isSequential: boolean;
  readonly forbidsOverwrite: boolean;
  /** What the object shall be given, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** By part number. */
  readonly parts: Map<number, StoredPart>;
}

export interface StoredPart {
  readonly partNumber: number;
  readonly size: number;
  /** What ListParts says. */
  readonly etag: string;
  readonly crc64: string;
  /** What the bytes really are, when they were corrupted in silence. */
  readonly trueCrc64: string;
  readonly lastModified: number;
  readonly blobId: string;
}

export interface CorsRule {
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds: number | undefined;
}

export interface LifecycleRule {
  readonly id: string;
  readonly prefix: string;
  readonly isEnabled: boolean;
  readonly abortAfterDays: number | undefined;
  /** Uploads initiated before this instant are aborted. */
  readonly abortCreatedBefore: number | undefined;
  readonly expireAfterDays: number | undefined;
  /** The rule as it was put, to be given back. */
  readonly xml: string;
}

export function bucketOf(state: OssState, name: string): Bucket {
  const bucket = state.buckets.get(name);
  if (bucket === undefined) throw noSuchBucket(name);
  return bucket;
}

export function uploadOf(bucket: Bucket, key: string, uploadId: string, ec: string): MultipartUpload {
  const upload = bucket.uploads.get(uploadId);
  if (upload === undefined || upload.key !== key) throw noSuchUpload(uploadId, ec);
  return upload;
}

/** The newest version of a key, unless that is a delete marker. */
export function newestOf(bucket: Bucket, key: string): ObjectVersion | undefined {
  const newest = bucket.objects.get(key)?.at(-1);
  return newest?.isDeleteMarker ? undefined : newest;
}

export function newBucket(name: string, createdAt: number): Bucket {
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
