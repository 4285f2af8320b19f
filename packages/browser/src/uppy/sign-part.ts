import type { UploadError } from '@partway/core';
import { refusedError, uploadNotFoundError } from '@partway/core/internal';
import type { BridgedUpload } from './bridged-upload.ts';

/** The presigned request of a part, in the form that Uppy expects. */
export interface SignedPart {
  /** The HTTP method. */
  readonly method: 'PUT';
  /** The presigned URL, a bearer credential. */
  readonly url: string;
  /** The signed headers, without Content-Length, which only the browser may set. */
  readonly headers: Record<string, string>;
}

/** Signs a part of the plan. `afterRefusal`: OSS has rejected the last URL of the part. */
export async function signPart(
  upload: BridgedUpload,
  { partNumber, afterRefusal }: { readonly partNumber: number; readonly afterRefusal: boolean },
): Promise<SignedPart> {
  upload.controller.signal.throwIfAborted();
  const { url, headers } = await upload.urls.take(partNumber, afterRefusal);
  upload.rejected.delete(partNumber);
  const { origin, pathname } = new URL(url);
  upload.objectUrl = `${origin}${pathname}`;
  const { 'content-length': _, ...others } = headers;
  return { method: 'PUT', url, headers: others };
}

/** Throws unless the part of Uppy is a part of the plan. */
export function assertPlannedPart({ plan }: BridgedUpload, partNumber: number, size: number): void {
  if (plan[partNumber - 1]?.size === size) return;
  throw refusedError(`part ${partNumber} with ${size} bytes is not in the part plan`, {
    context: { operation: 'signPart', partNumber },
    hint: 'Do not replace getChunkSize or shouldUseMultipart of the bridge.',
  });
}

export function unknownUploadError(operation: string): UploadError {
  return uploadNotFoundError('this page has no upload with this uploadId', {
    context: { operation },
    hint: 'It has ended, or another page started it. Upload the file again.',
  });
}
