import { UploadError, type UploadedObject } from '@partway/core';
import type { Transport } from '@partway/core/ports';
import { abortUpload } from './abort-upload.ts';
import { resolveBridgeOptions, type UppyBridgeOptions } from './bridge-options.ts';
import { type BridgedUpload, type BridgedUploads, beginUpload, findUpload } from './bridged-upload.ts';
import { completeUpload } from './complete-upload.ts';
import { heldParts } from './held-parts.ts';
import { sendPart } from './send-part.ts';
import { assertOfPlan, type SignedPart, signPart, unknownUpload } from './sign-part.ts';
import type { UppyFile } from './uppy-file.ts';

export interface Uppy5BridgeOptions extends UppyBridgeOptions {
  /** How parts are sent. Default: `fetch`. */
  readonly transport?: Transport | undefined;
}

/** Options of `@uppy/aws-s3` 5. What they leave open (`limit`, `retryDelays`) is the caller's to add. */
export interface Uppy5Bridge {
  /** Always: only a multipart upload tells its end. The coordinator makes one PutObject of a small file. */
  readonly shouldUseMultipart: true;
  readonly getChunkSize: (file: { readonly size: number }) => number;
  readonly createMultipartUpload: (
    file: UppyFile,
    signal?: AbortSignal,
  ) => Promise<{ uploadId: string; key: string; bucket: string }>;
  readonly signPart: (file: UppyFile, part: Uppy5Part) => Promise<SignedPart>;
  readonly uploadPartBytes: (part: Uppy5PartBytes) => Promise<{ ETag: string }>;
  readonly listParts: (
    file: UppyFile,
    upload: Uppy5Upload,
  ) => Promise<{ PartNumber: number; Size: number; ETag: string }[]>;
  readonly completeMultipartUpload: (
    file: UppyFile,
    upload: Uppy5Upload,
  ) => Promise<UploadedObject & { location?: string }>;
  readonly abortMultipartUpload: (file: UppyFile, upload: Uppy5Upload) => Promise<void>;
  /** Rejects: Uppy would tell nobody of the end of a PutObject, so that it could never be proven. */
  readonly getUploadParameters: () => Promise<never>;
}

export interface Uppy5Upload {
  readonly uploadId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Uppy5Part {
  readonly uploadId: string;
  readonly partNumber: number;
  readonly body: Blob;
}

export interface Uppy5PartBytes {
  /** What `signPart` gave. */
  readonly signature: object;
  readonly body: Blob | FormData;
  readonly onProgress: (event: { readonly loaded: number; readonly lengthComputable: true }) => void;
  readonly onComplete: (etag: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lets `@uppy/aws-s3` 5 upload through a coordinator: `uppy.use(AwsS3, createUppy5Bridge({ controlPlane }))`.
 * `upload-success` then means that the object is proven. Throws a `TypeError` or `RangeError` for a wrong
 * option.
 */
export function createUppy5Bridge(options: Uppy5BridgeOptions): Uppy5Bridge {
  const terms = resolveBridgeOptions(options);
  const uploads: BridgedUploads = new Map();
  const signed = new WeakMap<object, { upload: BridgedUpload; partNumber: number; part: SignedPart }>();
  return {
    shouldUseMultipart: true,
    getChunkSize: ({ size }) => terms.chunkSize(size),
    async createMultipartUpload(file, signal) {
      const { uploadId, key, bucket } = await beginUpload(terms, uploads, file, { signal });
      return { uploadId, key, bucket };
    },
    async signPart(_, { uploadId, partNumber, body }) {
      const upload = uploads.get(uploadId);
      if (upload === undefined) throw unknownUpload('signPart');
      assertOfPlan(upload, partNumber, body.size);
      const part = await signPart(upload, { partNumber, afterRefusal: upload.refused.has(partNumber) });
      signed.set(part, { upload, partNumber, part });
      return part;
    },
    async uploadPartBytes({
      signature,
      body,
      onProgress,
      onComplete,
      signal = new AbortController().signal,
    }) {
      const known = signed.get(signature);
      if (known === undefined || !(body instanceof Blob)) throw unknownUpload('uploadPartBytes');
      const { upload, partNumber, part } = known;
      const tell = (loaded: number): void => onProgress({ loaded, lengthComputable: true });
      const { url, headers } = part;
      const sending = sendPart(terms, { upload, partNumber, url, headers, body, onProgress: tell, signal });
      const etag = await tracked(upload, sending).catch(throwToUppy);
      onComplete(etag);
      return { ETag: etag };
    },
    async listParts(file, { uploadId = '', signal }) {
      const held = await heldParts(terms, uploads, { uploadId, file, signal });
      return held.map(({ partNumber, size, etag }) => ({ PartNumber: partNumber, Size: size, ETag: etag }));
    },
    async completeMultipartUpload(_, { uploadId = '', signal }) {
      const upload = uploads.get(uploadId);
      if (upload === undefined) throw unknownUpload('completeMultipartUpload');
      const object = await completeUpload(terms, upload);
      // Uppy that was paused meanwhile does not hear of it, and asks again.
      if (signal?.aborted !== true) uploads.delete(uploadId);
      const location = terms.location?.(object) ?? upload.address;
      return { ...object, ...(location !== undefined && { location }) };
    },
    async abortMultipartUpload(file, { uploadId = '' }) {
      const upload = await findUpload(terms, uploads, uploadId, file);
      if (upload !== undefined) await abortUpload(terms, uploads, upload);
    },
    getUploadParameters: () =>
      Promise.reject(new TypeError('shouldUseMultipart must be as the bridge gives it')),
  };
}

/** An abort of the upload waits for it. */
async function tracked<Value>({ inFlight }: BridgedUpload, sending: Promise<Value>): Promise<Value> {
  inFlight.add(sending);
  try {
    return await sending;
  } finally {
    inFlight.delete(sending);
  }
}

/**
 * Uppy sends again what failed with a `source` of no status, as a lost connection does, and sends less at
 * once after a 429. What has no `source` has failed for good.
 */
function throwToUppy(reason: unknown): never {
  if (!(reason instanceof UploadError) || !reason.retryable) throw reason;
  throw Object.assign(reason, { source: { status: reason.code === 'throttled' ? 429 : 0 } });
}
