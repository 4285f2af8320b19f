import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Bucket, MultipartUpload, ObjectVersion, Records, StoredPart } from './state.ts';

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

/**
 * Records as JSON files, each replaced as a whole: a crash leaves the old one or the new one. They are
 * written in the order of the calls, since a part's first copy must not land after its second, nor any part
 * after its upload is gone.
 */
export function createDirectoryRecords(directory: string): Records {
  let last: Promise<unknown> = Promise.resolve();
  const inOrder = (write: () => Promise<void>): Promise<void> => {
    const turn = last.then(write);
    // A write that failed is its caller's business; those behind it go on.
    last = turn.catch(() => undefined);
    return turn;
  };
  const remove = (path: string): Promise<void> => inOrder(() => rm(path, { recursive: true, force: true }));
  const uploadFolder = (bucket: Bucket, uploadId: string): string =>
    join(directory, bucket.name, 'uploads', uploadId);

  function save(path: string, record: unknown): Promise<void> {
    // As it is now, not as it will be when its turn comes.
    const json = JSON.stringify(record);
    return inOrder(async () => {
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
    async removeUpload(bucket, uploadId) {
      // First what makes it an upload: it must not come back with half of its parts.
      await remove(join(uploadFolder(bucket, uploadId), 'upload.json'));
      await remove(uploadFolder(bucket, uploadId));
    },
  };
}

/** The buckets that {@link createDirectoryRecords} wrote down there. */
export async function loadBuckets(directory: string): Promise<Bucket[]> {
  const names = await namesIn(directory);
  const loaded = await Promise.all(names.map((name) => loadBucket(join(directory, name))));
  return loaded.filter((bucket) => bucket !== undefined);
}

/**
 * `undefined` for what a crash left half removed: without its own record a folder is no bucket, and no
 * upload.
 */
async function loadBucket(folder: string): Promise<Bucket | undefined> {
  const record = await load<Bucket>(join(folder, 'bucket.json'));
  if (record === undefined) return undefined;
  const objects = new Map<string, ObjectVersion[]>();
  for (const name of await namesIn(join(folder, 'objects'))) {
    const versions = await load<ObjectVersion[]>(join(folder, 'objects', name));
    const key = versions?.[0]?.key;
    if (versions !== undefined && key !== undefined) objects.set(key, versions);
  }
  const pieces = new Set(
    [...objects.values()].flat().flatMap((version) => version.pieces.map(({ blobId }) => blobId)),
  );
  const uploads = new Map<string, MultipartUpload>();
  for (const uploadId of await namesIn(join(folder, 'uploads'))) {
    const upload = await loadUpload(join(folder, 'uploads', uploadId));
    if (upload === undefined) continue;
    // A crash between completing and forgetting the upload leaves both: the object has the bytes.
    const isCompleted = [...upload.parts.values()].some(({ blobId }) => pieces.has(blobId));
    if (!isCompleted) uploads.set(uploadId, upload);
  }
  return { ...record, objects, uploads };
}

async function loadUpload(folder: string): Promise<MultipartUpload | undefined> {
  const record = await load<MultipartUpload>(join(folder, 'upload.json'));
  if (record === undefined) return undefined;
  const parts = new Map<number, StoredPart>();
  for (const name of await namesIn(join(folder, 'parts'))) {
    const part = await load<StoredPart>(join(folder, 'parts', name));
    if (part !== undefined) parts.set(part.partNumber, part);
  }
  return { ...record, parts };
}

/** `undefined` when there is none. What is there was written by {@link createDirectoryRecords}. */
async function load<Record>(path: string): Promise<Record | undefined> {
  const json = await readFile(path, 'utf8').catch(undefinedIfAbsent);
  return json === undefined ? undefined : (JSON.parse(json) as Record);
}

function undefinedIfAbsent(reason: NodeJS.ErrnoException): undefined {
  if (reason.code !== 'ENOENT') throw reason;
}

/** Without those of records that a crash left unfinished. */
async function namesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(undefinedIfAbsent)) ?? [];
  return names.filter((name) => !/\.json\..+$/.test(name)).sort();
}
