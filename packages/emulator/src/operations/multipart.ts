import {
  invalidArgument,
  invalidPartNumber,
  partAlreadyExists,
  partNotSequential,
  unexpectedQuery,
} from '../errors.ts';
import { storeBody } from '../http/body.ts';
import { type Answer, emptyAnswer, xmlAnswer } from '../http/response.ts';
import { headerOf, percentEncode } from '../http/wire-text.ts';
import type { XmlElement } from '../http/xml.ts';
import type { StoredBlob } from '../storage/blobs.ts';
import {
  type Bucket,
  type MultipartUpload,
  type OssState,
  type StoredPart,
  uploadOf,
} from '../storage/state.ts';
import type { OssRequest, QueryParameters } from '../types.ts';
import { isoDate } from './iso-date.ts';
import { objectHeadersOf } from './object-headers.ts';
import { assertMayWrite } from './objects.ts';
import { assertTrafficLimit } from './request-checks.ts';

/** POST /key?uploads */
export async function initiateMultipartUpload(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
  parameters: QueryParameters,
): Promise<Answer> {
  const forbidsOverwrite = headerOf(request, 'x-oss-forbid-overwrite') === 'true';
  assertMayWrite(bucket, key, forbidsOverwrite);
  const upload: MultipartUpload = {
    key,
    uploadId: state.ids.uploadId(),
    initiatedAt: state.now(),
    isSequential: parameters.has('sequential'),
    forbidsOverwrite,
    headers: objectHeadersOf(request),
    parts: new Map(),
  };
  bucket.uploads.set(upload.uploadId, upload);
  await state.records.saveUpload(bucket, upload);
  return xmlAnswer('InitiateMultipartUploadResult', [
    ...encodingElement(parameters),
    ['Bucket', bucket.name],
    ['Key', encoded(key, parameters)],
    ['UploadId', upload.uploadId],
  ]);
}

/** PUT /key?partNumber=N&uploadId=ID */
export async function uploadPart(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
  parameters: QueryParameters,
): Promise<Answer> {
  const uploadId = parameters.get('uploadId');
  if (uploadId === undefined || !parameters.has('partNumber')) throw unexpectedQuery();
  const partNumber = partNumberOf(parameters);
  const awaited = { key, uploadId, partNumber, ec: '0042-00000104' };
  awaitingUpload(bucket, awaited);
  assertTrafficLimit(request, parameters);
  const blob = await storeBody(state, request);
  await landPart(state, bucket, awaited, blob);
  return emptyAnswer(200, {
    ETag: `"${blob.md5}"`,
    'Content-MD5': Buffer.from(blob.md5, 'hex').toString('base64'),
    'x-oss-hash-crc64ecma': blob.crc64,
  });
}

/** A part on its way. */
export interface AwaitedPart {
  readonly key: string;
  readonly uploadId: string;
  readonly partNumber: number;
  /** Of the NoSuchUpload that this operation answers with. */
  readonly ec: string;
}

/** The upload that takes the part, if there is one that does. */
export function awaitingUpload(
  bucket: Bucket,
  { key, uploadId, partNumber, ec }: AwaitedPart,
): MultipartUpload {
  const upload = uploadOf(bucket, key, uploadId, ec);
  assertSequence(upload, partNumber);
  return upload;
}

/** Keeps what came in under its number, in place of the part before it. */
export async function landPart(
  state: OssState,
  bucket: Bucket,
  awaited: AwaitedPart,
  { blobId, size, md5, crc64 }: StoredBlob,
): Promise<StoredPart> {
  const { partNumber } = awaited;
  let upload: MultipartUpload;
  try {
    upload = awaitingUpload(bucket, awaited);
  } catch (reason) {
    // While the body came in the upload ended, or its sequence went on without it: the bytes belong to
    // nobody.
    await state.blobs.remove(blobId);
    throw reason;
  }
  const replaced = upload.parts.get(partNumber);
  const checksums = { etag: md5, crc64, trueCrc64: crc64 };
  const part: StoredPart = { partNumber, size, ...checksums, lastModified: state.now(), blobId };
  upload.parts.set(partNumber, part);
  await state.records.savePart(bucket, upload, part);
  if (replaced !== undefined) await state.blobs.remove(replaced.blobId);
  return part;
}

