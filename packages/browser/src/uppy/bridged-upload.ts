import { UploadError, type UploadedObject } from '@partway/core';
import {
  type InitiatedUpload,
  type Part,
  type PresignedPart,
  planParts,
  systemClock,
} from '@partway/core/ports';
import { createBlobSource } from '../blob-source.ts';
import type { BridgeTerms } from './bridge-options.ts';
import { decodeKeptUpload, encodeKeptUpload, type KeptUpload } from './kept-upload.ts';
import { createSignedUrls, type SignedUrls, URLS_AHEAD } from './signed-urls.ts';
import { blobOf, type UppyFile } from './uppy-file.ts';

/** One upload between Uppy and the coordinator. */
export interface BridgedUpload extends KeptUpload {
  /** What Uppy knows it by: OSS's own uploadId, but for one PutObject, which has none. */
  readonly uploadId: string;
  readonly file: UppyFile;
  readonly plan: readonly Part[];
  readonly urls: SignedUrls;
  /** The CRC64 of our own bytes of a part. Read once, unless that fails. */
  readonly crc64Of: (partNumber: number) => Promise<string>;
  /** Parts that OSS holds with our own bytes. */
  readonly confirmed: Set<number>;
  /** Parts whose last URL OSS refused. */
  readonly refused: Set<number>;
  /** Parts that were tried. */
  readonly tried: Set<number>;
  /** Stops whatever is under way. */
  readonly stop: AbortController;
  readonly inFlight: Set<Promise<unknown>>;
  /** Under way or done; `undefined` before, and after a failure. */
  completing: Promise<UploadedObject> | undefined;
  /** Uppy calls a failed upload off: an object that is stored all the same must not go with it. */
  isStored: boolean;
  /** OSS stored one PutObject, and could not tell the application server. */
  callbackFailure: UploadError | undefined;
  /** The object's address, once a URL of it was signed. */
  address: string | undefined;
}

/** The uploads of this page, by the names that Uppy knows them by. */
export type BridgedUploads = Map<string, BridgedUpload>;

/** Ends with nobody. */
export const UNINTERRUPTED: AbortSignal = new AbortController().signal;

/**
 * Begins an upload, under a name that Uppy has for one already where there is one. Leaves nothing behind
 * when it is aborted meanwhile.
 */
export async function beginUpload(
  terms: BridgeTerms,
  uploads: BridgedUploads,
  file: UppyFile,
  { signal = UNINTERRUPTED, name }: { readonly signal?: AbortSignal | undefined; readonly name?: string },
): Promise<BridgedUpload> {
  const { patient, chunkSize, tokens } = terms;
  const blob = blobOf(file);
  const { size } = blob;
  const wanted = { key: terms.key(file), size, partSize: chunkSize(size), object: terms.object(file) };
  const presignedAt = systemClock.now();
  const initiated = await patient.initiate({ ...wanted, presignCount: URLS_AHEAD, signal });
  try {
    signal.throwIfAborted();
    assertCutAlike(size, wanted.partSize, initiated.partSize);
    const { uploadToken, kind, bucket, key, partSize, presigned = [] } = initiated;
    const kept = { uploadToken, kind, bucket, key, size, partSize };
    const uploadId = name ?? initiated.uploadId ?? nameOfSingle();
    await tokens.save(uploadId, encodeKeptUpload(kept));
    const upload = bridged(terms, file, kept, { uploadId, presigned, presignedAt });
    uploads.set(uploadId, upload);
    return upload;
  } catch (reason) {
    await discard(terms, initiated);
    throw reason;
  }
}

/** Unlike every other in this page and the next ones; also where a page has no secure context. */
function nameOfSingle(): string {
  return `single-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`;
}

/** An upload of this page, or one that was kept from an earlier one. */
export async function findUpload(
  terms: BridgeTerms,
  uploads: BridgedUploads,
  uploadId: string,
  file: UppyFile | undefined,
): Promise<BridgedUpload | undefined> {
  const known = uploads.get(uploadId);
  if (known !== undefined || file === undefined) return known;
  const blob = blobOf(file);
  const kept = decodeKeptUpload((await terms.tokens.load(uploadId)) ?? '');
  if (kept?.size !== blob.size || !isCutAlike(blob.size, terms.chunkSize(blob.size), kept.partSize)) {
    return undefined;
  }
  const upload = bridged(terms, file, kept, { uploadId, presigned: [], presignedAt: 0 });
  uploads.set(uploadId, upload);
  return upload;
}

interface Opening {
  readonly uploadId: string;
  readonly presigned: readonly PresignedPart[];
  readonly presignedAt: number;
}

function bridged(
  { controlPlane }: BridgeTerms,
  file: UppyFile,
  kept: KeptUpload,
  { uploadId, presigned, presignedAt }: Opening,
): BridgedUpload {
  const { uploadToken, size, partSize } = kept;
  const plan = planParts(size, partSize);
  const confirmed = new Set<number>();
  const stop = new AbortController();
  const isDone = (partNumber: number): boolean => confirmed.has(partNumber);
  const signing = { controlPlane, uploadToken, partCount: plan.length, isDone, signal: stop.signal };
  return {
    ...kept,
    uploadId,
    file,
    plan,
    confirmed,
    stop,
    urls: createSignedUrls({ ...signing, presigned, presignedAt }),
    crc64Of: checksumsOf(blobOf(file), plan, stop.signal),
    refused: new Set(),
    tried: new Set(),
    inFlight: new Set(),
    completing: undefined,
    isStored: false,
    callbackFailure: undefined,
    address: undefined,
  };
}

function checksumsOf(
  blob: Blob,
  plan: readonly Part[],
  signal: AbortSignal,
): (partNumber: number) => Promise<string> {
  const source = createBlobSource(blob);
  const known = new Map<number, Promise<string>>();
  return (partNumber) => {
    const { offset, size } = plan[partNumber - 1] ?? { offset: 0, size: 0 };
    const crc64 = known.get(partNumber) ?? source.part(offset, size).crc64(signal);
    known.set(partNumber, crc64);
    crc64.catch(() => known.delete(partNumber));
    return crc64;
  };
}

/** What was begun in vain. Whether that can be removed is not what the caller asked. */
async function discard({ patient }: BridgeTerms, { uploadToken }: InitiatedUpload): Promise<void> {
  await patient.abort({ uploadToken, signal: UNINTERRUPTED }).catch(() => undefined);
}

/** Uppy has cut the file before the coordinator was asked: both must cut it at the same places. */
function isCutAlike(size: number, chunkSize: number, partSize: number): boolean {
  return chunkSize === partSize || (size <= chunkSize && size <= partSize);
}

function assertCutAlike(size: number, chunkSize: number, partSize: number): void {
  if (isCutAlike(size, chunkSize, partSize)) return;
  throw new UploadError({
    code: 'refused',
    message: `the coordinator wants parts of ${partSize} bytes, and Uppy has cut parts of ${chunkSize}`,
    disposition: 'permanent',
    context: { operation: 'initiate' },
    hint: `Give the bridge partSize: ${partSize}, or let the coordinator's policy allow ${chunkSize}.`,
  });
}
