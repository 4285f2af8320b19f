import { UploadError, type UploadedObject } from '@partway/core';
import type { Transport } from '@partway/core/ports';
import { resolveBridgeOptions, type UppyBridgeOptions } from './bridge-options.ts';
import {
  abortBridgedUpload,
  type BridgedUpload,
  type BridgedUploads,
  findUpload,
  initiateUpload,
} from './bridged-upload.ts';
import { completeBridgedUpload } from './complete-upload.ts';
import { sendPart } from './send-part.ts';
import { assertPlannedPart, type SignedPart, signPart, unknownUploadError } from './sign-part.ts';
import { listStoredParts } from './stored-parts.ts';
import type { UppyFile } from './uppy-file.ts';

/** Options of {@link createUppy5Bridge}. */
export interface Uppy5BridgeOptions extends UppyBridgeOptions {
  /** Sends the parts to OSS. Default: XMLHttpRequest, which reports progress within a part. */
  readonly transport?: Transport | undefined;
}

/** Options of `@uppy/aws-s3` 5. Add the others (`limit`, `retryDelays`) yourself. */
export interface Uppy5Bridge {
  /**
   * Always true: Uppy reports the end of a multipart upload only. The coordinator uses one PutObject for a
   * small file all the same.
   */
  readonly shouldUseMultipart: true;
  /** The part size in bytes. */
  readonly getChunkSize: (file: {
    /** The size of the file in bytes. */
    readonly size: number;
  }) => number;
  /** Initiates the upload at the coordinator. */
  readonly createMultipartUpload: (
    file: UppyFile,
    signal?: AbortSignal,
  ) => Promise<{
    /** The ID of the upload in Uppy. */
    uploadId: string;
    /** The key of the object, as the coordinator decided it. */
    key: string;
    /** The bucket of the object. */
    bucket: string;
  }>;
  /** Returns the presigned request of a part. */
  readonly signPart: (file: UppyFile, part: Uppy5Part) => Promise<SignedPart>;
  /** Sends a part and compares its CRC64 with the response of OSS. */
  readonly uploadPartBytes: (part: Uppy5PartBytes) => Promise<{
    /** Without quotes; '' if CORS hides it. */
    ETag: string;
  }>;
  /** Lists the parts that OSS has with the bytes of the file. */
  readonly listParts: (
    file: UppyFile,
    upload: Uppy5Upload,
  ) => Promise<
    {
      /** The part number, from 1. */
      PartNumber: number;
      /** The size of the part in bytes. */
      Size: number;
      /** The ETag as OSS lists it, or a placeholder. */
      ETag: string;
    }[]
  >;
  /** Completes the upload and verifies the object. */
  readonly completeMultipartUpload: (
    file: UppyFile,
    upload: Uppy5Upload,
  ) => Promise<
    UploadedObject & {
      /** The URL that Uppy reports as `uploadURL`. */
      location?: string;
    }
  >;
  /** Aborts the upload and removes its parts from OSS. */
  readonly abortMultipartUpload: (file: UppyFile, upload: Uppy5Upload) => Promise<void>;
  /** Always rejects: Uppy does not report the end of a PutObject, so the object could not be verified. */
  readonly getUploadParameters: () => Promise<never>;
}

/** An upload in the calls of Uppy 5. */
export interface Uppy5Upload {
  /** The ID that `createMultipartUpload` returned. */
  readonly uploadId?: string | undefined;
  /** Aborted when Uppy pauses or cancels the upload. */
  readonly signal?: AbortSignal | undefined;
}

/** A part to sign. */
export interface Uppy5Part {
  /** The ID that `createMultipartUpload` returned. */
  readonly uploadId: string;
  /** The part number, from 1. */
  readonly partNumber: number;
  /** The bytes of the part. */
  readonly body: Blob;
}

