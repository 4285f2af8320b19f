import { bucketNotEmpty, invalidBucketName, malformedXml } from '../errors.ts';
import { readXml, textOf, writeXml, type XmlElement } from '../http/xml.ts';
import { type Bucket, bucketOf, newBucket, type OssState } from '../storage/state.ts';
import { isoDate } from './iso-date.ts';
import { limitOf, pageOf, utf8Order } from './listing-page.ts';

/** Putting a bucket that is there changes nothing, as with OSS when it is one's own. */
export function putBucket(state: OssState, name: string, xml: string): Bucket {
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)) throw invalidBucketName(name);
  if (xml.trim() !== '') readXml(xml, 'CreateBucketConfiguration');
  const bucket = state.buckets.get(name) ?? newBucket(name, state.now());
  state.buckets.set(name, bucket);
  return bucket;
}

/** Uploads count too: their parts are stored and billed. */
export function deleteBucket(state: OssState, name: string): void {
  const bucket = bucketOf(state, name);
  const hasObjects = [...bucket.objects.values()].some((versions) => versions.length > 0);
  if (hasObjects || bucket.uploads.size > 0) throw bucketNotEmpty(name);
  state.buckets.delete(name);
}

/** `host` is where this emulator is reached: clients go on to the endpoints named here. */
export function getBucketInfo(state: OssState, bucket: Bucket, host: string): string {
  return writeXml('BucketInfo', [
    [
      'Bucket',
      [
        ['AccessMonitor', 'Disabled'],
        ['CreationDate', isoDate(bucket.createdAt)],
        ['CrossRegionReplication', 'Disabled'],
        ['DataRedundancyType', 'LRS'],
        ['ExtranetEndpoint', host],
        ['IntranetEndpoint', host],
        ['Location', `oss-${state.region}`],
        ['Name', bucket.name],
        ['StorageClass', 'Standard'],
        ['TransferAcceleration', 'Disabled'],
        ['Versioning', bucket.versioning],
        ['Owner', OWNER],
        ['AccessControlList', [['Grant', 'private']]],
      ],
    ],
  ]);
}

export function getBucketLocation(state: OssState): string {
  const region = state.region.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint>oss-${region}</LocationConstraint>`;
}

export function listBuckets(state: OssState, parameters: ReadonlyMap<string, string>): string {
  const prefix = parameters.get('prefix') ?? '';
  const marker = parameters.get('marker') ?? '';
  const limit = limitOf(parameters, 'max-keys', 100);
  const buckets = [...state.buckets.values()].map((bucket) => ({ key: bucket.name, bucket }));
  const isBehind = ({ key }: { readonly key: string }): boolean => utf8Order(key, marker) > 0;
  const page = pageOf(buckets, { prefix, delimiter: '', marker, limit, isBehind });
  return writeXml('ListAllMyBucketsResult', [
    ['Prefix', prefix],
    ['Marker', marker],
    ['MaxKeys', limit],
    ['IsTruncated', page.isTruncated],
    ['NextMarker', page.isTruncated ? page.last?.key : undefined],
    ['Owner', OWNER],
    ['Buckets', page.items.map(({ bucket }) => bucketElement(state, bucket))],
  ]);
}

function bucketElement({ region }: OssState, { name, createdAt }: Bucket): XmlElement {
  return [
    'Bucket',
    [
      ['CreationDate', isoDate(createdAt)],
      ['ExtranetEndpoint', `oss-${region}.aliyuncs.com`],
      ['IntranetEndpoint', `oss-${region}-internal.aliyuncs.com`],
      ['Location', `oss-${region}`],
      ['Name', name],
      ['Region', region],
      ['StorageClass', 'Standard'],
    ],
  ];
}

/** ACLs are not modelled: a bucket is private, and an object as its bucket. */
export function accessControlPolicy(grant: 'private' | 'default'): string {
  return writeXml('AccessControlPolicy', [
    ['Owner', OWNER],
    ['AccessControlList', [['Grant', grant]]],
  ]);
}

export function getVersioning(bucket: Bucket): string {
  return writeXml('VersioningConfiguration', [['Status', bucket.versioning]]);
}

/** Versioning once enabled can be suspended but never taken away. */
export function putVersioning(bucket: Bucket, xml: string): void {
  const status = textOf(readXml(xml, 'VersioningConfiguration'), 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') throw malformedXml();
  bucket.versioning = status;
}

/** Whom everything belongs to: an emulator has one account. */
export const OWNER: readonly XmlElement[] = [
  ['ID', '1000000000000000'],
  ['DisplayName', '1000000000000000'],
];
