import { invalidArgumentError, preconditionFailedError, unexpectedQueryError } from '../errors.ts';
import { type OperationResponse, xmlResponse } from '../http/response.ts';
import { formatIsoDate, getHeader, percentDecode } from '../http/wire-text.ts';
import { type Bucket, type ObjectVersion, type OssState, requireBucket } from '../storage/state.ts';
import type { OssRequest, QueryParameters } from '../types.ts';
import { readPartNumber, requireUploadForPart, storePart } from './multipart.ts';
import { readObjectHeaders } from './object-headers.ts';
import { matchesEtag, parseDate, parseRange, type Range, truncateToSeconds } from './object-reading.ts';
import {
  assertMayWrite,
  readPieces,
  requireVersion,
  storeObjectIfAllowed,
  versionIdHeader,
} from './object-versions.ts';
import { assertAcl } from './request-checks.ts';

/** PUT /key?partNumber=N&uploadId=ID with x-oss-copy-source */
export async function uploadPartCopy(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
  parameters: QueryParameters,
): Promise<OperationResponse> {
  if (!parameters.has('partNumber')) throw unexpectedQueryError();
  const uploadId = parameters.get('uploadId') ?? '';
  const incoming = { key, uploadId, partNumber: readPartNumber(parameters), ec: '0042-00000311' };
  requireUploadForPart(bucket, incoming);
  const { object, headers } = readCopySource(state, request);
  // An invalid range copies the whole source.
  const wholeSource: Range = { start: 0, end: object.size };
  const { start, end } =
    parseRange(getHeader(request, 'x-oss-copy-source-range') ?? '', object.size) ?? wholeSource;
  const blob = await state.blobs.write(readPieces(state, object.pieces, start, end));
  const { lastModified, etag } = await storePart(state, bucket, incoming, blob);
  return copyResponse('CopyPartResult', lastModified, etag, headers);
}

/** PUT /key with x-oss-copy-source */
export async function copyObject(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
): Promise<OperationResponse> {
  const forbidsOverwrite = getHeader(request, 'x-oss-forbid-overwrite') === 'true';
  assertMayWrite(bucket, key, forbidsOverwrite);
  assertAcl(request);
  const { object, headers } = readCopySource(state, request);
  const replaces = getHeader(request, 'x-oss-metadata-directive') === 'REPLACE';
  const objectHeaders = replaces ? readObjectHeaders(request) : object.headers;
  const blob = await state.blobs.write(readPieces(state, object.pieces, 0, object.size));
  const copy = await storeObjectIfAllowed(state, bucket, forbidsOverwrite, {
    key,
    type: 'Normal',
    size: blob.size,
    etag: blob.md5,
    crc64: blob.crc64,
    contentMd5: Buffer.from(blob.md5, 'hex').toString('base64'),
    headers: objectHeaders,
    pieces: [{ blobId: blob.blobId, size: blob.size }],
  });
  const responseHeaders = {
    ...headers,
    'x-oss-hash-crc64ecma': copy.crc64,
    ...versionIdHeader(bucket, copy),
  };
  return copyResponse('CopyObjectResult', copy.lastModified, copy.etag, responseHeaders);
}

function copyResponse(
  root: string,
  lastModified: number,
  etag: string,
  headers: Readonly<Record<string, string>>,
): OperationResponse {
  const children = [
    ['LastModified', formatIsoDate(lastModified)],
    ['ETag', `"${etag}"`],
  ] as const;
  return xmlResponse(root, children, headers);
}

/** Reads `x-oss-copy-source`: `/bucket/escaped-key?versionId=…` */
function readCopySource(
  state: OssState,
  request: OssRequest,
): { readonly object: ObjectVersion; readonly headers: Readonly<Record<string, string>> } {
  const text = getHeader(request, 'x-oss-copy-source') ?? '';
  const [, bucketName, escapedKey, versionId] = /^\/?([^/]+)\/([^?]+)(?:\?versionId=(.+))?$/.exec(text) ?? [];
  const key = percentDecode(escapedKey ?? '');
  if (bucketName === undefined || key === undefined || key === '') {
    throw invalidArgumentError('The copy source is not valid.', 'x-oss-copy-source', text);
  }
  const bucket = requireBucket(state, bucketName);
  const object = requireVersion(bucket, key, versionId);
  assertSourceConditions(request, object);
  const isVersioned = bucket.versioning !== undefined;
  return { object, headers: isVersioned ? { 'x-oss-copy-source-version-id': object.versionId } : {} };
}

function assertSourceConditions(request: OssRequest, { etag, lastModified }: ObjectVersion): void {
  const condition = (name: string): string | undefined => getHeader(request, `x-oss-copy-source-if-${name}`);
  const match = condition('match');
  const noneMatch = condition('none-match');
  const modifiedSince = parseDate(condition('modified-since'));
  const unmodifiedSince = parseDate(condition('unmodified-since'));
  const changedAt = truncateToSeconds(lastModified);
  if (match !== undefined && !matchesEtag(match, etag)) throw copyConditionError('match');
  if (noneMatch !== undefined && matchesEtag(noneMatch, etag)) throw copyConditionError('none-match');
  if (modifiedSince !== undefined && changedAt <= modifiedSince) throw copyConditionError('modified-since');
  if (unmodifiedSince !== undefined && changedAt > unmodifiedSince)
    throw copyConditionError('unmodified-since');
}

function copyConditionError(name: string): ReturnType<typeof preconditionFailedError> {
  return preconditionFailedError(`x-oss-copy-source-if-${name}`);
}