/** A part to send. */
export interface Uppy5PartBytes {
  /** The object that `signPart` returned. */
  readonly signature: object;
  /** The bytes of the part. */
  readonly body: Blob | FormData;
  /** Called with the progress of the part. */
  readonly onProgress: (event: {
    /** The sent bytes of the part. */
    readonly loaded: number;
    /** Always true: the size is known. */
    readonly lengthComputable: true;
  }) => void;
  /** Called with the ETag when OSS has the part. */
  readonly onComplete: (etag: string) => void;
  /** Aborted when Uppy pauses or cancels the upload. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the options with which `@uppy/aws-s3` 5 uploads through a coordinator:
 * `uppy.use(AwsS3, createUppy5Bridge({ controlPlane }))`. `upload-success` then means that the object is
 * verified. Throws a `TypeError` or `RangeError` for an invalid option.
 */
export function createUppy5Bridge(options: Uppy5BridgeOptions): Uppy5Bridge {
  const resolved = resolveBridgeOptions(options);
  const uploads: BridgedUploads = new Map();
  const signedParts = new WeakMap<object, SignedUploadPart>();
  return {
    shouldUseMultipart: true,
    getChunkSize: ({ size }) => resolved.chooseChunkSize(size),
    async createMultipartUpload(file, signal) {
      const { uploadId, key, bucket } = await initiateUpload(resolved, uploads, file, { signal });
      return { uploadId, key, bucket };
    },
    async signPart(_, { uploadId, partNumber, body }) {
      const upload = uploads.get(uploadId);
      if (upload === undefined) throw unknownUploadError('signPart');
      assertPlannedPart(upload, partNumber, body.size);
      const part = await signPart(upload, { partNumber, afterRefusal: upload.rejected.has(partNumber) });
      signedParts.set(part, { upload, partNumber, part });
      return part;
    },
    async uploadPartBytes({
      signature,
      body,
      onProgress,
      onComplete,
      signal = new AbortController().signal,
    }) {
      const signed = signedParts.get(signature);
      if (signed === undefined || !(body instanceof Blob)) throw unknownUploadError('uploadPartBytes');
      const { upload, partNumber, part } = signed;
      const { url, headers } = part;
      const report = (loaded: number): void => onProgress({ loaded, lengthComputable: true });
      const sending = sendPart(resolved, {
        upload,
        partNumber,
        url,
        headers,
        body,
        onProgress: report,
        signal,
      });
      const etag = await trackInFlight(upload, sending).catch(throwToUppy);
      onComplete(etag);
      return { ETag: etag };
    },
    async listParts(file, { uploadId = '', signal }) {
      const stored = await listStoredParts(resolved, uploads, { uploadId, file, signal });
      return stored.map(({ partNumber, size, etag }) => ({ PartNumber: partNumber, Size: size, ETag: etag }));
    },
    async completeMultipartUpload(_, { uploadId = '', signal }) {
      const upload = uploads.get(uploadId);
      if (upload === undefined) throw unknownUploadError('completeMultipartUpload');
      const object = await completeBridgedUpload(resolved, upload);
      // If Uppy was paused meanwhile, it ignores the result and calls again.
      if (signal?.aborted !== true) uploads.delete(uploadId);
      const location = resolved.location?.(object) ?? upload.objectUrl;
      return { ...object, ...(location !== undefined && { location }) };
    },
    async abortMultipartUpload(file, { uploadId = '' }) {
      const upload = await findUpload(resolved, uploads, uploadId, file);
      if (upload !== undefined) await abortBridgedUpload(resolved, uploads, upload);
    },
    getUploadParameters: () =>
      Promise.reject(new TypeError('shouldUseMultipart of the bridge must not be replaced')),
  };
}

interface SignedUploadPart {
  readonly upload: BridgedUpload;
  readonly partNumber: number;
  readonly part: SignedPart;
}

/** An abort of the upload waits for what is in flight. */
async function trackInFlight<Value>({ inFlight }: BridgedUpload, sending: Promise<Value>): Promise<Value> {
  inFlight.add(sending);
  try {
    return await sending;
  } finally {
    inFlight.delete(sending);
  }
}

/**
 * Marks errors for the retries of Uppy. It retries an error with a `source` of status 0, as after a lost
 * connection, and reduces its concurrency after status 429. It does not retry an error without `source`.
 */
function throwToUppy(reason: unknown): never {
  if (!(reason instanceof UploadError) || !reason.retryable) throw reason;
  throw Object.assign(reason, { source: { status: reason.code === 'throttled' ? 429 : 0 } });
}
