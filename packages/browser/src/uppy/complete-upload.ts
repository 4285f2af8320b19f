import { combineCrc64, UploadError, type UploadErrorCode, type UploadedObject } from '@partway/core';
import type { Receipt } from '@partway/core/ports';
import type { BridgeTerms } from './bridge-options.ts';
import { type BridgedUpload, UNINTERRUPTED } from './bridged-upload.ts';

/**
 * Completes an upload, and proves the object by our own bytes. Not stopped when Uppy is paused, as OSS goes
 * on as well: asked for again, it is the same one.
 */
export function completeUpload(terms: BridgeTerms, upload: BridgedUpload): Promise<UploadedObject> {
  upload.completing ??= complete(terms, upload).catch((reason: unknown) => {
    upload.completing = undefined;
    throw notedFailure(upload, UploadError.from(reason));
  });
  return upload.completing;
}

async function complete({ patient, tokens }: BridgeTerms, upload: BridgedUpload): Promise<UploadedObject> {
  const { uploadToken, uploadId } = upload;
  const receipts = await receiptsOf(upload);
  const object = await patient.complete({ uploadToken, receipts, signal: UNINTERRUPTED });
  if (object.size !== upload.size || object.crc64 !== combineCrc64(receipts)) throw unlikeError(upload);
  if (upload.callbackFailure !== undefined) throw upload.callbackFailure;
  // The object is there, whatever becomes of what was kept of its upload.
  await tokens.remove(uploadId).catch(() => undefined);
  return object;
}

/** What was sent was read for its CRC64 then; what an earlier page sent, when it was listed. */
async function receiptsOf({ plan, crc64Of }: BridgedUpload): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = [];
  for (const { partNumber, size } of plan) {
    receipts.push({ partNumber, size, crc64: await crc64Of(partNumber) });
  }
  return receipts;
}

/** The object stands, though not everything is well. */
const STORED: ReadonlySet<UploadErrorCode> = new Set(['callback_failed', 'unproven']);

function notedFailure(upload: BridgedUpload, error: UploadError): UploadError {
  const { partNumber } = error.context;
  if (partNumber !== undefined) upload.confirmed.delete(partNumber);
  if (STORED.has(error.code)) upload.isStored = true;
  return error;
}

function unlikeError({ bucket, key }: BridgedUpload): UploadError {
  return new UploadError({
    code: 'checksum_mismatch',
    message: 'the object is not the file that was sent',
    disposition: 'permanent',
    context: { operation: 'complete', bucket, key },
    hint: 'Upload the file again.',
  });
}
