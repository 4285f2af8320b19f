import { fileAlreadyExistsError, noSuchKeyError } from '../errors.ts';
import {
  type Bucket,
  findNewestVersion,
  type ObjectVersion,
  type OssState,
  type Piece,
} from '../storage/state.ts';

/** A version of an object without what the bucket adds: version ID and time. */
export type NewObject = Omit<ObjectVersion, 'versionId' | 'isDeleteMarker' | 'lastModified'>;

/** Stores an object: as a new version if the bucket has versioning, otherwise in place of the old one. */
export function storeObject(state: OssState, bucket: Bucket, object: NewObject): Promise<ObjectVersion> {
  const versionId = bucket.versioning === 'Enabled' ? state.ids.versionId() : 'null';
  return storeVersion(state, bucket, {
    ...object,
    versionId,
    isDeleteMarker: false,
    lastModified: state.now(),
  });
}

/** Throws FileAlreadyExists. `forbid-overwrite` has no effect if versioning is enabled or suspended. */
export function assertMayWrite(bucket: Bucket, key: string, forbidsOverwrite: boolean): void {
  if (!forbidsOverwrite || bucket.versioning !== undefined) return;
  if (findNewestVersion(bucket, key) !== undefined) throw fileAlreadyExistsError();
}

/**
 * {@link storeObject}, unless the object may not be overwritten: another request may have stored one while
 * the body was read. The check and the store are atomic, since nothing is awaited between them.
 */
export async function storeObjectIfAllowed(
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
  return storeObject(state, bucket, object);
}

/** The version with the ID, or the newest without one. Throws NoSuchKey, also for a delete marker. */
export function requireVersion(bucket: Bucket, key: string, versionId: string | undefined): ObjectVersion {
  const version =
    versionId === undefined
      ? findNewestVersion(bucket, key)
      : bucket.objects.get(key)?.find((candidate) => candidate.versionId === versionId);
  if (version === undefined || version.isDeleteMarker) throw noSuchKeyError(key);
  return version;
}

export function versionIdHeader(bucket: Bucket, { versionId }: ObjectVersion): Record<string, string> {
  return bucket.versioning === undefined ? {} : { 'x-oss-version-id': versionId };
}

/** The bytes from `start` up to, not including, `end`, across pieces. */
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

export async function storeVersion(
  state: OssState,
  bucket: Bucket,
  version: ObjectVersion,
): Promise<ObjectVersion> {
  const versions = bucket.objects.get(version.key) ?? [];
  const replaced = versions.find((candidate) => candidate.versionId === version.versionId);
  bucket.objects.set(version.key, [...versions.filter((candidate) => candidate !== replaced), version]);
  await state.records.saveObject(bucket, version.key);
  for (const piece of replaced?.pieces ?? []) await state.blobs.remove(piece.blobId);
  return version;
}

export async function removeVersion(
  state: OssState,
  bucket: Bucket,
  key: string,
  versionId: string,
): Promise<void> {
  const versions = bucket.objects.get(key) ?? [];
  const removed = versions.find((version) => version.versionId === versionId);
  if (removed === undefined) return;
  const remaining = versions.filter((version) => version !== removed);
  if (remaining.length === 0) bucket.objects.delete(key);
  else bucket.objects.set(key, remaining);
  await state.records.saveObject(bucket, key);
  for (const piece of removed.pieces) await state.blobs.remove(piece.blobId);
}

/** With versioning enabled the marker has an ID of its own; otherwise it replaces the 'null' version. */
export function createDeleteMarker(state: OssState, bucket: Bucket, key: string): ObjectVersion {
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
