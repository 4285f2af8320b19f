import { UploadError } from '@partway/core';
import type { ListedPart } from '@partway/core/ports';
import type { BridgeTerms } from './bridge-options.ts';
import {
  type BridgedUpload,
  type BridgedUploads,
  beginUpload,
  findUpload,
  UNINTERRUPTED,
} from './bridged-upload.ts';
import type { UppyFile } from './uppy-file.ts';

/** A part that Uppy need not send. */
export interface HeldPart {
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
}

/**
 * The parts of an upload to be gone on with that OSS holds with our own bytes: others are to be sent again.
 * An upload that nobody knows any more begins anew, under the name that Uppy has for it.
 */
export async function heldParts(
  terms: BridgeTerms,
  uploads: BridgedUploads,
  { uploadId, file, signal }: ResumeRequest,
): Promise<readonly HeldPart[]> {
  const upload = await findUpload(terms, uploads, uploadId, file);
  if (upload === undefined) {
    await beginUpload(terms, uploads, file, { signal, name: uploadId });
    return [];
  }
  if (isWhole(upload)) return allOf(upload);
  try {
    const { uploadToken } = upload;
    const listed = await terms.patient.listParts({ uploadToken, signal: signal ?? UNINTERRUPTED });
    return await proven(upload, listed);
  } catch (reason) {
    if (!isGone(reason) || upload.confirmed.size > 0) throw reason;
    // A token that has expired may still call off what it began.
    const { uploadToken } = upload;
    await terms.controlPlane.abort({ uploadToken, signal: UNINTERRUPTED }).catch(() => undefined);
    await beginUpload(terms, uploads, file, { signal, name: uploadId });
    return [];
  }
}

export interface ResumeRequest {
  readonly uploadId: string;
  readonly file: UppyFile;
  readonly signal?: AbortSignal | undefined;
}

async function proven(upload: BridgedUpload, listed: readonly ListedPart[]): Promise<readonly HeldPart[]> {
  const held: HeldPart[] = [];
  for (const { partNumber, size, etag, crc64 } of listed) {
    if (size !== upload.plan[partNumber - 1]?.size) continue;
    if (crc64 === (await upload.crc64Of(partNumber))) held.push({ partNumber, size, etag });
  }
  const numbers = new Set(held.map(({ partNumber }) => partNumber));
  const missing = [...upload.confirmed].find((partNumber) => !numbers.has(partNumber));
  upload.confirmed.clear();
  for (const partNumber of numbers) upload.confirmed.add(partNumber);
  // Uppy has let go of the bytes of a part that was confirmed: it cannot send them again, but for a retry.
  if (missing !== undefined) throw partMissing(missing);
  return held;
}

/**
 * Complete was asked for before Uppy was paused, and OSS may hold no parts any more, but the object; or the
 * one PutObject was sent, which no list tells.
 */
function isWhole({ completing, kind, confirmed }: BridgedUpload): boolean {
  return completing !== undefined || (kind === 'single' && confirmed.size > 0);
}

function allOf({ plan }: BridgedUpload): readonly HeldPart[] {
  return plan.map(({ partNumber, size }) => ({ partNumber, size, etag: UNASKED }));
}

/** Uppy 6 takes a part without an ETag for one to be sent. The coordinator needs none. */
const UNASKED = 'held';

function isGone(reason: unknown): boolean {
  return (
    reason instanceof UploadError && (reason.code === 'upload_not_found' || reason.code === 'token_refused')
  );
}

function partMissing(partNumber: number): UploadError {
  return new UploadError({
    code: 'part_missing',
    message: `part ${partNumber} is not in OSS any more as it was sent`,
    disposition: 'permanent',
    context: { operation: 'listParts', partNumber },
    hint: 'Retry: what is missing is sent again then.',
  });
}
