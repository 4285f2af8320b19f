import { UploadError, type UploadErrorCode } from '@partway/core';
import { ossError } from '@partway/core/oss';
import type { PartResponse } from '@partway/core/ports';
import { createBlobSource } from '../blob-source.ts';
import type { BridgeTerms } from './bridge-options.ts';
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

/** Sends a part once. Resolves with its ETag, where CORS lets a page see it, when OSS holds our own bytes. */
export async function sendPart({ transport }: BridgeTerms, part: PartToSend): Promise<string> {
  const { upload, partNumber, url, headers, onProgress } = part;
  const wasTried = upload.tried.has(partNumber);
  const signal = AbortSignal.any([part.signal, upload.stop.signal]);
  // A slice has no type: Uppy hands over a small file as it is, whose type would go out unsigned.
  const body = createBlobSource(part.body).part(0, part.body.size);
  upload.tried.add(partNumber);
  try {
    const response = await transport.put({ url, headers, body, onProgress, signal });
    assertStored(upload, response, wasTried);
    assertUnchanged(response, await upload.crc64Of(partNumber));
    upload.confirmed.add(partNumber);
    return (response.headers.etag ?? '').replaceAll('"', '');
  } catch (reason) {
    signal.throwIfAborted();
    const error = UploadError.from(reason).with({ operation: 'UploadPart', partNumber });
    if (RETRY_WITH_NEW_URL.has(error.code)) upload.refused.add(partNumber);
    throw error;
  }
}

/** Failures of the URL rather than of the part. */
const RETRY_WITH_NEW_URL: ReadonlySet<UploadErrorCode> = new Set([
  'url_expired',
  'credentials_expired',
  'clock_skewed',
]);

function assertStored(upload: BridgedUpload, response: PartResponse, wasTried: boolean): void {
  if (response.status === 200) return;
  const operation = upload.kind === 'single' ? 'PutObject' : 'UploadPart';
  const failure = ossError(response, { operation });
  const isSingle = upload.kind === 'single';
  // With forbidOverwrite, a PutObject whose answer was lost is refused by its own object: Complete proves it.
  if (isSingle && wasTried && failure.code === 'object_exists') return;
  if (!isSingle || response.status !== 203) throw failure;
  upload.callbackFailure = failure;
}

/** Where CORS hides the CRC64, or an application server has answered, Complete has to prove the bytes. */
function assertUnchanged({ headers, status }: PartResponse, crc64: string): void {
  const stored = headers['x-oss-hash-crc64ecma'];
  if (stored === undefined || stored === crc64 || status !== 200) return;
  throw new UploadError({
    code: 'checksum_mismatch',
    message: `OSS received other bytes than were sent: CRC64 ${stored} instead of ${crc64}`,
    disposition: 'transient',
    context: { status },
    hint: 'Something between here and OSS changes the bytes.',
  });
}
