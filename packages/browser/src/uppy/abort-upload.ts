import { UploadError } from '@partway/core';
import type { BridgeTerms } from './bridge-options.ts';
import { type BridgedUpload, type BridgedUploads, UNINTERRUPTED } from './bridged-upload.ts';

/**
 * Stops what is under way, waits for it, and removes what the upload left in OSS. An object that Complete has
 * made, or may have made, of a multipart upload stays.
 */
export async function abortUpload(
  { patient, tokens }: BridgeTerms,
  uploads: BridgedUploads,
  upload: BridgedUpload,
): Promise<void> {
  const { uploadToken, uploadId } = upload;
  upload.stop.abort(calledOff());
  await Promise.allSettled([...upload.inFlight, upload.completing]);
  if (!upload.isStored) await patient.abort({ uploadToken, signal: UNINTERRUPTED });
  uploads.delete(uploadId);
  await tokens.remove(uploadId);
}

/** What whoever still asks for something of it is told. */
function calledOff(): UploadError {
  return new UploadError({
    code: 'aborted',
    message: 'Uppy has called the upload off',
    disposition: 'permanent',
  });
}
