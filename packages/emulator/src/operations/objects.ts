import { fileAlreadyExists, noSuchKey, notImplemented } from '../errors.ts';
import { storeBody } from '../http/body.ts';
import { type Answer, emptyAnswer } from '../http/response.ts';
import { headerOf } from '../http/wire-text.ts';
import { type Bucket, newestOf, type ObjectVersion, type OssState, type Piece } from '../storage/state.ts';
import type { OssRequest, QueryParameters } from '../types.ts';
import type { Callbacks } from './callback.ts';
import { objectHeadersOf, shownHeaders } from './object-headers.ts';
import { assertConditions, isNotModified, rangeOf } from './object-reading.ts';
import { assertAcl, assertTrafficLimit } from './request-checks.ts';

/** PUT /key */
export async function putObject(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
  parameters: QueryParameters,
  callbacks: Callbacks,
): Promise<Answer> {
  if (headerOf(request, 'if-modified-since') !== undefined) throw notImplemented('If-Modified-Since');
  const forbidsOverwrite = headerOf(request, 'x-oss-forbid-overwrite') === 'true';
  assertMayWrite(bucket, key, forbidsOverwrite);
  assertAcl(request);
  assertTrafficLimit(request, parameters);
  const headers = objectHeadersOf(request);
  const callback = await callbacks.read(request, parameters);
  const blob = await storeBody(state, request);
  const object = await keepObjectIfAllowed(state, bucket, forbidsOverwrite, {
    key,
    type: 'Normal',
    size: blob.size,
    etag: blob.md5,
    crc64: blob.crc64,
    contentMd5: Buffer.from(blob.md5, 'hex').toString('base64'),
    headers,
    pieces: [{ blobId: blob.blobId, size: blob.size }],
  });
  const shown = { ...checksumHeaders(object), ...versionHeader(bucket, object) };
  return callback === undefined
    ? emptyAnswer(200, shown)
    : callbacks.call(callback, { bucket, object, headers: shown });
}

/** GET and HEAD of an object: HEAD has the same headers, and no body. */
export function getObject(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
  parameters: QueryParameters,
): Answer {
  const object = versionOf(bucket, key, parameters.get('versionId'));
  const headers = {
    ...shownHeaders(object.headers),
    ...checksumHeaders(object),
    ...overrides(parameters),
    ...versionHeader(bucket, object),
    'Last-Modified': new Date(object.lastModified).toUTCString(),
    'Accept-Ranges': 'bytes',
    'x-oss-object-type': object.type,
  };
  if (isNotModified(request, object)) return emptyAnswer(304, headers);
  assertConditions(request, object);
  const range = rangeOf(request, object.size);
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
): Promise<Answer> {
  if (versionId === undefined && bucket.versioning !== undefined) {
    const marker = await keepVersion(state, bucket, deleteMarker(state, bucket, key));
    return emptyAnswer(204, { 'x-oss-delete-marker': 'true', 'x-oss-version-id': marker.versionId });
  }
  await dropVersion(state, bucket, key, versionId ?? 'null');
  return emptyAnswer(204, versionId === undefined ? {} : { 'x-oss-version-id': versionId });
}

/** What a new version of an object is made of; where and when it is kept is the bucket's business. */
export type NewObject = Omit<ObjectVersion, 'versionId' | 'isDeleteMarker' | 'lastModified'>;

/**
 * Puts an object under its key: another version where the bucket has versioning, in place of the old one
 * elsewhere.
 */
export function keepObject(state: OssState, bucket: Bucket, object: NewObject): Promise<ObjectVersion> {
  const versionId = bucket.versioning === 'Enabled' ? state.ids.versionId() : 'null';
  return keepVersion(state, bucket, {
    ...object,
    versionId,
    isDeleteMarker: false,
    lastModified: state.now(),
  });
}

