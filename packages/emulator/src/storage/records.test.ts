import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDirectoryRecords, loadBuckets } from './records.ts';
import {
  type Bucket,
  createEmptyBucket,
  type MultipartUpload,
  type ObjectVersion,
  type StoredPart,
} from './state.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'records-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a restart', () => {
  test('loads buckets, objects, uploads and parts unchanged', async () => {
    const records = createDirectoryRecords(directory);
    const bucket = configuredBucket();
    const upload = uploadWith([part(1, 'a'), part(10_000, 'b')]);
    bucket.uploads.set(upload.uploadId, upload);
    bucket.objects.set('a/\u0000/../ü', [version('a/\u0000/../ü', '1'), version('a/\u0000/../ü', '2')]);
    await records.saveBucket(bucket);
    await records.saveObject(bucket, 'a/\u0000/../ü');
    await records.saveUpload(bucket, upload);
    for (const each of upload.parts.values()) await records.savePart(bucket, upload, each);
    expect(await loadBuckets(directory)).toEqual([bucket]);
  });

  test('loads nothing that was removed', async () => {
    const records = createDirectoryRecords(directory);
    const bucket = createEmptyBucket('demo', 0);
    const upload = uploadWith([part(1, 'a'), part(2, 'b')]);
    bucket.objects.set('k', [version('k', 'null')]);
    await records.saveBucket(bucket);
    await records.saveObject(bucket, 'k');
    await records.saveUpload(bucket, upload);
    for (const each of upload.parts.values()) await records.savePart(bucket, upload, each);
    bucket.objects.delete('k');
    await records.saveObject(bucket, 'k');
    await records.removePart(bucket, upload, 1);
    const [found] = await loadBuckets(directory);
    expect(found?.objects.size).toBe(0);
    expect([...(found?.uploads.get('U')?.parts.keys() ?? [])]).toEqual([2]);
    await records.removeUpload(bucket, 'U');
    expect((await loadBuckets(directory))[0]?.uploads.size).toBe(0);
    await records.removeBucket(bucket);
    expect(await loadBuckets(directory)).toEqual([]);
  });

  test('loads nothing from a folder that does not exist', async () => {
    expect(await loadBuckets(join(directory, 'new'))).toEqual([]);
  });

  test('skips an upload with parts that an object has, after a crash in Complete', async () => {
    const records = createDirectoryRecords(directory);
    const bucket = createEmptyBucket('demo', 0);
    const upload = uploadWith([part(1, 'a')]);
    bucket.objects.set('k', [{ ...version('k', 'null'), pieces: [{ blobId: 'a', size: 1 }] }]);
    await records.saveBucket(bucket);
    await records.saveUpload(bucket, upload);
    await records.savePart(bucket, upload, part(1, 'a'));
    await records.saveObject(bucket, 'k');
    const [found] = await loadBuckets(directory);
    expect(found?.uploads.size).toBe(0);
    expect(found?.objects.size).toBe(1);
  });

  test('skips records that a crash left half written or half removed', async () => {
    const records = createDirectoryRecords(directory);
    const bucket = createEmptyBucket('demo', 0);
    const upload = uploadWith([]);
    await records.saveBucket(bucket);
    await records.saveUpload(bucket, upload);
    await records.savePart(bucket, upload, part(1, 'a'));
    await writeFile(join(directory, 'demo/uploads/U/parts/2.json.1f2e'), '{"partNu');
    await records.savePart(bucket, { ...upload, uploadId: 'WithoutRecord' }, part(1, 'a'));
    await records.savePart({ ...bucket, name: 'without-record' }, upload, part(1, 'a'));
    const found = await loadBuckets(directory);
    expect(found.map(({ name }) => name)).toEqual(['demo']);
    expect(
      [...(found[0]?.uploads.values() ?? [])].map(({ uploadId, parts }) => [uploadId, parts.size]),
    ).toEqual([['U', 1]]);
  });

  test('rejects if a record cannot be read', async () => {
    const records = createDirectoryRecords(directory);
    await records.saveBucket(createEmptyBucket('demo', 0));
    await writeFile(join(directory, 'demo', 'bucket.json'), '{');
    await expect(loadBuckets(directory)).rejects.toThrow(SyntaxError);
  });
});

describe('concurrent writes', () => {
  test('happen in the order of the calls: the second copy of a part stays', async () => {
    const records = createDirectoryRecords(directory);
    const bucket = createEmptyBucket('demo', 0);
    const upload = uploadWith([]);
    await records.saveBucket(bucket);
    await records.saveUpload(bucket, upload);
    const blobIds = Array.from({ length: 50 }, (_, index) => `blob-${index}`);
    await Promise.all(blobIds.map((blobId) => records.savePart(bucket, upload, part(1, blobId))));
    expect((await loadBuckets(directory))[0]?.uploads.get('U')?.parts.get(1)?.blobId).toBe('blob-49');
    expect(await readdir(join(directory, 'demo/uploads/U/parts'))).toEqual(['1.json']);
  });

  test('leave nothing of an upload that is removed last', async () => {
    const records = createDirectoryRecords(directory);
    const bucket = createEmptyBucket('demo', 0);
    const upload = uploadWith([]);
    await records.saveBucket(bucket);
    await records.saveUpload(bucket, upload);
    const saving = [1, 2, 3].map((partNumber) => records.savePart(bucket, upload, part(partNumber, 'a')));
    await Promise.all([...saving, records.removeUpload(bucket, 'U')]);
    expect(await readdir(join(directory, 'demo/uploads'))).toEqual([]);
  });

  test('continue after one that failed', async () => {
    const records = createDirectoryRecords(directory);
    await writeFile(join(directory, 'in-the-way'), '');
    const failing = records.saveBucket(createEmptyBucket('in-the-way', 0));
    const next = records.saveBucket(createEmptyBucket('demo', 0));
    await expect(failing).rejects.toThrow('EEXIST');
    await next;
    await rm(join(directory, 'in-the-way'));
    expect((await loadBuckets(directory)).map(({ name }) => name)).toEqual(['demo']);
  });
});

function configuredBucket(): Bucket {
  const rule = { allowedHeaders: [], exposeHeaders: ['ETag'], maxAgeSeconds: 60 };
  return {
    ...createEmptyBucket('demo', 1),
    versioning: 'Enabled',
    cors: [{ allowedOrigins: ['*'], allowedMethods: ['PUT'], ...rule }],
    lifecycle: [
      {
        id: 'a',
        prefix: '',
        isEnabled: true,
        abortAfterDays: 2,
        abortCreatedBefore: undefined,
        expireAfterDays: undefined,
        xml: '<Rule></Rule>',
      },
    ],
  };
}

function uploadWith(parts: readonly StoredPart[]): MultipartUpload {
  const about = { key: 'k', uploadId: 'U', initiatedAt: 7, isSequential: false, forbidsOverwrite: true };
  return {
    ...about,
    headers: { expires: 'never' },
    parts: new Map(parts.map((each) => [each.partNumber, each])),
  };
}

function part(partNumber: number, blobId: string): StoredPart {
  return { partNumber, size: 1, etag: 'E', crc64: '1', trueCrc64: '2', lastModified: 3, blobId };
}

function version(key: string, versionId: string): ObjectVersion {
  const about = { isDeleteMarker: false, type: 'Normal', size: 1, etag: 'E', crc64: '1' } as const;
  return {
    key,
    versionId,
    ...about,
    contentMd5: 'M',
    lastModified: 5,
    headers: {},
    pieces: [{ blobId: versionId, size: 1 }],
  };
}
