import { UploadError, type UploadErrorCode } from '@partway/core';
import { checksumMismatchError } from '@partway/core/internal';
import { ossError } from '@partway/core/oss';
import type { PartResponse } from '@partway/core/ports';
import { createBlobSource } from '../blob-source.ts';
import type { ResolvedBridgeOptions } from './bridge-options.ts';
import type { BridgedUpload } from './bridged-upload.ts';

export interface PartToSend {
  readonly upload: BridgedUpload;
  readonly partNumber: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Blob;
  readonly onProgress: (sentBytes: number) => void;
  readonly signal: AbortSignal;
}

/** Sends a part once. Resolves when OSS has its bytes, to the ETag, or '' if CORS hides it. */
export async function sendPart({ transport }: ResolvedBridgeOptions, part: PartToSend): Promise<string> {
  const { upload, partNumber, url, headers, onProgress } = part;
  const isRetry = upload.attempted.has(partNumber);
  const signal = AbortSignal.any([part.signal, upload.controller.signal]);
  // A slice has no type. The body of a small file is the File, and its type would be sent unsigned.
  const body = createBlobSource(part.body).part(0, part.body.size);
  upload.attempted.add(partNumber);
  try {
    const response = await transport.put({ url, headers, body, onProgress, signal });
    assertStored(upload, response, isRetry);
    assertSameCrc64(response, await upload.computeCrc64(partNumber));
    upload.confirmed.add(partNumber);
    return (response.headers.etag ?? '').replaceAll('"', '');
  } catch (reason) {
    signal.throwIfAborted();
    const error = UploadError.from(reason).with({ operation: 'UploadPart', partNumber });
    if (RETRY_WITH_NEW_URL.has(error.code)) upload.rejected.add(partNumber);
    throw error;
  }
}

/** Errors of the URL, and not of the part. */
const RETRY_WITH_NEW_URL: ReadonlySet<UploadErrorCode> = new Set([
  'url_expired',
  'credentials_expired',
  'clock_skewed',
]);

function assertStored(upload: BridgedUpload, response: PartResponse, isRetry: boolean): void {
  if (response.status === 200) return;
  const isSingle = upload.kind === 'single';
  const error = ossError(response, { operation: isSingle ? 'PutObject' : 'UploadPart' });
  // After a lost response, forbidOverwrite rejects the retry of a PutObject: Complete verifies the object.
  if (isSingle && isRetry && error.code === 'object_exists') return;
  if (!isSingle || response.status !== 203) throw error;
  upload.callbackError = error;
}

/** Without a CRC64 of OSS (hidden by CORS, or after a callback), Complete verifies the bytes. */
function assertSameCrc64({ headers, status }: PartResponse, crc64: string): void {
  const stored = headers['x-oss-hash-crc64ecma'];
  if (stored === undefined || stored === crc64 || status !== 200) return;
  throw checksumMismatchError(`OSS received different bytes: CRC64 ${stored} instead of ${crc64}`, {
    disposition: 'transient',
    context: { status },
    hint: 'Something between this page and OSS changes the bytes.',
  });
}
