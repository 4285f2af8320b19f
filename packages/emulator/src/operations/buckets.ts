import { bucketNotEmptyError, invalidBucketNameError, malformedXmlError } from '../errors.ts';
import { formatIsoDate } from '../http/wire-text.ts';
import { getChildText, parseXml, writeXml, type XmlElement } from '../http/xml.ts';
import { type Bucket, createEmptyBucket, type OssState, requireBucket } from '../storage/state.ts';
import { compareUtf8, readLimit, selectPage } from './listing-page.ts';

/** An existing bucket is not changed, as in OSS when the caller owns it. */
export function putBucket(state: OssState, name: string, xml: string): Bucket {
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)) throw invalidBucketNameError(name);
  if (xml.trim() !== '') parseXml(xml, 'CreateBucketConfiguration');
  const bucket = state.buckets.get(name) ?? createEmptyBucket(name, state.now());
  state.buckets.set(name, bucket);
  return bucket;
}

/** Unfinished uploads count as content too, because their parts are stored and billed. */
export function deleteBucket(state: OssState, name: string): void {
  const bucket = requireBucket(state, name);
  const hasObjects = [...bucket.objects.values()].some((versions) => versions.length > 0);
  if (hasObjects || bucket.uploads.size > 0) throw bucketNotEmptyError(name);
  state.buckets.delete(name);
}

/** `host` is this emulator's address: clients send later requests to the endpoints in the response. */
export function getBucketInfo(state: OssState, bucket: Bucket, host: string): string {
  return writeXml('BucketInfo', [
    [
      'Bucket',
      [
        ['AccessMonitor', 'Disabled'],
        ['CreationDate', formatIsoDate(bucket.createdAt)],
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
  const limit = readLimit(parameters, 'max-keys', 100);
  const buckets = [...state.buckets.values()].map((bucket) => ({ key: bucket.name, bucket }));
  const isAfterMarker = ({ key }: { readonly key: string }): boolean => compareUtf8(key, marker) > 0;
  const page = selectPage(buckets, { prefix, delimiter: '', marker, limit, isAfterMarker });
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
      ['CreationDate', formatIsoDate(createdAt)],
      ['ExtranetEndpoint', `oss-${region}.aliyuncs.com`],
      ['IntranetEndpoint', `oss-${region}-internal.aliyuncs.com`],
      ['Location', `oss-${region}`],
      ['Name', name],
      ['Region', region],
      ['StorageClass', 'Standard'],
    ],
  ];
}

/** ACLs are not modelled: a bucket is private, and an object inherits from its bucket. */
export function accessControlPolicy(grant: 'private' | 'default'): string {
  return writeXml('AccessControlPolicy', [
    ['Owner', OWNER],
    ['AccessControlList', [['Grant', grant]]],
  ]);
}

export function getVersioning(bucket: Bucket): string {
  return writeXml('VersioningConfiguration', [['Status', bucket.versioning]]);
}

/** Versioning that was enabled can be suspended, but not removed. */
export function putVersioning(bucket: Bucket, xml: string): void {
  const status = getChildText(parseXml(xml, 'VersioningConfiguration'), 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') throw malformedXmlError();
  bucket.versioning = status;
}

/** The owner of everything: an emulator has one account. */
export const OWNER: readonly XmlElement[] = [
  ['ID', '1000000000000000'],
  ['DisplayName', '1000000000000000'],
];
