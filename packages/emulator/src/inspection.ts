import { compareUtf8 } from './operations/listing-page.ts';
import { sortParts } from './operations/multipart.ts';
import { readPieces } from './operations/object-versions.ts';
import { createDigester } from './storage/blobs.ts';
import {
  type Bucket,
  createEmptyBucket,
  findNewestVersion,
  type MultipartUpload,
  type OssState,
  requireBucket,
  requireUpload,
} from './storage/state.ts';

/** Direct access to a model's state, without requests, signatures and faults. For tests and simulations. */
export interface OssInspection {
  /**
   * The newest version of an object; `undefined` if there is none.
   *
   * @throws OssError `NoSuchBucket`.
   */
  object(bucket: string, key: string): InspectedObject | undefined;
  /** The names of all buckets, in the order of their creation. */
  bucketNames(): readonly string[];
  /** The keys of all objects, in the order of their UTF-8 bytes. */
  keys(bucket: string): readonly string[];
  /** The unfinished multipart uploads, ordered by key, then uploadId. */
  uploads(bucket: string): readonly InspectedUpload[];
  /** Creates a bucket. An existing bucket is not changed. */
  createBucket(bucket: string): Promise<void>;
  /** Enables or suspends versioning, as PutBucketVersioning does. */
  setVersioning(bucket: string, versioning: 'Enabled' | 'Suspended'): Promise<void>;
  /**
   * Flips a bit of a stored part. A part that does not exist or is empty is not changed.
   *
   * @throws OssError `NoSuchUpload`.
   */
  corruptPart(
    part: PartLocation & {
      /**
       * `true`: ListParts keeps reporting the ETag and CRC64 of the original bytes. Default: `false`, those
       * of the changed bytes.
       */
      readonly silent?: boolean;
    },
  ): Promise<void>;
  /**
   * Removes a stored part. Does nothing if there is none.
   *
   * @throws OssError `NoSuchUpload`.
   */
  removePart(part: PartLocation): Promise<void>;
}

/** An object as the model has stored it. */
export interface InspectedObject {
  /** In bytes. */
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** CRC-64/XZ of the bytes, unsigned decimal. */
  readonly crc64: string;
  /** 'null' for an object written without versioning. */
  readonly versionId: string;
  /** Names in lower case: content-type, x-oss-meta-… */
  readonly headers: Readonly<Record<string, string>>;
  /** Reads the whole object into memory. */
  bytes(): Promise<Uint8Array>;
}

/** A multipart upload that is neither completed nor aborted. */
export interface InspectedUpload {
  /** The key of the object to be. */
  readonly key: string;
  /** 32 upper-case hex digits. */
  readonly uploadId: string;
  /** In ms since the epoch. */
  readonly initiatedAt: number;
  /** The stored parts, ascending by part number. */
  readonly parts: readonly InspectedPart[];
}

/** A stored part as ListParts reports it. */
export interface InspectedPart {
  /** 1 to 10,000. */
  readonly partNumber: number;
  /** In bytes. */
  readonly size: number;
  /** The MD5 in upper-case hex, without quotes. */
  readonly etag: string;
  /** CRC-64/XZ, unsigned decimal. */
  readonly crc64: string;
}

/** Identifies a part of a multipart upload. */
export interface PartLocation {
  /** The name of the bucket. */
  readonly bucket: string;
  /** The key of the object to be. */
  readonly key: string;
  /** The ID that Initiate returned. */
  readonly uploadId: string;
  /** 1 to 10,000. */
  readonly partNumber: number;
}

/** Creates the view of a model's state. */
export function createInspection(state: OssState): OssInspection {
  return {
    object(bucketName, key) {
      const object = findNewestVersion(requireBucket(state, bucketName), key);
      if (object === undefined) return undefined;
      const { size, etag, crc64, versionId, headers, pieces } = object;
      const bytes = (): Promise<Uint8Array> => readWhole(readPieces(state, pieces, 0, size), size);
      return { size, etag, crc64, versionId, headers, bytes };
    },
    bucketNames: () => [...state.buckets.keys()],
    keys(bucketName) {
      const bucket = requireBucket(state, bucketName);
      return [...bucket.objects.keys()]
        .filter((key) => findNewestVersion(bucket, key) !== undefined)
        .sort(compareUtf8);
    },
    uploads: (bucketName) =>
      [...requireBucket(state, bucketName).uploads.values()].map(inspectUpload).sort(compareUploads),
    async createBucket(name) {
      if (state.buckets.has(name)) return;
      const bucket = createEmptyBucket(name, state.now());
      state.buckets.set(name, bucket);
      await state.records.saveBucket(bucket);
    },
    async setVersioning(name, versioning) {
      const bucket = requireBucket(state, name);
      bucket.versioning = versioning;
      await state.records.saveBucket(bucket);
    },
    async corruptPart({ silent = false, ...name }) {
      const { bucket, upload } = locateUpload(state, name);
      const part = upload.parts.get(name.partNumber);
      if (part === undefined || part.size === 0) return;
      await state.blobs.corrupt(part.blobId, 0);
      const { md5, crc64 } = await computeDigest(state.blobs.read(part.blobId, 0, part.size));
      const reported = silent ? {} : { etag: md5, crc64 };
      const corrupted = { ...part, ...reported, trueCrc64: crc64 };
      upload.parts.set(part.partNumber, corrupted);
      await state.records.savePart(bucket, upload, corrupted);
    },
    async removePart(name) {
      const { bucket, upload } = locateUpload(state, name);
      const part = upload.parts.get(name.partNumber);
      if (part === undefined) return;
      upload.parts.delete(name.partNumber);
      await state.records.removePart(bucket, upload, name.partNumber);
      await state.blobs.remove(part.blobId);
    },
  };
}

function locateUpload(
  state: OssState,
  name: PartLocation,
): { readonly bucket: Bucket; readonly upload: MultipartUpload } {
  const bucket = requireBucket(state, name.bucket);
  return { bucket, upload: requireUpload(bucket, name.key, name.uploadId, '0042-00000002') };
}

function inspectUpload(upload: MultipartUpload): InspectedUpload {
  const { key, uploadId, initiatedAt } = upload;
  const parts = sortParts(upload).map(({ partNumber, size, etag, crc64 }) => ({
    partNumber,
    size,
    etag,
    crc64,
  }));
  return { key, uploadId, initiatedAt, parts };
}

function compareUploads(a: InspectedUpload, b: InspectedUpload): number {
  return compareUtf8(a.key, b.key) || compareUtf8(a.uploadId, b.uploadId);
}

async function readWhole(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for await (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

async function computeDigest(chunks: AsyncIterable<Uint8Array>): Promise<{ md5: string; crc64: string }> {
  const digester = createDigester();
  for await (const chunk of chunks) digester.update(chunk);
  return digester.digest();
}