/** `forbid-overwrite` has no effect in a bucket that has, or had, versioning. */
export function assertMayWrite(bucket: Bucket, key: string, forbidsOverwrite: boolean): void {
  if (!forbidsOverwrite || bucket.versioning !== undefined) return;
  if (newestOf(bucket, key) !== undefined) throw fileAlreadyExists();
}

/**
 * {@link keepObject}, unless while the body was on its way another object came first that may not be
 * overwritten. The check and the keeping are one step, since nothing is awaited between them.
 */
export async function keepObjectIfAllowed(
  state: OssState,
  bucket: Bucket,
  forbidsOverwrite: boolean,
  object: NewObject,
): Promise<ObjectVersion> {
  try {
    assertMayWrite(bucket, object.key, forbidsOverwrite);
  } catch (reason) {
    for (const { blobId } of object.pieces) await state.blobs.remove(blobId);
    throw reason;
  }
  return keepObject(state, bucket, object);
}

export function versionHeader(bucket: Bucket, { versionId }: ObjectVersion): Record<string, string> {
  return bucket.versioning === undefined ? {} : { 'x-oss-version-id': versionId };
}

/** The version named, or the newest. */
export function versionOf(bucket: Bucket, key: string, versionId: string | undefined): ObjectVersion {
  const version =
    versionId === undefined
      ? newestOf(bucket, key)
      : bucket.objects.get(key)?.find((candidate) => candidate.versionId === versionId);
  if (version === undefined || version.isDeleteMarker) throw noSuchKey(key);
  return version;
}

/** The bytes from `start` up to, not including, `end`, over the borders of pieces. */
export async function* readPieces(
  state: Pick<OssState, 'blobs'>,
  pieces: readonly Piece[],
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, void> {
  let offset = 0;
  for (const { blobId, size } of pieces) {
    const from = Math.max(start - offset, 0);
    const to = Math.min(end - offset, size);
    if (from < to) yield* state.blobs.read(blobId, from, to);
    offset += size;
  }
}

async function keepVersion(state: OssState, bucket: Bucket, version: ObjectVersion): Promise<ObjectVersion> {
  const versions = bucket.objects.get(version.key) ?? [];
  const replaced = versions.find((candidate) => candidate.versionId === version.versionId);
  bucket.objects.set(version.key, [...versions.filter((candidate) => candidate !== replaced), version]);
  await state.records.saveObject(bucket, version.key);
  for (const piece of replaced?.pieces ?? []) await state.blobs.remove(piece.blobId);
  return version;
}

async function dropVersion(state: OssState, bucket: Bucket, key: string, versionId: string): Promise<void> {
  const versions = bucket.objects.get(key) ?? [];
  const dropped = versions.find((version) => version.versionId === versionId);
  if (dropped === undefined) return;
  const kept = versions.filter((version) => version !== dropped);
  if (kept.length === 0) bucket.objects.delete(key);
  else bucket.objects.set(key, kept);
  await state.records.saveObject(bucket, key);
  for (const piece of dropped.pieces) await state.blobs.remove(piece.blobId);
}

function deleteMarker(state: OssState, bucket: Bucket, key: string): ObjectVersion {
  return {
    key,
    versionId: bucket.versioning === 'Enabled' ? state.ids.versionId() : 'null',
    isDeleteMarker: true,
    type: 'Normal',
    size: 0,
    etag: '',
    crc64: '0',
    contentMd5: undefined,
    lastModified: state.now(),
    headers: {},
    pieces: [],
  };
}

function checksumHeaders({ etag, crc64, contentMd5 }: ObjectVersion): Record<string, string> {
  return {
    ETag: `"${etag}"`,
    'x-oss-hash-crc64ecma': crc64,
    ...(contentMd5 === undefined ? {} : { 'Content-MD5': contentMd5 }),
  };
}

/** `response-content-type` and its like replace what the object shows, for this one answer. */
function overrides(parameters: QueryParameters): Record<string, string> {
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
