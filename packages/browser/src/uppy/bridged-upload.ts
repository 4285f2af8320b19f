import { UploadError, type UploadedObject } from '@partway/core';
import { refusedError } from '@partway/core/internal';
import {
  type InitiatedUpload,
  type Part,
  type PresignedPart,
  planParts,
  systemClock,
} from '@partway/core/ports';
import { createBlobSource } from '../blob-source.ts';
import type { ResolvedBridgeOptions } from './bridge-options.ts';
import { decodeSavedUpload, encodeSavedUpload, type SavedUpload } from './saved-upload.ts';
import { createSignedUrls, type SignedUrls, URLS_AHEAD } from './signed-urls.ts';
import { blobOf, type UppyFile } from './uppy-file.ts';

/** One upload between Uppy and the coordinator. */
export interface BridgedUpload extends SavedUpload {
  /** The ID that Uppy has: the upload ID of OSS, or an ID of the bridge for a single PutObject. */
  readonly uploadId: string;
  readonly file: UppyFile;
  readonly plan: readonly Part[];
  readonly urls: SignedUrls;
  /** The CRC64 of the file's bytes of a part. Computed once, and again after a failure. */
  readonly computeCrc64: (partNumber: number) => Promise<string>;
  /** Parts that OSS has, with the bytes of the file. */
  readonly confirmed: Set<number>;
  /** Parts for which OSS rejected the last URL. */
  readonly rejected: Set<number>;
  /** Parts that were sent at least once. */
  readonly attempted: Set<number>;
  /** Stops everything in progress. */
  readonly controller: AbortController;
  readonly inFlight: Set<Promise<unknown>>;
  /** Complete, in progress or done; `undefined` before, and after a failure. */
  completing: Promise<UploadedObject> | undefined;
  /** Whether the object is stored: then it must stay when Uppy aborts the upload after an error. */
  isStored: boolean;
  /** The error of the callback of a single PutObject that OSS has stored. */
  callbackError: UploadError | undefined;
  /** The unsigned URL of the object, known once a part is signed. */
  objectUrl: string | undefined;
}

/** The uploads of this page, by their `uploadId`. */
export type BridgedUploads = Map<string, BridgedUpload>;

/** A signal for requests that are not to be aborted. */
export const NEVER_ABORTED: AbortSignal = new AbortController().signal;

/**
 * Initiates an upload. `uploadId` is the ID that Uppy already has for it, if any. An abort removes the upload
 * from OSS.
 */
export async function initiateUpload(
  options: ResolvedBridgeOptions,
  uploads: BridgedUploads,
  file: UppyFile,
  {
    signal = NEVER_ABORTED,
    uploadId: knownId,
  }: { readonly signal?: AbortSignal | undefined; readonly uploadId?: string },
): Promise<BridgedUpload> {
  const { retryingControlPlane, tokenStore } = options;
  const { size } = blobOf(file);
  const chunkSize = options.chooseChunkSize(size);
  const request = { key: options.key(file), size, partSize: chunkSize, object: options.object(file) };
  const presignedAt = systemClock.now();
  const initiated = await retryingControlPlane.initiate({ ...request, presignCount: URLS_AHEAD, signal });
  try {
    signal.throwIfAborted();
    assertSameParts(size, chunkSize, initiated.partSize);
    const { uploadToken, kind, bucket, key, partSize, presigned = [] } = initiated;
    const saved = { uploadToken, kind, bucket, key, size, partSize };
    const uploadId = knownId ?? initiated.uploadId ?? createSingleUploadId();
    await tokenStore.save(uploadId, encodeSavedUpload(saved));
    const upload = createBridgedUpload(options, file, saved, { uploadId, presigned, presignedAt });
    uploads.set(uploadId, upload);
    return upload;
  } catch (reason) {
    await abortQuietly(options, initiated);
    throw reason;
  }
}

/** Unique across pages. Not `randomUUID`, which needs a secure context. */
function createSingleUploadId(): string {
  return `single-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`;
}

