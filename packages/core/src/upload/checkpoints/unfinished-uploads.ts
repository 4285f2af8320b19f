import type { CheckpointStore, ControlPlane, ObjectOptions } from '../../ports.ts';
import { type Checkpoint, checkpointId, decodeCheckpoint } from './checkpoint.ts';

/** An upload that has started and not ended, as its checkpoint describes it. Contains no token. */
export interface UnfinishedUpload {
  /** Names it within its store: 16 hex digits. */
  readonly id: string;
  /** The identity of its source: `file:` and the absolute path for a file. */
  readonly identity: string;
  /** The size of the source in bytes. */
  readonly size: number;
  /** The bucket of the object. */
  readonly bucket: string;
  /** The key of the object. */
  readonly key: string;
  /** OSS's upload ID; `undefined` for a single PutObject. */
  readonly uploadId: string | undefined;
  /** The part size in bytes. */
  readonly partSize: number;
  /** When it started, in milliseconds since the epoch. */
  readonly startedAt: number;
}

/**
 * Lists the uploads that can be resumed, in the order in which they started. Checkpoints that cannot be read
 * are left out. Rejects when the store cannot be listed.
 */
export async function listUnfinishedUploads(store: CheckpointStore): Promise<readonly UnfinishedUpload[]> {
  const uploads: UnfinishedUpload[] = [];
  for (const id of await store.list()) {
    const upload = await describe(store, id).catch(() => undefined);
    if (upload !== undefined) uploads.push(upload);
  }
  return uploads.sort((a, b) => a.startedAt - b.startedAt);
}

async function describe(store: CheckpointStore, id: string): Promise<UnfinishedUpload | undefined> {
  const checkpoint = decodeCheckpoint((await store.load(id)) ?? '');
  if (checkpoint === undefined) return undefined;
  const { identity, size, upload, startedAt } = checkpoint;
  const { bucket, key, uploadId, partSize } = upload;
  return { id, identity, size, bucket, key, uploadId, partSize, startedAt };
}

/** With its ports, the arguments of `startUpload` to resume an unfinished upload. */
export interface UnfinishedUploadDetails {
  /** The identity of the source. */
  readonly identity: string;
  /** The fingerprint of the source when the upload started. */
  readonly fingerprint: string;
  /** The size of the source in bytes. */
  readonly size: number;
  /**
   * The key, the part size and the object options: the object is the same even if a new upload has to start.
   */
  readonly options: {
    /** The object's key. */
    readonly key: string;
    /** Bytes per part. */
    readonly partSize: number;
  } & ObjectOptions;
}

/** Resolves with `undefined` when there is no such checkpoint, or it cannot be read. */
export async function loadUnfinishedUpload(
  store: CheckpointStore,
  id: string,
): Promise<UnfinishedUploadDetails | undefined> {
  const checkpoint = await loadCheckpoint(store, id);
  if (checkpoint === undefined) return undefined;
  const { identity, fingerprint, size, key, object, upload } = checkpoint;
  const options = Object.fromEntries(Object.entries(object).filter(([name]) => name in OBJECT_OPTIONS));
  return { identity, fingerprint, size, options: { ...options, key, partSize: upload.partSize } };
}

/** The checkpoint of this ID. A text of another upload, which only a stranger can have put there, is none. */
export async function loadCheckpoint(store: CheckpointStore, id: string): Promise<Checkpoint | undefined> {
  const checkpoint = decodeCheckpoint((await store.load(id)) ?? '');
  const isOwn = checkpoint !== undefined && checkpointId(checkpoint, checkpoint.key) === id;
  return isOwn ? checkpoint : undefined;
}

/**
 * Counts the bytes of an unfinished upload that OSS has stored, with one request. Resolves with `undefined`
 * when there is no such checkpoint, or it cannot be read.
 */
export async function countStoredBytes(
  store: CheckpointStore,
  id: string,
  {
    controlPlane,
    signal,
  }: {
    /** The coordinator, or a client of it. */
    readonly controlPlane: ControlPlane;
    /** Aborts the request. */
    readonly signal: AbortSignal;
  },
): Promise<number | undefined> {
  const checkpoint = decodeCheckpoint((await store.load(id)) ?? '');
  if (checkpoint === undefined) return undefined;
  const { uploadToken } = checkpoint.upload;
  const parts = await controlPlane.listParts({ uploadToken, signal });
  return parts.reduce((bytes, { size }) => bytes + size, 0);
}

/** The options of the object that a checkpoint may contain. The compiler checks that none is missing. */
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
