import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Bucket, MultipartUpload, ObjectVersion, StoredPart } from './state.ts';

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

/** Remembers nothing. */
export function createNoRecords(): Records {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    saveBucket: nothing,
    removeBucket: nothing,
    saveObject: nothing,
    saveUpload: nothing,
    savePart: nothing,
    removePart: nothing,
    removeUpload: nothing,
  };
}

/** Records as JSON files, each replaced as a whole: a crash leaves the old one or the new one. */
export function createDirectoryRecords(directory: string): Records {
  const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true });
  const uploadFolder = (bucket: Bucket, uploadId: string): string =>
    join(directory, bucket.name, 'uploads', uploadId);

  async function save(path: string, record: unknown): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const unfinished = `${path}.${randomUUID()}`;
    await writeFile(unfinished, JSON.stringify(record));
    await rename(unfinished, path);
  }

  return {
    saveBucket({ objects: _, uploads: __, ...record }) {
      return save(join(directory, record.name, 'bucket.json'), record);
    },
    removeBucket: (bucket) => remove(join(directory, bucket.name)),
    saveObject(bucket, key) {
      // Keys hold characters that names of files cannot.
      const name = createHash('sha256').update(key).digest('hex');
      const path = join(directory, bucket.name, 'objects', `${name}.json`);
      const versions = bucket.objects.get(key);
      return versions === undefined ? remove(path) : save(path, versions);
    },
    saveUpload(bucket, { parts: _, ...record }) {
      return save(join(uploadFolder(bucket, record.uploadId), 'upload.json'), record);
    },
    savePart(bucket, { uploadId }, part) {
      return save(join(uploadFolder(bucket, uploadId), 'parts', `${part.partNumber}.json`), part);
    },
    removePart(bucket, { uploadId }, partNumber) {
      return remove(join(uploadFolder(bucket, uploadId), 'parts', `${partNumber}.json`));
    },
    removeUpload: (bucket, uploadId) => remove(uploadFolder(bucket, uploadId)),
  };
}

/** The buckets that {@link createDirectoryRecords} wrote down there. */
export async function loadBuckets(directory: string): Promise<Bucket[]> {
  const names = await namesIn(directory);
  return Promise.all(names.map((name) => loadBucket(join(directory, name))));
}

async function loadBucket(folder: string): Promise<Bucket> {
  const record = (await load(join(folder, 'bucket.json'))) as Bucket;
  const objects = new Map<string, ObjectVersion[]>();
  for (const name of await namesIn(join(folder, 'objects'))) {
    const versions = (await load(join(folder, 'objects', name))) as ObjectVersion[];
    const key = versions[0]?.key;
    if (key !== undefined) objects.set(key, versions);
  }
  const pieces = new Set(
    [...objects.values()].flat().flatMap((version) => version.pieces.map(({ blobId }) => blobId)),
  );
  const uploads = new Map<string, MultipartUpload>();
  for (const uploadId of await namesIn(join(folder, 'uploads'))) {
    const upload = await loadUpload(join(folder, 'uploads', uploadId));
    // A crash between completing and forgetting the upload leaves both: the object has the bytes.
    const isCompleted = [...upload.parts.values()].some(({ blobId }) => pieces.has(blobId));
    if (!isCompleted) uploads.set(uploadId, upload);
  }
  return { ...record, objects, uploads };
}

async function loadUpload(folder: string): Promise<MultipartUpload> {
  const record = (await load(join(folder, 'upload.json'))) as MultipartUpload;
  const parts = new Map<number, StoredPart>();
  for (const name of await namesIn(join(folder, 'parts'))) {
    const part = (await load(join(folder, 'parts', name))) as StoredPart;
    parts.set(part.partNumber, part);
  }
  return { ...record, parts };
}

async function load(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}

/** Without those of records that a crash left unfinished. */
async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((reason: NodeJS.ErrnoException) => {
    if (reason.code === 'ENOENT') return [];
    throw reason;
  });
  return names.filter((name) => !/\.json\..+$/.test(name)).sort();
}
