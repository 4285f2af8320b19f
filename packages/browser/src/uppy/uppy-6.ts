import { UploadError } from '@partway/core';
import { abortUpload } from './abort-upload.ts';
import { answerOf } from './answer-url.ts';
import { type BridgeTerms, resolveBridgeOptions, type UppyBridgeOptions } from './bridge-options.ts';
import { type BridgedUploads, beginUpload, findUpload } from './bridged-upload.ts';
import { completeUpload } from './complete-upload.ts';
import { heldParts } from './held-parts.ts';
import { signPart, unknownUpload } from './sign-part.ts';
import type { UppyFile } from './uppy-file.ts';

/** Options of `@uppy/aws-s3` 6. What they leave open (`limit`) is the caller's to add. */
export interface Uppy6Bridge {
  /** Always: only a multipart upload tells its end. The coordinator makes one PutObject of a small file. */
  readonly shouldUseMultipart: true;
  readonly getChunkSize: (file: { readonly size: number }) => number;
  /** The name by which `signRequest` knows the file. The key of the object is the coordinator's. */
  readonly generateObjectKey: (file: UppyFile) => string;
  readonly signRequest: (request: Uppy6Request) => Promise<Uppy6Answer>;
}

export interface Uppy6Request {
  readonly method: string;
  readonly key: string;
  readonly uploadId?: string | undefined;
  readonly partNumber?: number | undefined;
}

export interface Uppy6Answer {
  readonly url: string;
  readonly key?: string;
  readonly headers?: Record<string, string>;
}

/**
 * Lets `@uppy/aws-s3` 6 upload through a coordinator: `uppy.use(AwsS3, createUppy6Bridge({ controlPlane }))`.
 * Uppy 6 wants to initiate, list, complete and abort at the store by itself. The bridge has the coordinator
 * do it while `signRequest` is asked, and signs nothing but parts: for the rest Uppy is given a `data:` URL
 * that holds the answer, which a Content Security Policy must allow (`connect-src data:`). An empty file is
 * refused. Throws a `TypeError` or `RangeError` for a wrong option.
 */
export function createUppy6Bridge(options: UppyBridgeOptions): Uppy6Bridge {
  const terms = resolveBridgeOptions(options);
  const uploads: BridgedUploads = new Map();
  const files = new Map<string, UppyFile>();
  const completed: string[] = [];
  let fileCount = 0;
  return {
    shouldUseMultipart: true,
    getChunkSize: ({ size }) => terms.chunkSize(size),
    generateObjectKey(file) {
      fileCount += 1;
      const name = resumedUploadId(file) ?? `file-${fileCount}`;
      files.set(name, file);
      return name;
    },
    async signRequest({ method, key, uploadId, partNumber }) {
      if (uploadId === undefined) {
        const file = files.get(key);
        files.delete(key);
        return begin(terms, uploads, method, file);
      }
      if (partNumber !== undefined) return sign(uploads, uploadId, partNumber);
      const file = uploads.get(uploadId)?.file ?? files.get(uploadId);
      files.delete(uploadId);
      if (method === 'GET') return list(terms, uploads, uploadId, file);
      if (method === 'DELETE') return abort(terms, uploads, uploadId, file);
      const answer = await complete(terms, uploads, uploadId);
      // Uppy that was paused meanwhile asks again: so what has ended is remembered, but not for ever.
      completed.push(uploadId);
      for (const ended of completed.splice(0, Math.max(0, completed.length - COMPLETED_MAX)))
        uploads.delete(ended);
      return answer;
    },
  };
}

/** More than Uppy uploads at once. */
const COMPLETED_MAX = 32;

function resumedUploadId({ s3Multipart }: UppyFile): string | undefined {
  const uploadId: unknown =
    typeof s3Multipart === 'object' && s3Multipart !== null && 'uploadId' in s3Multipart
      ? s3Multipart.uploadId
      : undefined;
  return typeof uploadId === 'string' ? uploadId : undefined;
}

async function begin(
  terms: BridgeTerms,
  uploads: BridgedUploads,
  method: string,
  file: UppyFile | undefined,
): Promise<Uppy6Answer> {
  if (file === undefined) throw new TypeError('generateObjectKey must be as the bridge gives it');
  if (method !== 'POST') throw putRefused();
  const { uploadId, key } = await beginUpload(terms, uploads, file, {});
  return { url: answerOf({ InitiateMultipartUploadResult: { UploadId: uploadId } }), key };
}

async function sign(uploads: BridgedUploads, uploadId: string, partNumber: number): Promise<Uppy6Answer> {
  const upload = uploads.get(uploadId);
  if (upload === undefined) throw unknownUpload('signRequest');
  // Uppy does not tell why it asks a second time: OSS may have refused the first URL.
  const afterRefusal = upload.tried.has(partNumber);
  upload.tried.add(partNumber);
  const { url, headers } = await signPart(upload, { partNumber, afterRefusal });
  // Read while Uppy sends it. What fails here is told by Complete.
  upload.crc64Of(partNumber).catch(() => undefined);
  return { url, headers };
}

async function list(
  terms: BridgeTerms,
  uploads: BridgedUploads,
  uploadId: string,
  file: UppyFile | undefined,
): Promise<Uppy6Answer> {
  if (file === undefined) throw unknownUpload('signRequest');
  const held = await heldParts(terms, uploads, { uploadId, file });
  const parts = held.map(({ partNumber, etag }) => ({ PartNumber: String(partNumber), ETag: etag }));
  return { url: answerOf({ ListPartsResult: { Part: parts } }) };
}

async function complete(terms: BridgeTerms, uploads: BridgedUploads, uploadId: string): Promise<Uppy6Answer> {
  const upload = uploads.get(uploadId);
  if (upload === undefined) throw unknownUpload('signRequest');
  const object = await completeUpload(terms, upload);
  const { bucket, key, etag } = object;
  const location = terms.location?.(object) ?? upload.address ?? `oss://${bucket}/${key}`;
  const result = { Location: location, Bucket: bucket, Key: key, ETag: etag };
  return { url: answerOf({ CompleteMultipartUploadResult: result }) };
}

async function abort(
  terms: BridgeTerms,
  uploads: BridgedUploads,
  uploadId: string,
  file: UppyFile | undefined,
): Promise<Uppy6Answer> {
  const upload = await findUpload(terms, uploads, uploadId, file);
  if (upload !== undefined) await abortUpload(terms, uploads, upload);
  return { url: answerOf({}) };
}

/** Uppy 6 makes one of an empty file, or where `shouldUseMultipart` is not the bridge's. */
function putRefused(): UploadError {
  return new UploadError({
    code: 'refused',
    message: 'Uppy 6 tells nobody of the end of a PutObject, so that it could never be proven',
    disposition: 'permanent',
    context: { operation: 'signRequest' },
    hint: 'Leave shouldUseMultipart as the bridge gives it. Empty files need Uppy 5, or uploadFile.',
  });
}
