import type { CheckpointStore, ControlPlane, ObjectOptions } from '../../ports.ts';
import { checkpointId, decodeCheckpoint } from './checkpoint.ts';

/** An upload that was begun and has not ended, as its checkpoint tells. Holds no token. */
export interface UnfinishedUpload {
  /** Names it within its store: 16 hex digits. */
  readonly id: string;
  /** The source's identity: `file:` and the absolute path for a file. */
  readonly identity: string;
  readonly size: number;
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string | undefined;
  readonly partSize: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/**
 * The uploads that a resume can go on with, in the order in which they were begun. What cannot be read is
 * left out; the upload it belongs to will set it aside. Rejects when the store cannot be listed.
 */
export async function listUnfinishedUploads(store: CheckpointStore): Promise<readonly UnfinishedUpload[]> {
  const found: UnfinishedUpload[] = [];
  for (const id of await store.list()) {
    const upload = await describe(store, id).catch(() => undefined);
    if (upload !== undefined) found.push(upload);
  }
  return found.sort((a, b) => a.startedAt - b.startedAt);
}

async function describe(store: CheckpointStore, id: string): Promise<UnfinishedUpload | undefined> {
  const checkpoint = decodeCheckpoint((await store.load(id)) ?? '');
  if (checkpoint === undefined) return undefined;
  const { identity, size, upload, startedAt } = checkpoint;
  const { bucket, key, uploadId, partSize } = upload;
  return { id, identity, size, bucket, key, uploadId, partSize, startedAt };
}

/** What `startUpload` needs to go on with an unfinished upload, besides its ports. */
export interface UnfinishedUploadDetails {
  /** The source's, as it was when the upload began. */
  readonly identity: string;
  readonly fingerprint: string;
  readonly size: number;
  /** The key, and what the object shall be should it have to be begun anew. */
  readonly options: { readonly key: string; readonly partSize: number } & ObjectOptions;
}

/** `undefined` when there is no such checkpoint, or it cannot be read. */
export async function loadUnfinishedUpload(
  store: CheckpointStore,
  id: string,
): Promise<UnfinishedUploadDetails | undefined> {
  const checkpoint = decodeCheckpoint((await store.load(id)) ?? '');
  // A text under another id than its own was put there by somebody else.
  if (checkpoint === undefined || checkpointId(checkpoint, checkpoint.key) !== id) return undefined;
  const { identity, fingerprint, size, key, object, upload } = checkpoint;
  const options = Object.fromEntries(Object.entries(object).filter(([name]) => name in OBJECT_OPTIONS));
  return { identity, fingerprint, size, options: { ...options, key, partSize: upload.partSize } };
}

/**
 * Asks how many bytes OSS holds of an unfinished upload, in one request. `undefined` when there is no such
 * checkpoint, or it cannot be read.
 */
export async function countStoredBytes(
  store: CheckpointStore,
  id: string,
  { controlPlane, signal }: { readonly controlPlane: ControlPlane; readonly signal: AbortSignal },
): Promise<number | undefined> {
  const checkpoint = decodeCheckpoint((await store.load(id)) ?? '');
  if (checkpoint === undefined) return undefined;
  const { uploadToken } = checkpoint.upload;
  const parts = await controlPlane.listParts({ uploadToken, signal });
  return parts.reduce((bytes, { size }) => bytes + size, 0);
}

/** What a checkpoint may say of the object, and nothing of how it is sent. None can be left out. */
const OBJECT_OPTIONS: Readonly<Record<keyof ObjectOptions, true>> = {
  contentType: true,
  cacheControl: true,
  contentDisposition: true,
  contentEncoding: true,
  expires: true,
  metadata: true,
  tagging: true,
  storageClass: true,
  serverSideEncryption: true,
  serverSideDataEncryption: true,
  serverSideEncryptionKeyId: true,
  acl: true,
  forbidOverwrite: true,
};