/** Finds an upload of this page, or one that an earlier page has saved. */
export async function findUpload(
  options: ResolvedBridgeOptions,
  uploads: BridgedUploads,
  uploadId: string,
  file: UppyFile | undefined,
): Promise<BridgedUpload | undefined> {
  const existing = uploads.get(uploadId);
  if (existing !== undefined || file === undefined) return existing;
  const { size } = blobOf(file);
  const saved = decodeSavedUpload((await options.tokenStore.load(uploadId)) ?? '');
  if (saved?.size !== size || !hasSameParts(size, options.chooseChunkSize(size), saved.partSize)) {
    return undefined;
  }
  const upload = createBridgedUpload(options, file, saved, { uploadId, presigned: [], presignedAt: 0 });
  uploads.set(uploadId, upload);
  return upload;
}

/**
 * Aborts an upload: stops and awaits what is in progress, then removes its parts from OSS. The object of a
 * multipart upload stays if Complete has, or may have, created it.
 */
export async function abortBridgedUpload(
  { retryingControlPlane, tokenStore }: ResolvedBridgeOptions,
  uploads: BridgedUploads,
  upload: BridgedUpload,
): Promise<void> {
  const { uploadToken, uploadId } = upload;
  upload.controller.abort(abortedError());
  await Promise.allSettled([...upload.inFlight, upload.completing]);
  if (!upload.isStored) await retryingControlPlane.abort({ uploadToken, signal: NEVER_ABORTED });
  uploads.delete(uploadId);
  await tokenStore.remove(uploadId);
}

function abortedError(): UploadError {
  return new UploadError({ code: 'aborted', message: 'Uppy aborted the upload', disposition: 'permanent' });
}

interface InitiatedState {
  readonly uploadId: string;
  readonly presigned: readonly PresignedPart[];
  readonly presignedAt: number;
}

function createBridgedUpload(
  { controlPlane }: ResolvedBridgeOptions,
  file: UppyFile,
  saved: SavedUpload,
  { uploadId, presigned, presignedAt }: InitiatedState,
): BridgedUpload {
  const { uploadToken, size, partSize } = saved;
  const plan = planParts(size, partSize);
  const confirmed = new Set<number>();
  const controller = new AbortController();
  const { signal } = controller;
  const isConfirmed = (partNumber: number): boolean => confirmed.has(partNumber);
  const signing = { controlPlane, uploadToken, partCount: plan.length, isConfirmed, signal };
  return {
    ...saved,
    uploadId,
    file,
    plan,
    confirmed,
    controller,
    urls: createSignedUrls({ ...signing, presigned, presignedAt }),
    computeCrc64: createChecksums(blobOf(file), plan, signal),
    rejected: new Set(),
    attempted: new Set(),
    inFlight: new Set(),
    completing: undefined,
    isStored: false,
    callbackError: undefined,
    objectUrl: undefined,
  };
}

function createChecksums(
  blob: Blob,
  plan: readonly Part[],
  signal: AbortSignal,
): (partNumber: number) => Promise<string> {
  const source = createBlobSource(blob);
  const checksums = new Map<number, Promise<string>>();
  return (partNumber) => {
    const { offset, size } = plan[partNumber - 1] ?? { offset: 0, size: 0 };
    const crc64 = checksums.get(partNumber) ?? source.part(offset, size).crc64(signal);
    checksums.set(partNumber, crc64);
    crc64.catch(() => checksums.delete(partNumber));
    return crc64;
  };
}

/** Ignores a failure: the caller reports the error for which it aborts. */
async function abortQuietly(
  { retryingControlPlane }: ResolvedBridgeOptions,
  { uploadToken }: InitiatedUpload,
): Promise<void> {
  await retryingControlPlane.abort({ uploadToken, signal: NEVER_ABORTED }).catch(() => undefined);
}

/** Uppy divides the file before the coordinator chooses the part size: both must give the same parts. */
function hasSameParts(size: number, chunkSize: number, partSize: number): boolean {
  return chunkSize === partSize || (size <= chunkSize && size <= partSize);
}

function assertSameParts(size: number, chunkSize: number, partSize: number): void {
  if (hasSameParts(size, chunkSize, partSize)) return;
  throw refusedError(
    `the coordinator requires parts of ${partSize} bytes, but Uppy uses parts of ${chunkSize}`,
    {
      context: { operation: 'initiate' },
      hint: `Set partSize: ${partSize} in the bridge, or allow ${chunkSize} in the coordinator's policy.`,
    },
  );
}
