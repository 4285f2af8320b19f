import { invalidArgument } from '../errors.ts';
import { asciiOrder } from '../http/wire-text.ts';
import { writeXml, type XmlElement } from '../http/xml.ts';
import { type Bucket, type MultipartUpload, newestOf, type ObjectVersion } from '../storage/state.ts';
import type { QueryParameters } from '../types.ts';
import { OWNER } from './buckets.ts';
import { isoDate } from './iso-date.ts';
import { encodingOf, type KeyEncoding, limitOf, type Page, pageOf, utf8Order } from './listing-page.ts';

/** ListMultipartUploads, its elements in the order of OSS.md 5.7. */
export function listUploads(bucket: Bucket, parameters: QueryParameters): string {
  const encoding = encodingOf(parameters);
  const limit = limitOf(parameters, 'max-uploads', 1000);
  const prefix = parameters.get('prefix') ?? '';
  const delimiter = parameters.get('delimiter') ?? '';
  const marker = parameters.get('key-marker') ?? '';
  const uploadIdMarker = marker === '' ? '' : (parameters.get('upload-id-marker') ?? '');
  const page = pageOf(bucket.uploads.values(), {
    prefix,
    delimiter,
    marker,
    limit,
    isBehind: ({ key, uploadId }) => {
      if (marker === '') return true;
      const order = utf8Order(key, marker);
      return order > 0 || (order === 0 && uploadIdMarker !== '' && asciiOrder(uploadId, uploadIdMarker) > 0);
    },
    tieBreak: (a, b) => asciiOrder(a.uploadId, b.uploadId),
  });
  return writeXml('ListMultipartUploadsResult', [
    ['EncodingType', encoding.name],
    ['Bucket', bucket.name],
    ['KeyMarker', encoding.encode(marker)],
    ['UploadIdMarker', uploadIdMarker],
    ['NextKeyMarker', encoding.encode(page.last?.key ?? '')],
    ['NextUploadIdMarker', page.last?.item?.uploadId ?? ''],
    ['Delimiter', encoding.encode(delimiter)],
    ['Prefix', encoding.encode(prefix)],
    ['MaxUploads', limit],
    ['IsTruncated', page.isTruncated],
    ...page.items.map((upload) => uploadElement(upload, encoding)),
    ...prefixElements(page, encoding),
  ]);
}

function uploadElement(
  { key, uploadId, headers, initiatedAt }: MultipartUpload,
  encoding: KeyEncoding,
): XmlElement {
  return [
    'Upload',
    [
      ['Key', encoding.encode(key)],
      ['UploadId', uploadId],
      ['StorageClass', headers['x-oss-storage-class'] ?? 'Standard'],
      ['Initiated', isoDate(initiatedAt)],
    ],
  ];
}

export function listObjectsV2(bucket: Bucket, parameters: QueryParameters): string {
  const encoding = encodingOf(parameters);
  const startAfter = parameters.get('start-after');
  const token = parameters.get('continuation-token');
  const marker = token === undefined || token === '' ? (startAfter ?? '') : openToken(token);
  const page = objectPage(bucket, parameters, marker);
  const isOwnerWanted = parameters.get('fetch-owner') === 'true';
  const next = page.isTruncated ? page.last?.key : undefined;
  return writeXml('ListBucketResult', [
    ['Name', bucket.name],
    ['Prefix', encoding.encode(parameters.get('prefix') ?? '')],
    ['StartAfter', startAfter && encoding.encode(startAfter)],
    ['MaxKeys', limitOf(parameters, 'max-keys', 100)],
    ['Delimiter', encoding.encode(parameters.get('delimiter') ?? '')],
    ['EncodingType', encoding.name],
    ['IsTruncated', page.isTruncated],
    ['ContinuationToken', token],
    ['NextContinuationToken', next === undefined ? undefined : sealToken(next)],
    ...page.items.map((object) => objectElement(object, encoding, isOwnerWanted)),
    ...prefixElements(page, encoding),
    ['KeyCount', page.items.length + page.commonPrefixes.length],
  ]);
}

/** The first version of ListObjects: the marker is a plain key. */
export function listObjects(bucket: Bucket, parameters: QueryParameters): string {
  const encoding = encodingOf(parameters);
  const marker = parameters.get('marker') ?? '';
  const page = objectPage(bucket, parameters, marker);
  const next = page.isTruncated ? page.last?.key : undefined;
  return writeXml('ListBucketResult', [
    ['Name', bucket.name],
    ['Prefix', encoding.encode(parameters.get('prefix') ?? '')],
    ['Marker', encoding.encode(marker)],
    ['MaxKeys', limitOf(parameters, 'max-keys', 100)],
    ['Delimiter', encoding.encode(parameters.get('delimiter') ?? '')],
    ['EncodingType', encoding.name],
    ['IsTruncated', page.isTruncated],
    ['NextMarker', next === undefined ? undefined : encoding.encode(next)],
    ...page.items.map((object) => objectElement(object, encoding, true)),
    ...prefixElements(page, encoding),
  ]);
}

function objectPage(bucket: Bucket, parameters: QueryParameters, marker: string): Page<ObjectVersion> {
  const objects = [...bucket.objects.keys()].flatMap((key) => newestOf(bucket, key) ?? []);
  return pageOf(objects, {
    prefix: parameters.get('prefix') ?? '',
    delimiter: parameters.get('delimiter') ?? '',
    marker,
    limit: limitOf(parameters, 'max-keys', 100),
    isBehind: ({ key }) => marker === '' || utf8Order(key, marker) > 0,
  });
}

function objectElement(object: ObjectVersion, encoding: KeyEncoding, isOwnerWanted: boolean): XmlElement {
  return [
    'Contents',
    [
      ['Key', encoding.encode(object.key)],
      ['LastModified', isoDate(object.lastModified)],
      ['ETag', `"${object.etag}"`],
      ['Type', object.type],
      ['Size', object.size],
      ['StorageClass', object.headers['x-oss-storage-class'] ?? 'Standard'],
      ['Owner', isOwnerWanted ? OWNER : undefined],
    ],
  ];
}

function prefixElements({ commonPrefixes }: Page<unknown>, encoding: KeyEncoding): readonly XmlElement[] {
  return commonPrefixes.map((prefix) => ['CommonPrefixes', [['Prefix', encoding.encode(prefix)]]]);
}

/** Opaque to clients, so that none comes to rely on a token being a key. */
function sealToken(key: string): string {
  return Buffer.from(`after:${key}`).toString('base64');
}

function openToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString();
  if (!text.startsWith('after:')) {
    throw invalidArgument('The continuation token provided is incorrect.', 'continuation-token', token);
  }
  return text.slice('after:'.length);
}
