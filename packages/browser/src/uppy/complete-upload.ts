import { combineCrc64, UploadError, type UploadErrorCode, type UploadedObject } from '@partway/core';
import { checksumMismatchError } from '@partway/core/internal';
import type { Receipt } from '@partway/core/ports';
import type { ResolvedBridgeOptions } from './bridge-options.ts';
import { type BridgedUpload, NEVER_ABORTED } from './bridged-upload.ts';

/**
 * Completes an upload, and verifies the object by the bytes of the file. A pause of Uppy does not stop it,
 * since OSS would continue: a later call returns the same promise.
 */
export function completeBridgedUpload(
  options: ResolvedBridgeOptions,
  upload: BridgedUpload,
): Promise<UploadedObject> {
  upload.completing ??= complete(options, upload).catch((reason: unknown) => {
    upload.completing = undefined;
    throw recordFailure(upload, UploadError.from(reason));
  });
  return upload.completing;
}

async function complete(
  { retryingControlPlane, tokenStore }: ResolvedBridgeOptions,
  upload: BridgedUpload,
): Promise<UploadedObject> {
  const { uploadToken, uploadId } = upload;
  const receipts = await collectReceipts(upload);
  const object = await retryingControlPlane.complete({ uploadToken, receipts, signal: NEVER_ABORTED });
  if (object.size !== upload.size || object.crc64 !== combineCrc64(receipts)) {
    throw objectDiffersError(upload);
  }
  if (upload.callbackError !== undefined) throw upload.callbackError;
  // The object is stored: a token that cannot be removed is harmless.
  await tokenStore.remove(uploadId).catch(() => undefined);
  return object;
}

/** The CRC64s are usually known: they were computed when the parts were sent or, after a reload, listed. */
async function collectReceipts({ plan, computeCrc64 }: BridgedUpload): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = [];
  for (const { partNumber, size } of plan) {
    receipts.push({ partNumber, size, crc64: await computeCrc64(partNumber) });
  }
  return receipts;
}

/** After these errors the object exists. */
const STORED_CODES: ReadonlySet<UploadErrorCode> = new Set(['callback_failed', 'unproven']);

function recordFailure(upload: BridgedUpload, error: UploadError): UploadError {
  const { partNumber } = error.context;
  if (partNumber !== undefined) upload.confirmed.delete(partNumber);
  if (STORED_CODES.has(error.code)) upload.isStored = true;
  return error;
}

function objectDiffersError({ bucket, key }: BridgedUpload): UploadError {
  return checksumMismatchError('the size or CRC64 of the object differs from the file', {
    context: { operation: 'complete', bucket, key },
    hint: 'Upload the file again.',
  });
}
