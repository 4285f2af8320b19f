import { malformedXmlError, notImplementedError } from '../errors.ts';
import { storeBody } from '../http/body.ts';
import { emptyResponse, type OperationResponse, xmlResponse } from '../http/response.ts';
import { getHeader } from '../http/wire-text.ts';
import { getChildren, getChildText, getExactChildText, parseXml, type XmlElement } from '../http/xml.ts';
import type { Bucket, ObjectVersion, OssState } from '../storage/state.ts';
import type { OssRequest, QueryParameters } from '../types.ts';
import type { Callbacks } from './callback.ts';
import { readKeyEncoding } from './listing-page.ts';
import { formatObjectHeaders, readObjectHeaders } from './object-headers.ts';
import { assertPreconditions, isNotModified, readRequestedRange } from './object-reading.ts';
import {
  assertMayWrite,
  createDeleteMarker,
  readPieces,
  removeVersion,
  requireVersion,
  storeObjectIfAllowed,
  storeVersion,
  versionIdHeader,
} from './object-versions.ts';
import { assertAcl, assertTrafficLimit } from './request-checks.ts';

/** The largest number of keys in one DeleteMultipleObjects. */
const KEYS_MAX = 1000;

/** PUT /key */
export async function putObject(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
  parameters: QueryParameters,
  callbacks: Callbacks,
): Promise<OperationResponse> {
  if (getHeader(request, 'if-modified-since') !== undefined) throw notImplementedError('If-Modified-Since');
  const forbidsOverwrite = getHeader(request, 'x-oss-forbid-overwrite') === 'true';
  assertMayWrite(bucket, key, forbidsOverwrite);
  assertAcl(request);
  assertTrafficLimit(request, parameters);
  const headers = readObjectHeaders(request);
  const callback = await callbacks.read(request, parameters);
  const blob = await storeBody(state, request);
  const object = await storeObjectIfAllowed(state, bucket, forbidsOverwrite, {
    key,
    type: 'Normal',
    size: blob.size,
    etag: blob.md5,
    crc64: blob.crc64,
    contentMd5: Buffer.from(blob.md5, 'hex').toString('base64'),
    headers,
    pieces: [{ blobId: blob.blobId, size: blob.size }],
  });
  const responseHeaders = { ...checksumHeaders(object), ...versionIdHeader(bucket, object) };
  return callback === undefined
    ? emptyResponse(200, responseHeaders)
    : callbacks.call(callback, { bucket, object, headers: responseHeaders });
}

/** GET and HEAD of an object. HEAD has the same headers and no body. */
export function getObject(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
  parameters: QueryParameters,
): OperationResponse {
  const object = requireVersion(bucket, key, parameters.get('versionId'));
  const headers = {
    ...formatObjectHeaders(object.headers),
    ...checksumHeaders(object),
    ...overridingHeaders(parameters),
    ...versionIdHeader(bucket, object),
    'Last-Modified': new Date(object.lastModified).toUTCString(),
    'Accept-Ranges': 'bytes',
    'x-oss-object-type': object.type,
  };
  if (isNotModified(request, object)) return emptyResponse(304, headers);
  assertPreconditions(request, object);
  const range = readRequestedRange(request, object.size);
  if (range === undefined) {
    const body = readPieces(state, object.pieces, 0, object.size);
    return { status: 200, headers: { ...headers, 'Content-Length': String(object.size) }, body };
  }
  const { start, end } = range;
  return {
    status: 206,
    headers: {
      ...headers,
      'Content-Length': String(end - start),
      'Content-Range': `bytes ${start}-${end - 1}/${object.size}`,
    },
    body: readPieces(state, object.pieces, start, end),
  };
}

/** DELETE /key */
export async function deleteObject(
  state: OssState,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): Promise<OperationResponse> {
  if (versionId === undefined && bucket.versioning !== undefined) {
    const marker = await storeVersion(state, bucket, createDeleteMarker(state, bucket, key));
    return emptyResponse(204, { 'x-oss-delete-marker': 'true', 'x-oss-version-id': marker.versionId });
  }
  await removeVersion(state, bucket, key, versionId ?? 'null');
  return emptyResponse(204, versionId === undefined ? {} : { 'x-oss-version-id': versionId });
}

/** POST /?delete */
export async function deleteMultipleObjects(
  state: OssState,
  bucket: Bucket,
  xml: string,
  parameters: QueryParameters,
): Promise<OperationResponse> {
  const root = parseXml(xml, 'Delete');
  const objects = getChildren(root, 'Object');
  if (objects.length === 0 || objects.length > KEYS_MAX) throw malformedXmlError();
  if (objects.some((object) => !getExactChildText(object, 'Key'))) throw malformedXmlError();
  const deleted: { readonly key: string; readonly versionId: string | undefined }[] = [];
  for (const object of objects) {
    const key = getExactChildText(object, 'Key') ?? '';
    const versionId = getChildText(object, 'VersionId');
    await deleteObject(state, bucket, key, versionId);
    deleted.push({ key, versionId });
  }
  if (getChildText(root, 'Quiet') === 'true') return emptyResponse(200);
  const encoding = readKeyEncoding(parameters);
  const elements = deleted.map(
    ({ key, versionId }): XmlElement => [
      'Deleted',
      [
        ['Key', encoding.encode(key)],
        ['VersionId', versionId],
      ],
    ],
  );
  return xmlResponse('DeleteResult', [['EncodingType', encoding.name], ...elements]);
}

function checksumHeaders({ etag, crc64, contentMd5 }: ObjectVersion): Record<string, string> {
  return {
    ETag: `"${etag}"`,
    'x-oss-hash-crc64ecma': crc64,
    ...(contentMd5 === undefined ? {} : { 'Content-MD5': contentMd5 }),
  };
}

/** `response-content-type` and similar parameters replace headers of the object, in this response only. */
function overridingHeaders(parameters: QueryParameters): Record<string, string> {
  const names = [
    'Content-Type',
    'Content-Language',
    'Expires',
    'Cache-Control',
    'Content-Disposition',
    'Content-Encoding',
  ];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = parameters.get(`response-${name.toLowerCase()}`);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
