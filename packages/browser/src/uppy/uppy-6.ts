import type { UploadError } from '@partway/core';
import { refusedError } from '@partway/core/internal';
import {
  type ResolvedBridgeOptions,
  resolveBridgeOptions,
  type UppyBridgeOptions,
} from './bridge-options.ts';
import { abortBridgedUpload, type BridgedUploads, findUpload, initiateUpload } from './bridged-upload.ts';
import { completeBridgedUpload } from './complete-upload.ts';
import { signPart, unknownUploadError } from './sign-part.ts';
import { listStoredParts } from './stored-parts.ts';
import type { UppyFile } from './uppy-file.ts';

/** Options of `@uppy/aws-s3` 6. Add the others (`limit`) yourself. */
export interface Uppy6Bridge {
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
  /** A name by which `signRequest` finds the file. The coordinator decides the key of the object. */
  readonly generateObjectKey: (file: UppyFile) => string;
  /** Executes a request of Uppy by the coordinator, or returns the presigned request of a part. */
  readonly signRequest: (request: Uppy6Request) => Promise<Uppy6SignedRequest>;
}

/** A request that Uppy 6 wants to send to the store. */
export interface Uppy6Request {
  /** The HTTP method. */
  readonly method: string;
  /** The name from `generateObjectKey`. */
  readonly key: string;
  /** The ID of the upload in Uppy; none for Initiate. */
  readonly uploadId?: string | undefined;
  /** The part number, from 1; only for a part. */
  readonly partNumber?: number | undefined;
}

/** The request that Uppy 6 sends. */
export interface Uppy6SignedRequest {
  /** The presigned URL of a part, or a `data:` URL with the response. */
  readonly url: string;
  /** The key of the object, for Initiate. */
  readonly key?: string;
  /** The signed headers, for a part. */
  readonly headers?: Record<string, string>;
}

/**
 * Makes the options with which `@uppy/aws-s3` 6 uploads through a coordinator:
 * `uppy.use(AwsS3, createUppy6Bridge({ controlPlane }))`. Uppy 6 sends Initiate, ListParts, Complete and
 * Abort to the store by itself. The bridge has the coordinator execute them during `signRequest`, and signs
 * parts only: for other requests Uppy gets a `data:` URL that contains the response, which a Content Security
 * Policy must allow (`connect-src data:`). An empty file is rejected with code `refused`. Throws a
 * `TypeError` or `RangeError` for an invalid option.
 */
export function createUppy6Bridge(options: UppyBridgeOptions): Uppy6Bridge {
  const resolved = resolveBridgeOptions(options);
  const uploads: BridgedUploads = new Map();
  const files = new Map<string, UppyFile>();
  const completed: string[] = [];
  let fileCount = 0;
  return {
    shouldUseMultipart: true,
    getChunkSize: ({ size }) => resolved.chooseChunkSize(size),
    generateObjectKey(file) {
      fileCount += 1;
      const name = uploadIdOf(file) ?? `file-${fileCount}`;
      files.set(name, file);
      return name;
    },
    async signRequest({ method, key, uploadId, partNumber }) {
      if (uploadId === undefined) {
        const file = files.get(key);
        files.delete(key);
        return respondToInitiate(resolved, uploads, method, file);
      }
      if (partNumber !== undefined) return signPartRequest(uploads, uploadId, partNumber);
      const file = uploads.get(uploadId)?.file ?? files.get(uploadId);
      files.delete(uploadId);
      if (method === 'GET') return respondToList(resolved, uploads, uploadId, file);
      if (method === 'DELETE') return respondToAbort(resolved, uploads, uploadId, file);
      const response = await respondToComplete(resolved, uploads, uploadId);
      // If Uppy was paused meanwhile, it requests Complete again: keep the last completed uploads.
      completed.push(uploadId);
      for (const oldest of completed.splice(0, Math.max(0, completed.length - COMPLETED_MAX)))
        uploads.delete(oldest);
      return response;
    },
  };
}

/** More than the uploads that Uppy runs at once. */
const COMPLETED_MAX = 32;

