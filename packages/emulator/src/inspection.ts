import { utf8Order } from './operations/listing-page.ts';
import { partsOf } from './operations/multipart.ts';
import { readPieces } from './operations/objects.ts';
import { createDigester } from './storage/blobs.ts';
import {
  type Bucket,
  bucketOf,
  type MultipartUpload,
  newBucket,
  newestOf,
  type OssState,
  uploadOf,
} from './storage/state.ts';

/** What tests and simulations look at, and break, behind the back of the protocol. */
export interface OssInspection {
  /** The newest version of an object; `undefined` when there is none. */
  object(bucket: string, key: string): InspectedObject | undefined;
  bucketNames(): readonly string[];
  /** Every object's key, in byte order. */
  keys(bucket: string): readonly string[];
  /** The uploads under way, by key, then uploadId. */
  uploads(bucket: string): readonly InspectedUpload[];
  /** Does nothing to a bucket that is there. */
  createBucket(bucket: string): Promise<void>;
  setVersioning(bucket: string, versioning: 'Enabled' | 'Suspended'): Promise<void>;
  /**
   * Flips a bit of a stored part. ListParts then shows the ETag and CRC64 of the wrong bytes, or, with
   * `silent`, goes on showing those of the right ones.
   */
  corruptPart(part: PartName & { readonly silent?: boolean }): Promise<void>;
  removePart(part: PartName): Promise<void>;
}

export interface InspectedObject {
  readonly size: number;
  readonly etag: string;
  readonly crc64: string;
  readonly versionId: string;
  /** Names in lower case: content-type, x-oss-meta-… */
  readonly headers: Readonly<Record<string, string>>;
  /** All of them, in memory. */
  bytes(): Promise<Uint8Array>;
}

export interface InspectedUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly initiatedAt: number;
  /** Ascending. */
  readonly parts: readonly InspectedPart[];
}

export interface InspectedPart {
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
  readonly crc64: string;
}

export interface PartName {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly partNumber: number;
}

export function createInspection(state: OssState): OssInspection {
  return {
    object(bucketName, key) {
      const object = newestOf(bucketOf(state, bucketName), key);
      if (object === undefined) return undefined;
      const { size, etag, crc64, versionId, headers, pieces } = object;
      const bytes = (): Promise<Uint8Array> => whole(readPieces(state, pieces, 0, size), size);
      return { size, etag, crc64, versionId, headers, bytes };
    },
    bucketNames: () => [...state.buckets.keys()],
    keys(bucketName) {
      const bucket = bucketOf(state, bucketName);
      return [...bucket.objects.keys()].filter((key) => newestOf(bucket, key) !== undefined).sort(utf8Order);
    },
    uploads: (bucketName) => [...bucketOf(state, bucketName).uploads.values()].map(inspected).sort(byKey),
    async createBucket(name) {
      if (state.buckets.has(name)) return;
      const bucket = newBucket(name, state.now());
      state.buckets.set(name, bucket);
      await state.records.saveBucket(bucket);
    },
    async setVersioning(name, versioning) {
      const bucket = bucketOf(state, name);
      bucket.versioning = versioning;
      await state.records.saveBucket(bucket);
    },
    async corruptPart({ silent = false, ...name }) {
      const { bucket, upload } = uploadNamed(state, name);
      const part = upload.parts.get(name.partNumber);
      if (part === undefined || part.size === 0) return;
      await state.blobs.corrupt(part.blobId, 0);
      const { md5, crc64 } = await digestOf(state.blobs.read(part.blobId, 0, part.size));
      const shown = silent ? {} : { etag: md5, crc64 };
      const corrupted = { ...part, ...shown, trueCrc64: crc64 };
      upload.parts.set(part.partNumber, corrupted);
      await state.records.savePart(bucket, upload, corrupted);
    },
    async removePart(name) {
      const { bucket, upload } = uploadNamed(state, name);
      const part = upload.parts.get(name.partNumber);
      if (part === undefined) return;
      upload.parts.delete(name.partNumber);
      await state.records.removePart(bucket, upload, name.partNumber);
      await state.blobs.remove(part.blobId);
    },
  };
}

function uploadNamed(
  state: OssState,
  name: PartName,
): { readonly bucket: Bucket; readonly upload: MultipartUpload } {
  const bucket = bucketOf(state, name.bucket);
  return { bucket, upload: uploadOf(bucket, name.key, name.uploadId, '0042-00000002') };
}

function inspected(upload: MultipartUpload): InspectedUpload {
  const { key, uploadId, initiatedAt } = upload;
  const parts = partsOf(upload).map(({ partNumber, size, etag, crc64 }) => ({
    partNumber,
    size,
    etag,
    crc64,
  }));
  return { key, uploadId, initiatedAt, parts };
}

function byKey(a: InspectedUpload, b: InspectedUpload): number {
  return utf8Order(a.key, b.key) || utf8Order(a.uploadId, b.uploadId);
}

async function whole(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for await (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

async function digestOf(chunks: AsyncIterable<Uint8Array>): Promise<{ md5: string; crc64: string }> {
  const digester = createDigester();
  for await (const chunk of chunks) digester.update(chunk);
  return digester.digest();
}
