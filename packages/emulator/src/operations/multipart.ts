import {
  invalidArgumentError,
  invalidPartNumberError,
  partAlreadyExistsError,
  partNotSequentialError,
  unexpectedQueryError,
} from '../errors.ts';
import { storeBody } from '../http/body.ts';
import { emptyResponse, type OperationResponse, xmlResponse } from '../http/response.ts';
import { formatIsoDate, getHeader } from '../http/wire-text.ts';
import type { XmlElement } from '../http/xml.ts';
import type { StoredBlob } from '../storage/blobs.ts';
import {
  type Bucket,
  type MultipartUpload,
  type OssState,
  requireUpload,
  type StoredPart,
} from '../storage/state.ts';
import type { OssRequest, QueryParameters } from '../types.ts';
import { readKeyEncoding } from './listing-page.ts';
import { readObjectHeaders } from './object-headers.ts';
import { assertMayWrite } from './object-versions.ts';
import { assertTrafficLimit } from './request-checks.ts';

/** POST /key?uploads */
export async function initiateMultipartUpload(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
  parameters: QueryParameters,
): Promise<OperationResponse> {
  const forbidsOverwrite = getHeader(request, 'x-oss-forbid-overwrite') === 'true';
  assertMayWrite(bucket, key, forbidsOverwrite);
  const upload: MultipartUpload = {
    key,
    uploadId: state.ids.uploadId(),
    initiatedAt: state.now(),
    isSequential: parameters.has('sequential'),
    forbidsOverwrite,
    headers: readObjectHeaders(request),
    parts: new Map(),
  };
  bucket.uploads.set(upload.uploadId, upload);
  await state.records.saveUpload(bucket, upload);
  const encoding = readKeyEncoding(parameters);
  return xmlResponse('InitiateMultipartUploadResult', [
    ['EncodingType', encoding.name],
    ['Bucket', bucket.name],
    ['Key', encoding.encode(key)],
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
): Promise<OperationResponse> {
  const uploadId = parameters.get('uploadId');
  if (uploadId === undefined || !parameters.has('partNumber')) throw unexpectedQueryError();
  const partNumber = readPartNumber(parameters);
  const incoming = { key, uploadId, partNumber, ec: '0042-00000104' };
  requireUploadForPart(bucket, incoming);
  assertTrafficLimit(request, parameters);
  const blob = await storeBody(state, request);
  await storePart(state, bucket, incoming, blob);
  return emptyResponse(200, {
    ETag: `"${blob.md5}"`,
    'Content-MD5': Buffer.from(blob.md5, 'hex').toString('base64'),
    'x-oss-hash-crc64ecma': blob.crc64,
  });
}

/** A part that is being uploaded. */
export interface IncomingPart {
  readonly key: string;
  readonly uploadId: string;
  readonly partNumber: number;
  /** The EC of this operation's NoSuchUpload. */
  readonly ec: string;
}

/** Returns the part's upload. Throws if there is none, or if a sequential upload expects another part. */
export function requireUploadForPart(
  bucket: Bucket,
  { key, uploadId, partNumber, ec }: IncomingPart,
): MultipartUpload {
  const upload = requireUpload(bucket, key, uploadId, ec);
  assertSequence(upload, partNumber);
  return upload;
}

/** Stores a part under its number, in place of an earlier one. */
export async function storePart(
  state: OssState,
  bucket: Bucket,
  incoming: IncomingPart,
  { blobId, size, md5, crc64 }: StoredBlob,
): Promise<StoredPart> {
  const { partNumber } = incoming;
  let upload: MultipartUpload;
  try {
    upload = requireUploadForPart(bucket, incoming);
  } catch (reason) {
    // While the body was read, the upload ended or its sequence continued: the bytes are no part.
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
export function listParts(bucket: Bucket, key: string, parameters: QueryParameters): OperationResponse {
  const upload = requireUpload(bucket, key, parameters.get('uploadId') ?? '', '0042-00000002');
  const marker = readWholeNumber(parameters, 'part-number-marker', 0, 10_000, 0);
  const max = readWholeNumber(parameters, 'max-parts', 1, 1000, 1000);
  const remaining = sortParts(upload).filter((part) => part.partNumber > marker);
  const page = remaining.slice(0, max);
  const encoding = readKeyEncoding(parameters);
  return xmlResponse('ListPartsResult', [
    ['EncodingType', encoding.name],
    ['Bucket', bucket.name],
    ['Key', encoding.encode(key)],
    ['UploadId', upload.uploadId],
    ['StorageClass', upload.headers['x-oss-storage-class'] ?? 'Standard'],
    ['PartNumberMarker', marker],
    ['NextPartNumberMarker', page.at(-1)?.partNumber ?? ''],
    ['MaxParts', max],
    ['IsTruncated', remaining.length > page.length],
    ...page.map(partElement),
  ]);
}

/** DELETE /key?uploadId=ID */
export async function abortMultipartUpload(
  state: OssState,
  bucket: Bucket,
  key: string,
  parameters: QueryParameters,
): Promise<OperationResponse> {
  await removeUpload(
    state,
    bucket,
    requireUpload(bucket, key, parameters.get('uploadId') ?? '', '0042-00000002'),
  );
  return emptyResponse(204);
}

/** Removes an upload and the bytes of its parts. */
async function removeUpload(state: OssState, bucket: Bucket, upload: MultipartUpload): Promise<void> {
  bucket.uploads.delete(upload.uploadId);
  await state.records.removeUpload(bucket, upload.uploadId);
  for (const part of upload.parts.values()) await state.blobs.remove(part.blobId);
}

/** The parts of an upload, ascending by number. */
export function sortParts(upload: MultipartUpload): readonly StoredPart[] {
  return [...upload.parts.values()].sort((a, b) => a.partNumber - b.partNumber);
}

export function readPartNumber(parameters: QueryParameters): number {
  const text = parameters.get('partNumber') ?? '';
  const partNumber = Number(text);
  if (!/^\d{1,5}$/.test(text) || partNumber < 1 || partNumber > 10_000) throw invalidPartNumberError(text);
  return partNumber;
}

/** Parts of a `sequential` upload must arrive in order, each once. */
function assertSequence({ isSequential, parts }: MultipartUpload, partNumber: number): void {
  if (!isSequential) return;
  if (parts.has(partNumber)) throw partAlreadyExistsError();
  if (partNumber !== parts.size + 1) throw partNotSequentialError();
}

function partElement({ partNumber, lastModified, etag, crc64, size }: StoredPart): XmlElement {
  return [
    'Part',
    [
      ['PartNumber', partNumber],
      ['LastModified', formatIsoDate(lastModified)],
      ['ETag', `"${etag}"`],
      ['HashCrc64ecma', crc64],
      ['Size', size],
    ],
  ];
}

function readWholeNumber(
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
  throw invalidArgumentError(`Argument ${name} must be an integer between ${min} and ${max}.`, name, text);
}
