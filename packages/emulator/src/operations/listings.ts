import { invalidArgumentError } from '../errors.ts';
import { compareAscii, formatIsoDate } from '../http/wire-text.ts';
import { writeXml, type XmlElement } from '../http/xml.ts';
import {
  type Bucket,
  findNewestVersion,
  type MultipartUpload,
  type ObjectVersion,
} from '../storage/state.ts';
import type { QueryParameters } from '../types.ts';
import { OWNER } from './buckets.ts';
import {
  compareUtf8,
  type KeyEncoding,
  type Page,
  readKeyEncoding,
  readLimit,
  selectPage,
} from './listing-page.ts';

/** ListMultipartUploads. The order of the elements is that of OSS.md 5.7. */
export function listUploads(bucket: Bucket, parameters: QueryParameters): string {
  const encoding = readKeyEncoding(parameters);
  const limit = readLimit(parameters, 'max-uploads', 1000);
  const prefix = parameters.get('prefix') ?? '';
  const delimiter = parameters.get('delimiter') ?? '';
  const marker = parameters.get('key-marker') ?? '';
  const uploadIdMarker = marker === '' ? '' : (parameters.get('upload-id-marker') ?? '');
  const page = selectPage(bucket.uploads.values(), {
    prefix,
    delimiter,
    marker,
    limit,
    isAfterMarker: ({ key, uploadId }) => {
      if (marker === '') return true;
      const order = compareUtf8(key, marker);
      return (
        order > 0 || (order === 0 && uploadIdMarker !== '' && compareAscii(uploadId, uploadIdMarker) > 0)
      );
    },
    tieBreak: (a, b) => compareAscii(a.uploadId, b.uploadId),
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
      ['Initiated', formatIsoDate(initiatedAt)],
    ],
  ];
}

export function listObjectsV2(bucket: Bucket, parameters: QueryParameters): string {
  const encoding = readKeyEncoding(parameters);
  const startAfter = parameters.get('start-after');
  const token = parameters.get('continuation-token');
  const marker = token === undefined || token === '' ? (startAfter ?? '') : decodeToken(token);
  const page = objectPage(bucket, parameters, marker);
  const includesOwner = parameters.get('fetch-owner') === 'true';
  const next = page.isTruncated ? page.last?.key : undefined;
  return writeXml('ListBucketResult', [
    ['Name', bucket.name],
    ['Prefix', encoding.encode(parameters.get('prefix') ?? '')],
    ['StartAfter', startAfter && encoding.encode(startAfter)],
    ['MaxKeys', readLimit(parameters, 'max-keys', 100)],
    ['Delimiter', encoding.encode(parameters.get('delimiter') ?? '')],
    ['EncodingType', encoding.name],
    ['IsTruncated', page.isTruncated],
    ['ContinuationToken', token],
    ['NextContinuationToken', next === undefined ? undefined : encodeToken(next)],
    ...page.items.map((object) => objectElement(object, encoding, includesOwner)),
    ...prefixElements(page, encoding),
    ['KeyCount', page.items.length + page.commonPrefixes.length],
  ]);
}

/** Version 1 of ListObjects: the marker is a plain key. */
export function listObjects(bucket: Bucket, parameters: QueryParameters): string {
  const encoding = readKeyEncoding(parameters);
  const marker = parameters.get('marker') ?? '';
  const page = objectPage(bucket, parameters, marker);
  const next = page.isTruncated ? page.last?.key : undefined;
  return writeXml('ListBucketResult', [
    ['Name', bucket.name],
    ['Prefix', encoding.encode(parameters.get('prefix') ?? '')],
    ['Marker', encoding.encode(marker)],
    ['MaxKeys', readLimit(parameters, 'max-keys', 100)],
    ['Delimiter', encoding.encode(parameters.get('delimiter') ?? '')],
    ['EncodingType', encoding.name],
    ['IsTruncated', page.isTruncated],
    ['NextMarker', next === undefined ? undefined : encoding.encode(next)],
    ...page.items.map((object) => objectElement(object, encoding, true)),
    ...prefixElements(page, encoding),
  ]);
}

function objectPage(bucket: Bucket, parameters: QueryParameters, marker: string): Page<ObjectVersion> {
  const objects = [...bucket.objects.keys()].flatMap((key) => findNewestVersion(bucket, key) ?? []);
  return selectPage(objects, {
    prefix: parameters.get('prefix') ?? '',
    delimiter: parameters.get('delimiter') ?? '',
    marker,
    limit: readLimit(parameters, 'max-keys', 100),
    isAfterMarker: ({ key }) => marker === '' || compareUtf8(key, marker) > 0,
  });
}

function objectElement(object: ObjectVersion, encoding: KeyEncoding, includesOwner: boolean): XmlElement {
  return [
    'Contents',
    [
      ['Key', encoding.encode(object.key)],
      ['LastModified', formatIsoDate(object.lastModified)],
      ['ETag', `"${object.etag}"`],
      ['Type', object.type],
      ['Size', object.size],
      ['StorageClass', object.headers['x-oss-storage-class'] ?? 'Standard'],
      ['Owner', includesOwner ? OWNER : undefined],
    ],
  ];
}

function prefixElements({ commonPrefixes }: Page<unknown>, encoding: KeyEncoding): readonly XmlElement[] {
  return commonPrefixes.map((prefix) => ['CommonPrefixes', [['Prefix', encoding.encode(prefix)]]]);
}

/** Opaque, so that no client relies on a token being a key. */
function encodeToken(key: string): string {
  return Buffer.from(`after:${key}`).toString('base64');
}

function decodeToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString();
  if (!text.startsWith('after:')) {
    throw invalidArgumentError('The continuation token provided is incorrect.', 'continuation-token', token);
  }
  return text.slice('after:'.length);
}
