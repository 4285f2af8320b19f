import { UploadError } from '@partway/core';
import type { BridgedUpload } from './bridged-upload.ts';

/** Where a part is to be sent, as Uppy wants to be told. */
export interface SignedPart {
  readonly method: 'PUT';
  readonly url: string;
  readonly headers: Record<string, string>;
}

/** A fresh URL of a part of the plan. */
export async function signPart(
  upload: BridgedUpload,
  { partNumber, afterRefusal }: { readonly partNumber: number; readonly afterRefusal: boolean },
): Promise<SignedPart> {
  upload.stop.signal.throwIfAborted();
  const { url, headers } = await upload.urls.take(partNumber, afterRefusal);
  upload.refused.delete(partNumber);
  const { origin, pathname } = new URL(url);
  upload.address = `${origin}${pathname}`;
  // The browser alone may set it, and does: to the size of the body.
  const { 'content-length': _, ...others } = headers;
  return { method: 'PUT', url, headers: others };
}

/** Throws unless Uppy has cut the file as the plan has it. */
export function assertOfPlan({ plan }: BridgedUpload, partNumber: number, size: number): void {
  if (plan[partNumber - 1]?.size === size) return;
  throw new UploadError({
    code: 'refused',
    message: `part ${partNumber} of ${size} bytes is not in the plan`,
    disposition: 'permanent',
    context: { operation: 'signPart', partNumber },
    hint: 'Leave getChunkSize and shouldUseMultipart as the bridge gives them.',
  });
}

/** An upload that this page does not know, and none that it keeps. */
export function unknownUpload(operation: string): UploadError {
  return new UploadError({
    code: 'upload_not_found',
    message: 'no upload of this page has this uploadId',
    disposition: 'permanent',
    context: { operation },
    hint: 'It has ended, or was begun by another page. Upload the file again.',
  });
}
