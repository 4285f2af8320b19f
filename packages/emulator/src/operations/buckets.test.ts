import { expect, test } from 'vitest';
import { getChildren, getChildText, parseXml } from '../http/xml.ts';
import { createMemoryBlobs } from '../storage/memory-blobs.ts';
import { createNoRecords } from '../storage/records.ts';
import { type OssState, requireBucket } from '../storage/state.ts';
import {
  deleteBucket,
  getBucketInfo,
  getBucketLocation,
  getVersioning,
  listBuckets,
  putBucket,
  putVersioning,
} from './buckets.ts';

test.each(['ab', 'a'.repeat(64), '-abc', 'abc-', 'Abc', 'a_bc', 'a.bc'])(
  'the bucket name %s is rejected',
  (name) => {
    expect(() => putBucket(empty(), name, '')).toThrow(
      expect.objectContaining({ code: 'InvalidBucketName' }),
    );
  },
);

test('a bucket exists from PUT, which may be repeated, to DELETE', () => {
  const state = empty();
  putBucket(state, 'bucket', '');
  const bucket = requireBucket(state, 'bucket');
  putBucket(state, 'bucket', '<CreateBucketConfiguration></CreateBucketConfiguration>');
  expect(requireBucket(state, 'bucket')).toBe(bucket);
  deleteBucket(state, 'bucket');
  expect(() => requireBucket(state, 'bucket')).toThrow(expect.objectContaining({ code: 'NoSuchBucket' }));
});

test('deleting a bucket with an unfinished upload is rejected as BucketNotEmpty', () => {
  const state = empty();
  putBucket(state, 'bucket', '');
  const upload = { key: 'a', uploadId: 'U', initiatedAt: 0, isSequential: false, forbidsOverwrite: false };
  requireBucket(state, 'bucket').uploads.set('U', { ...upload, headers: {}, parts: new Map() });
  expect(() => deleteBucket(state, 'bucket')).toThrow(expect.objectContaining({ code: 'BucketNotEmpty' }));
});

test('ListBuckets returns pages', () => {
  const state = empty();
  for (const name of ['bbb', 'aaa', 'abc']) putBucket(state, name, '');
  const names = (parameters: ReadonlyMap<string, string>): readonly (string | undefined)[] => {
    const [buckets] = getChildren(
      parseXml(listBuckets(state, parameters), 'ListAllMyBucketsResult'),
      'Buckets',
    );
    return buckets === undefined
      ? []
      : getChildren(buckets, 'Bucket').map((bucket) => getChildText(bucket, 'Name'));
  };
  expect(names(new Map())).toEqual(['aaa', 'abc', 'bbb']);
  expect(names(new Map([['max-keys', '2']]))).toEqual(['aaa', 'abc']);
  expect(names(new Map([['marker', 'abc']]))).toEqual(['bbb']);
  expect(names(new Map([['prefix', 'a']]))).toEqual(['aaa', 'abc']);
});

test('a bucket has its location and its versioning state', () => {
  const state = empty();
  putBucket(state, 'bucket', '');
  const bucket = requireBucket(state, 'bucket');
  const [info] = getChildren(parseXml(getBucketInfo(state, bucket, 'localhost:1'), 'BucketInfo'), 'Bucket');
  expect(info && getChildText(info, 'Location')).toBe('oss-cn-hangzhou');
  expect(info && getChildText(info, 'ExtranetEndpoint')).toBe('localhost:1');
  expect(parseXml(getBucketLocation(state), 'LocationConstraint').text).toBe('oss-cn-hangzhou');
  expect(parseXml(getVersioning(bucket), 'VersioningConfiguration').children.size).toBe(0);
  putVersioning(bucket, '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>');
  expect(getChildText(parseXml(getVersioning(bucket), 'VersioningConfiguration'), 'Status')).toBe('Enabled');
  const off = '<VersioningConfiguration><Status>Off</Status></VersioningConfiguration>';
  expect(() => putVersioning(bucket, off)).toThrow(expect.objectContaining({ code: 'MalformedXML' }));
});

function empty(): OssState {
  const ids = { requestId: () => 'R', uploadId: () => 'U', versionId: () => 'V' };
  const blobs = createMemoryBlobs();
  const records = createNoRecords();
  return { region: 'cn-hangzhou', buckets: new Map(), blobs, records, now: () => 0, ids };
}
