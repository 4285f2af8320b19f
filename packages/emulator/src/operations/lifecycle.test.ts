import { expect, test } from 'vitest';
import { createMemoryBlobs } from '../storage/memory-blobs.ts';
import { createNoRecords } from '../storage/records.ts';
import { type Bucket, type OssState, type Records, requireBucket, requireUpload } from '../storage/state.ts';
import { putBucket } from './buckets.ts';
import { applyLifecycle, deleteLifecycle, getLifecycle, putLifecycle } from './lifecycle.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-01-10T12:00:00Z');

test('an upload is aborted and its bytes removed when it is as old as its rule allows', async () => {
  const { state, bucket, blobId, passDays } = await withUpload('logs/a');
  putLifecycle(
    bucket,
    rule('<Prefix>logs/</Prefix><AbortMultipartUpload><Days>2</Days></AbortMultipartUpload>'),
  );
  passDays(1.9);
  await applyLifecycle(state);
  expect(bucket.uploads.size).toBe(1);
  passDays(0.1);
  await applyLifecycle(state);
  expect(bucket.uploads.size).toBe(0);
  expect(() => state.blobs.read(blobId, 0, 1)).toThrow('no blob');
});

test.each([
  ['2026-01-11T00:00:00.000Z', 0],
  ['2026-01-10T00:00:00.000Z', 1],
])('with createdBefore %s, %i uploads of noon on the 10th are left', async (date, expectedCount) => {
  const { state, bucket } = await withUpload('a');
  const abort = `<CreatedBeforeDate>${date}</CreatedBeforeDate>`;
  putLifecycle(bucket, rule(`<AbortMultipartUpload>${abort}</AbortMultipartUpload>`));
  await applyLifecycle(state);
  expect(bucket.uploads.size).toBe(expectedCount);
});

test('changes are persisted, and an upload that is completed meanwhile keeps its bytes', async () => {
  const removed: string[] = [];
  const records: Records = {
    ...createNoRecords(),
    async removeUpload(bucket, uploadId) {
      removed.push(uploadId);
      bucket.uploads.delete('later');
    },
  };
  const { state, bucket, blobId, passDays } = await withUpload('a', records);
  const first = requireUpload(bucket, 'a', 'U', '');
  bucket.uploads.clear();
  bucket.uploads.set('V', { ...first, uploadId: 'V', parts: new Map() });
  bucket.uploads.set('later', { ...first, uploadId: 'later' });
  putLifecycle(bucket, rule('<AbortMultipartUpload><Days>1</Days></AbortMultipartUpload>'));
  passDays(1);
  await applyLifecycle(state);
  expect(removed).toEqual(['V']);
  expect(() => state.blobs.read(blobId, 0, 1)).not.toThrow();
});

test('disabled rules and rules for other prefixes abort nothing', async () => {
  const { state, bucket, passDays } = await withUpload('a');
  const abort = '<AbortMultipartUpload><Days>1</Days></AbortMultipartUpload>';
  passDays(30);
  putLifecycle(bucket, rule(`<Prefix>b</Prefix>${abort}`));
  await applyLifecycle(state);
  putLifecycle(bucket, rule(abort, 'Disabled'));
  await applyLifecycle(state);
  expect(bucket.uploads.size).toBe(1);
});

test.each([
  [undefined, 0],
  ['Enabled', 2],
  ['Suspended', 1],
] as const)(
  'an object expires; with versioning %s it leaves %i versions',
  async (versioning, expectedCount) => {
    const { state, bucket, passDays } = await withUpload('a');
    const { blobId } = await state.blobs.write(bytes());
    const object = { key: 'a', versionId: 'null', isDeleteMarker: false, type: 'Normal', size: 1 } as const;
    const sums = { etag: 'E', crc64: '0', contentMd5: undefined, lastModified: START, headers: {} };
    bucket.objects.set('a', [{ ...object, ...sums, pieces: [{ blobId, size: 1 }] }]);
    bucket.versioning = versioning;
    putLifecycle(bucket, rule('<Expiration><Days>1</Days></Expiration>'));
    passDays(1);
    await applyLifecycle(state);
    await applyLifecycle(state);
    expect(bucket.objects.get('a')?.length ?? 0).toBe(expectedCount);
    expect(bucket.objects.get('a')?.at(-1)?.isDeleteMarker ?? true).toBe(true);
  },
);

test('rules are returned complete, with an ID each', async () => {
  const { bucket } = await withUpload('a');
  putLifecycle(bucket, rule('<Prefix>a&amp;b</Prefix><Tag><Key>k</Key><Value>v</Value></Tag>'));
  const xml = getLifecycle(bucket);
  expect(xml).toContain('<Prefix>a&amp;b</Prefix><Tag><Key>k</Key><Value>v</Value></Tag>');
  expect(xml).toMatch(/<ID>.+<\/ID>/);
  putLifecycle(bucket, xml);
  expect(getLifecycle(bucket)).toBe(xml);
  deleteLifecycle(bucket);
  expect(() => getLifecycle(bucket)).toThrow(expect.objectContaining({ code: 'NoSuchLifecycle' }));
});

test.each([
  '<LifecycleConfiguration></LifecycleConfiguration>',
  rule('', 'On'),
  rule('<AbortMultipartUpload></AbortMultipartUpload>'),
  rule('<AbortMultipartUpload><Days>0</Days></AbortMultipartUpload>'),
  rule('<AbortMultipartUpload><CreatedBeforeDate>2026-01-01</CreatedBeforeDate></AbortMultipartUpload>'),
  rule(`<ID>${'x'.repeat(256)}</ID>`),
])('the rule %s is rejected', async (xml) => {
  const { bucket } = await withUpload('a');
  expect(() => putLifecycle(bucket, xml)).toThrow(expect.objectContaining({ code: 'MalformedXML' }));
});

function rule(content: string, status = 'Enabled'): string {
  return `<LifecycleConfiguration><Rule>${content}<Status>${status}</Status></Rule></LifecycleConfiguration>`;
}

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
}

interface Fixture {
  readonly state: OssState;
  readonly bucket: Bucket;
  readonly blobId: string;
  readonly passDays: (days: number) => void;
}

async function withUpload(key: string, records: Records = createNoRecords()): Promise<Fixture> {
  let now = START;
  const ids = { requestId: () => 'R', uploadId: () => 'U', versionId: () => 'V' };
  const blobs = createMemoryBlobs();
  const state: OssState = { region: 'cn-hangzhou', buckets: new Map(), blobs, records, now: () => now, ids };
  putBucket(state, 'bucket', '');
  const bucket = requireBucket(state, 'bucket');
  const { blobId, size, crc64 } = await blobs.write(bytes());
  const part = { partNumber: 1, size, etag: 'E', crc64, trueCrc64: crc64, lastModified: now, blobId };
  const flags = { isSequential: false, forbidsOverwrite: false, headers: {} };
  bucket.uploads.set('U', { key, uploadId: 'U', initiatedAt: now, ...flags, parts: new Map([[1, part]]) });
  const passDays = (days: number): void => {
    now += days * DAY;
  };
  return { state, bucket, blobId, passDays };
}
