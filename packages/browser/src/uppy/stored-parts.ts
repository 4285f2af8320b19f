import { UploadError } from '@partway/core';
import type { ListedPart } from '@partway/core/ports';
import type { ResolvedBridgeOptions } from './bridge-options.ts';
import {
  type BridgedUpload,
  type BridgedUploads,
  findUpload,
  initiateUpload,
  NEVER_ABORTED,
} from './bridged-upload.ts';
import type { UppyFile } from './uppy-file.ts';

/** A part that Uppy need not send. */
export interface StoredPart {
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
}

/**
 * The parts of a resumed upload that OSS has with the bytes of the file; Uppy sends the others. An upload
 * that does not exist any more is initiated again, with the ID that Uppy has for it.
 */
export async function listStoredParts(
  options: ResolvedBridgeOptions,
  uploads: BridgedUploads,
  { uploadId, file, signal }: ResumeRequest,
): Promise<readonly StoredPart[]> {
  const upload = await findUpload(options, uploads, uploadId, file);
  if (upload === undefined) {
    await initiateUpload(options, uploads, file, { signal, uploadId });
    return [];
  }
  if (isFullySent(upload)) return toStoredParts(upload);
  try {
    const { uploadToken } = upload;
    const listed = await options.retryingControlPlane.listParts({
      uploadToken,
      signal: signal ?? NEVER_ABORTED,
    });
    return await verifyListedParts(upload, listed);
  } catch (reason) {
    if (!isUploadGone(reason) || upload.confirmed.size > 0) throw reason;
    // An expired token may still be valid for an abort.
    const { uploadToken } = upload;
    await options.controlPlane.abort({ uploadToken, signal: NEVER_ABORTED }).catch(() => undefined);
    await initiateUpload(options, uploads, file, { signal, uploadId });
    return [];
  }
}

export interface ResumeRequest {
  readonly uploadId: string;
  readonly file: UppyFile;
  readonly signal?: AbortSignal | undefined;
}

async function verifyListedParts(
  upload: BridgedUpload,
  listed: readonly ListedPart[],
): Promise<readonly StoredPart[]> {
  const stored: StoredPart[] = [];
  for (const { partNumber, size, etag, crc64 } of listed) {
    if (size !== upload.plan[partNumber - 1]?.size) continue;
    if (crc64 === (await upload.computeCrc64(partNumber))) stored.push({ partNumber, size, etag });
  }
  const numbers = new Set(stored.map(({ partNumber }) => partNumber));
  const missing = [...upload.confirmed].find((partNumber) => !numbers.has(partNumber));
  upload.confirmed.clear();
  for (const partNumber of numbers) upload.confirmed.add(partNumber);
  // Uppy drops the bytes of a confirmed part: it can send them again only after an error, in a retry.
  if (missing !== undefined) throw partMissingError(missing);
  return stored;
}

/**
 * If Complete was requested before Uppy was paused, OSS may have the object and no parts. ListParts does not
 * list the bytes of a single PutObject.
 */
function isFullySent({ completing, kind, confirmed }: BridgedUpload): boolean {
  return completing !== undefined || (kind === 'single' && confirmed.size > 0);
}

function toStoredParts({ plan }: BridgedUpload): readonly StoredPart[] {
  return plan.map(({ partNumber, size }) => ({ partNumber, size, etag: PLACEHOLDER_ETAG }));
}

/** Uppy 6 sends a part without an ETag again. The coordinator does not use ETags. */
const PLACEHOLDER_ETAG = 'stored';

function isUploadGone(reason: unknown): boolean {
  return (
    reason instanceof UploadError && (reason.code === 'upload_not_found' || reason.code === 'token_refused')
  );
}

function partMissingError(partNumber: number): UploadError {
  return new UploadError({
    code: 'part_missing',
    message: `OSS no longer has part ${partNumber} as it was sent`,
    disposition: 'permanent',
    context: { operation: 'listParts', partNumber },
    hint: 'Retry the upload: it sends the missing parts again.',
  });
}