/** The ID of the upload that Uppy wants to resume for this file, if any. */
function uploadIdOf({ s3Multipart }: UppyFile): string | undefined {
  const uploadId: unknown =
    typeof s3Multipart === 'object' && s3Multipart !== null && 'uploadId' in s3Multipart
      ? s3Multipart.uploadId
      : undefined;
  return typeof uploadId === 'string' ? uploadId : undefined;
}

async function respondToInitiate(
  options: ResolvedBridgeOptions,
  uploads: BridgedUploads,
  method: string,
  file: UppyFile | undefined,
): Promise<Uppy6SignedRequest> {
  if (file === undefined) throw new TypeError('generateObjectKey of the bridge must not be replaced');
  if (method !== 'POST') throw putRefusedError();
  const { uploadId, key } = await initiateUpload(options, uploads, file, {});
  return { url: xmlResponseUrl({ InitiateMultipartUploadResult: { UploadId: uploadId } }), key };
}

async function signPartRequest(
  uploads: BridgedUploads,
  uploadId: string,
  partNumber: number,
): Promise<Uppy6SignedRequest> {
  const upload = uploads.get(uploadId);
  if (upload === undefined) throw unknownUploadError('signRequest');
  // Uppy does not pass the reason of a second request: OSS may have rejected the first URL.
  const afterRefusal = upload.attempted.has(partNumber);
  upload.attempted.add(partNumber);
  const { url, headers } = await signPart(upload, { partNumber, afterRefusal });
  // Computed while Uppy sends the part. Complete reports an error.
  upload.computeCrc64(partNumber).catch(() => undefined);
  return { url, headers };
}

async function respondToList(
  options: ResolvedBridgeOptions,
  uploads: BridgedUploads,
  uploadId: string,
  file: UppyFile | undefined,
): Promise<Uppy6SignedRequest> {
  if (file === undefined) throw unknownUploadError('signRequest');
  const stored = await listStoredParts(options, uploads, { uploadId, file });
  const parts = stored.map(({ partNumber, etag }) => ({ PartNumber: String(partNumber), ETag: etag }));
  return { url: xmlResponseUrl({ ListPartsResult: { Part: parts } }) };
}

async function respondToComplete(
  options: ResolvedBridgeOptions,
  uploads: BridgedUploads,
  uploadId: string,
): Promise<Uppy6SignedRequest> {
  const upload = uploads.get(uploadId);
  if (upload === undefined) throw unknownUploadError('signRequest');
  const object = await completeBridgedUpload(options, upload);
  const { bucket, key, etag } = object;
  const location = options.location?.(object) ?? upload.objectUrl ?? `oss://${bucket}/${key}`;
  const result = { Location: location, Bucket: bucket, Key: key, ETag: etag };
  return { url: xmlResponseUrl({ CompleteMultipartUploadResult: result }) };
}

async function respondToAbort(
  options: ResolvedBridgeOptions,
  uploads: BridgedUploads,
  uploadId: string,
  file: UppyFile | undefined,
): Promise<Uppy6SignedRequest> {
  const upload = await findUpload(options, uploads, uploadId, file);
  if (upload !== undefined) await abortBridgedUpload(options, uploads, upload);
  return { url: xmlResponseUrl({}) };
}

/** Uppy 6 sends a PutObject for an empty file, or if `shouldUseMultipart` was replaced. */
function putRefusedError(): UploadError {
  return refusedError('Uppy 6 does not report the end of a PutObject: the object could not be verified', {
    context: { operation: 'signRequest' },
    hint: 'Do not replace shouldUseMultipart of the bridge. For empty files use Uppy 5, or uploadFile.',
  });
}

/** The elements of a response, by name: each one element or a list of elements. */
interface XmlElements {
  readonly [name: string]: string | XmlElements | readonly XmlElements[];
}

/** A `data:` URL with these elements as XML: for any method the browser itself returns it as response. */
function xmlResponseUrl(elements: XmlElements): string {
  return `data:application/xml,${encodeURIComponent(toXml(elements))}`;
}

function toXml(elements: XmlElements): string {
  return Object.entries(elements)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((each) => toElement(name, each)))
    .join('');
}

function toElement(name: string, value: string | XmlElements): string {
  return `<${name}>${typeof value === 'string' ? escapeText(value) : toXml(value)}</${name}>`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
