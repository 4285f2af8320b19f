import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bucket, BucketRecord, ObjectVersion, Part, Upload, UploadRecord } from './state.ts';

/**
 * Writes records down so that a restart finds them. Every call is over when it returns, so that what is on disk is
 * in the order of what happened; a record is small, whatever the size of what it describes.
 */
export interface Persistence {
  load(): readonly Bucket[];
  putBucket(bucket: BucketRecord): void;
  removeBucket(name: string): void;
  putUpload(bucket: string, upload: UploadRecord): void;
  /** With its parts. */
  removeUpload(bucket: string, uploadId: string): void;
  putPart(bucket: string, uploadId: string, part: Part): void;
  removePart(bucket: string, uploadId: string, partNumber: number): void;
  putObject(bucket: string, object: ObjectVersion): void;
  removeObject(bucket: string, key: string, versionId: string): void;
}

/** Remembers nothing beyond the process. */
export const FORGETFUL: Persistence = {
  load: () => [],
  putBucket() {},
  removeBucket() {},
  putUpload() {},
  removeUpload() {},
  putPart() {},
  removePart() {},
  putObject() {},
  removeObject() {},
};

/**
 * One JSON file a record: `<bucket>/bucket.json`, `<bucket>/uploads/<uploadId>/upload.json` beside `<number>.json`,
 * `<bucket>/objects/<SHA-256 of the key>.<versionId>.json`. For one process at a time.
 */
export function createDirectoryPersistence(directory: string): Persistence {
  mkdirSync(directory, { recursive: true });
  const uploadPath = (bucket: string, uploadId: string): string =>
    join(directory, bucket, 'uploads', uploadId);
  const objectPath = (bucket: string, key: string, versionId: string): string =>
    join(directory, bucket, 'objects', `${sha256(key)}.${versionId}.json`);
  return {
    load: () =>
      readdirSync(directory).flatMap((name) => {
        const record = readRecord<BucketRecord>(join(directory, name, 'bucket.json'));
        return record === undefined ? [] : [loadBucket(join(directory, name), record)];
      }),
    putBucket(bucket) {
      for (const folder of ['uploads', 'objects']) {
        mkdirSync(join(directory, bucket.name, folder), { recursive: true });
      }
      writeRecord(join(directory, bucket.name, 'bucket.json'), bucket);
    },
    removeBucket: (name) => rmSync(join(directory, name), { recursive: true, force: true }),
    putUpload(bucket, upload) {
      mkdirSync(uploadPath(bucket, upload.uploadId));
      writeRecord(join(uploadPath(bucket, upload.uploadId), 'upload.json'), upload);
    },
    removeUpload(bucket, uploadId) {
      // Without its own record it is no upload any more, whatever becomes of the rest.
      rmSync(join(uploadPath(bucket, uploadId), 'upload.json'), { force: true });
      rmSync(uploadPath(bucket, uploadId), { recursive: true, force: true });
    },
    putPart: (bucket, uploadId, part) =>
      writeRecord(join(uploadPath(bucket, uploadId), `${part.partNumber}.json`), part),
    removePart: (bucket, uploadId, partNumber) =>
      rmSync(join(uploadPath(bucket, uploadId), `${partNumber}.json`), { force: true }),
    putObject: (bucket, object) => writeRecord(objectPath(bucket, object.key, object.versionId), object),
    removeObject: (bucket, key, versionId) => rmSync(objectPath(bucket, key, versionId), { force: true }),
  };
}

function sha256(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** Replaces the record at once or not at all. */
function writeRecord(path: string, record: unknown): void {
  writeFileSync(`${path}.partial`, JSON.stringify(record));
  renameSync(`${path}.partial`, path);
}

/** `undefined` when there is none. What stands in a record was written by {@link writeRecord}. */
function readRecord<Record>(path: string): Record | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record;
  } catch (reason) {
    if (reason instanceof Error && 'code' in reason && reason.code === 'ENOENT') return undefined;
    throw reason;
  }
}

function readRecords<Record>(folder: string, isRecord: (name: string) => boolean): readonly Record[] {
  return readdirSync(folder)
    .filter((name) => isRecord(name))
    .map((name) => readRecord<Record>(join(folder, name)))
    .filter((record) => record !== undefined);
}

function loadBucket(path: string, record: BucketRecord): Bucket {
  const versions = readRecords<ObjectVersion>(join(path, 'objects'), (name) => name.endsWith('.json'));
  const objects = new Map<string, ObjectVersion[]>();
  for (const version of versions.toSorted((a, b) => a.sequence - b.sequence)) {
    objects.set(version.key, [...(objects.get(version.key) ?? []), version]);
  }
  const completed = new Set(versions.map(({ completedUploadId }) => completedUploadId));
  const uploads = readdirSync(join(path, 'uploads'))
    .map((uploadId) => loadUpload(join(path, 'uploads', uploadId)))
    .filter((upload) => upload !== undefined)
    .filter(({ uploadId }) => !completed.has(uploadId));
  return { ...record, objects, uploads: new Map(uploads.map((upload) => [upload.uploadId, upload])) };
}

function loadUpload(path: string): Upload | undefined {
  const record = readRecord<UploadRecord>(join(path, 'upload.json'));
  if (record === undefined) return undefined;
  const parts = readRecords<Part>(path, (name) => /^\d+\.json$/.test(name));
  return { ...record, parts: new Map(parts.map((part) => [part.partNumber, part])) };
}