/** GET /key?uploadId=ID */
export function listParts(bucket: Bucket, key: string, parameters: QueryParameters): Answer {
  const upload = uploadOf(bucket, key, parameters.get('uploadId') ?? '', '0042-00000002');
  const marker = wholeNumber(parameters, 'part-number-marker', 0, 10_000, 0);
  const max = wholeNumber(parameters, 'max-parts', 1, 1000, 1000);
  const after = partsOf(upload).filter((part) => part.partNumber > marker);
  const page = after.slice(0, max);
  return xmlAnswer('ListPartsResult', [
    ...encodingElement(parameters),
    ['Bucket', bucket.name],
    ['Key', encoded(key, parameters)],
    ['UploadId', upload.uploadId],
    ['StorageClass', upload.headers['x-oss-storage-class'] ?? 'Standard'],
    ['PartNumberMarker', marker],
    ['NextPartNumberMarker', page.at(-1)?.partNumber ?? ''],
    ['MaxParts', max],
    ['IsTruncated', after.length > page.length],
    ...page.map(partElement),
  ]);
}

/** DELETE /key?uploadId=ID */
export async function abortMultipartUpload(
  state: OssState,
  bucket: Bucket,
  key: string,
  parameters: QueryParameters,
): Promise<Answer> {
  await dropUpload(state, bucket, uploadOf(bucket, key, parameters.get('uploadId') ?? '', '0042-00000002'));
  return emptyAnswer(204);
}

/** Forgets an upload and its bytes. */
export async function dropUpload(state: OssState, bucket: Bucket, upload: MultipartUpload): Promise<void> {
  bucket.uploads.delete(upload.uploadId);
  await state.records.removeUpload(bucket, upload.uploadId);
  for (const part of upload.parts.values()) await state.blobs.remove(part.blobId);
}

/** Ascending. */
export function partsOf(upload: MultipartUpload): readonly StoredPart[] {
  return [...upload.parts.values()].sort((a, b) => a.partNumber - b.partNumber);
}

export function partNumberOf(parameters: QueryParameters): number {
  const text = parameters.get('partNumber') ?? '';
  const partNumber = Number(text);
  if (!/^\d{1,5}$/.test(text) || partNumber < 1 || partNumber > 10_000) throw invalidPartNumber(text);
  return partNumber;
}

/** Parts of a `sequential` upload come in order, each once. */
function assertSequence({ isSequential, parts }: MultipartUpload, partNumber: number): void {
  if (!isSequential) return;
  if (parts.has(partNumber)) throw partAlreadyExists();
  if (partNumber !== parts.size + 1) throw partNotSequential();
}

export function encodingElement(parameters: QueryParameters): readonly XmlElement[] {
  const encodingType = parameters.get('encoding-type');
  if (encodingType === undefined || encodingType === '') return [];
  if (encodingType === 'url') return [['EncodingType', 'url']];
  throw invalidArgument('Invalid Encoding Method specified in Request.', 'encoding-type', encodingType);
}

export function encoded(text: string, parameters: QueryParameters): string {
  return parameters.get('encoding-type') === 'url' ? percentEncode(text) : text;
}

function partElement({ partNumber, lastModified, etag, crc64, size }: StoredPart): XmlElement {
  return [
    'Part',
    [
      ['PartNumber', partNumber],
      ['LastModified', isoDate(lastModified)],
      ['ETag', `"${etag}"`],
      ['HashCrc64ecma', crc64],
      ['Size', size],
    ],
  ];
}

function wholeNumber(
  parameters: QueryParameters,
  name: string,
  min: number,
  max: number,
  missing: number,
): number {
  const text = parameters.get(name);
  if (text === undefined || text === '') return missing;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw invalidArgument(`Argument ${name} must be an integer between ${min} and ${max}.`, name, text);
}
