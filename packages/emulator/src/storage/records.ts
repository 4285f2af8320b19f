import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Bucket, MultipartUpload, ObjectVersion, Records, StoredPart } from './state.ts';

/** Persists nothing. */
export function createNoRecords(): Records {
  const doNothing = (): Promise<void> => Promise.resolve();
  return {
    saveBucket: doNothing,
    removeBucket: doNothing,
    saveObject: doNothing,
    saveUpload: doNothing,
    savePart: doNothing,
    removePart: doNothing,
    removeUpload: doNothing,
  };
}

/**
 * Persists the state as JSON files. Each file is replaced as a whole: a crash leaves the old or the new one.
 * Writes happen in the order of the calls: an earlier copy of a part must not replace a later one, and no
 * part may be written after its upload was removed.
 *
 * @param directory The folder of the files, created if needed. {@link loadBuckets} reads it.
 */
export function createDirectoryRecords(directory: string): Records {
  let lastWrite: Promise<unknown> = Promise.resolve();
  const enqueue = (write: () => Promise<void>): Promise<void> => {
    const result = lastWrite.then(write);
    // The caller gets the error of a failed write. Later writes are not affected.
    lastWrite = result.catch(() => undefined);
    return result;
  };
  const remove = (path: string): Promise<void> => enqueue(() => rm(path, { recursive: true, force: true }));
  const uploadFolder = (bucket: Bucket, uploadId: string): string =>
    join(directory, bucket.name, 'uploads', uploadId);

  function save(path: string, record: unknown): Promise<void> {
    // Now, because the record may change before the write starts.
    const json = JSON.stringify(record);
    return enqueue(async () => {
      await mkdir(dirname(path), { recursive: true });
      const unfinished = `${path}.${randomUUID()}`;
      await writeFile(unfinished, json);
      await rename(unfinished, path);
    });
  }

  return {
    saveBucket({ objects: _, uploads: __, ...record }) {
      return save(join(directory, record.name, 'bucket.json'), record);
    },
    removeBucket: (bucket) => remove(join(directory, bucket.name)),
    saveObject(bucket, key) {
      // Keys may have characters that file names cannot have.
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
    async removeUpload(bucket, uploadId) {
      // First the record that makes it an upload: after a crash it must not be loaded with half of its parts.
      await remove(join(uploadFolder(bucket, uploadId), 'upload.json'));
      await remove(uploadFolder(bucket, uploadId));
    },
  };
}

/**
 * Loads the buckets that {@link createDirectoryRecords} wrote.
 *
 * @param directory The same folder. If it does not exist, there are no buckets.
 */
export async function loadBuckets(directory: string): Promise<Bucket[]> {
  const names = await listNames(directory);
  const loaded = await Promise.all(names.map((name) => loadBucket(join(directory, name))));
  return loaded.filter((bucket) => bucket !== undefined);
}

/** `undefined` for a folder that a crash left half removed: without its own record it is not a bucket. */
async function loadBucket(folder: string): Promise<Bucket | undefined> {
  const record = await load<Bucket>(join(folder, 'bucket.json'));
  if (record === undefined) return undefined;
  const objects = new Map<string, ObjectVersion[]>();
  for (const name of await listNames(join(folder, 'objects'))) {
    const versions = await load<ObjectVersion[]>(join(folder, 'objects', name));
    const key = versions?.[0]?.key;
    if (versions !== undefined && key !== undefined) objects.set(key, versions);
  }
  const pieces = new Set(
    [...objects.values()].flat().flatMap((version) => version.pieces.map(({ blobId }) => blobId)),
  );
  const uploads = new Map<string, MultipartUpload>();
  for (const uploadId of await listNames(join(folder, 'uploads'))) {
    const upload = await loadUpload(join(folder, 'uploads', uploadId));
    if (upload === undefined) continue;
    // A crash between completing an upload and removing its record leaves both: the object has the bytes.
    const isCompleted = [...upload.parts.values()].some(({ blobId }) => pieces.has(blobId));
    if (!isCompleted) uploads.set(uploadId, upload);
  }
  return { ...record, objects, uploads };
}

async function loadUpload(folder: string): Promise<MultipartUpload | undefined> {
  const record = await load<MultipartUpload>(join(folder, 'upload.json'));
  if (record === undefined) return undefined;
  const parts = new Map<number, StoredPart>();
  for (const name of await listNames(join(folder, 'parts'))) {
    const part = await load<StoredPart>(join(folder, 'parts', name));
    if (part !== undefined) parts.set(part.partNumber, part);
  }
  return { ...record, parts };
}

/** `undefined` if there is no such file. The type is not checked: {@link createDirectoryRecords} wrote it. */
async function load<Record>(path: string): Promise<Record | undefined> {
  const json = await readFile(path, 'utf8').catch(ignoreMissing);
  return json === undefined ? undefined : (JSON.parse(json) as Record);
}

function ignoreMissing(reason: NodeJS.ErrnoException): undefined {
  if (reason.code !== 'ENOENT') throw reason;
}

/** Leaves out records that a crash left unfinished. */
async function listNames(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(ignoreMissing)) ?? [];
  return names.filter((name) => !/\.json\..+$/.test(name)).sort();
}
