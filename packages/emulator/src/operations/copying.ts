import { invalidArgument, preconditionFailed, unexpectedQuery } from '../errors.ts';
import { type Answer, xmlAnswer } from '../http/response.ts';
import { headerOf, percentDecode } from '../http/wire-text.ts';
import { type Bucket, bucketOf, type ObjectVersion, type OssState } from '../storage/state.ts';
import type { OssRequest, QueryParameters } from '../types.ts';
import { isoDate } from './iso-date.ts';
import { awaitingUpload, landPart, partNumberOf } from './multipart.ts';
import { objectHeadersOf } from './object-headers.ts';
import { instantOf, matches, type Range, readRange, wholeSeconds } from './object-reading.ts';
import { assertMayWrite, keepObjectIfAllowed, readPieces, versionHeader, versionOf } from './objects.ts';
import { assertAcl } from './request-checks.ts';

/** PUT /key?partNumber=N&uploadId=ID with x-oss-copy-source */
export async function uploadPartCopy(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
  parameters: QueryParameters,
): Promise<Answer> {
  if (!parameters.has('partNumber')) throw unexpectedQuery();
  const uploadId = parameters.get('uploadId') ?? '';
  const awaited = { key, uploadId, partNumber: partNumberOf(parameters), ec: '0042-00000311' };
  awaitingUpload(bucket, awaited);
  const { object, headers } = copySource(state, request);
  // A range that is not understood copies the whole source.
  const whole: Range = { start: 0, end: object.size };
  const { start, end } = readRange(headerOf(request, 'x-oss-copy-source-range') ?? '', object.size) ?? whole;
  const blob = await state.blobs.write(readPieces(state, object.pieces, start, end));
  const { lastModified, etag } = await landPart(state, bucket, awaited, blob);
  return copied('CopyPartResult', lastModified, etag, headers);
}

/** PUT /key with x-oss-copy-source */
export async function copyObject(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
): Promise<Answer> {
  const forbidsOverwrite = headerOf(request, 'x-oss-forbid-overwrite') === 'true';
  assertMayWrite(bucket, key, forbidsOverwrite);
  assertAcl(request);
  const { object, headers } = copySource(state, request);
  const replaces = headerOf(request, 'x-oss-metadata-directive') === 'REPLACE';
  const objectHeaders = replaces ? objectHeadersOf(request) : object.headers;
  const blob = await state.blobs.write(readPieces(state, object.pieces, 0, object.size));
  const copy = await keepObjectIfAllowed(state, bucket, forbidsOverwrite, {
    key,
    type: 'Normal',
    size: blob.size,
    etag: blob.md5,
    crc64: blob.crc64,
    contentMd5: Buffer.from(blob.md5, 'hex').toString('base64'),
    headers: objectHeaders,
    pieces: [{ blobId: blob.blobId, size: blob.size }],
  });
  const answerHeaders = { ...headers, 'x-oss-hash-crc64ecma': copy.crc64, ...versionHeader(bucket, copy) };
  return copied('CopyObjectResult', copy.lastModified, copy.etag, answerHeaders);
}

function copied(
  root: string,
  lastModified: number,
  etag: string,
  headers: Readonly<Record<string, string>>,
): Answer {
  const children = [
    ['LastModified', isoDate(lastModified)],
    ['ETag', `"${etag}"`],
  ] as const;
  return xmlAnswer(root, children, headers);
}

/** `/bucket/escaped-key?versionId=…` */
function copySource(
  state: OssState,
  request: OssRequest,
): { readonly object: ObjectVersion; readonly headers: Readonly<Record<string, string>> } {
  const text = headerOf(request, 'x-oss-copy-source') ?? '';
  const [, bucketName, escapedKey, versionId] = /^\/?([^/]+)\/([^?]+)(?:\?versionId=(.+))?$/.exec(text) ?? [];
  const key = percentDecode(escapedKey ?? '');
  if (bucketName === undefined || key === undefined || key === '') {
    throw invalidArgument('The copy source is not valid.', 'x-oss-copy-source', text);
  }
  const bucket = bucketOf(state, bucketName);
  const object = versionOf(bucket, key, versionId);
  assertSourceConditions(request, object);
  const versioned = bucket.versioning !== undefined;
  return { object, headers: versioned ? { 'x-oss-copy-source-version-id': object.versionId } : {} };
}

function assertSourceConditions(request: OssRequest, { etag, lastModified }: ObjectVersion): void {
  const condition = (name: string): string | undefined => headerOf(request, `x-oss-copy-source-if-${name}`);
  const match = condition('match');
  const noneMatch = condition('none-match');
  const modifiedSince = instantOf(condition('modified-since'));
  const unmodifiedSince = instantOf(condition('unmodified-since'));
  const changedAt = wholeSeconds(lastModified);
  if (match !== undefined && !matches(match, etag)) throw failed('match');
  if (noneMatch !== undefined && matches(noneMatch, etag)) throw failed('none-match');
  if (modifiedSince !== undefined && changedAt <= modifiedSince) throw failed('modified-since');
  if (unmodifiedSince !== undefined && changedAt > unmodifiedSince) throw failed('unmodified-since');
}

function failed(name: string): ReturnType<typeof preconditionFailed> {
  return preconditionFailed(`x-oss-copy-source-if-${name}`);
}
