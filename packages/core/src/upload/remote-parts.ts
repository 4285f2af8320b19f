import { UploadError } from '../errors.ts';
import type { Part } from '../parts/part-plan.ts';
import type { ListedPart, Receipt, Source, UploadedObject } from '../ports.ts';
import { completeUpload } from './complete-upload.ts';
import type { OpenedUpload } from './open-upload.ts';
import { ask } from './resilience/ask.ts';
import type { UploadRun } from './run-context.ts';

/** The parts OSS holds, by number. */
export type StoredParts = ReadonlyMap<number, ListedPart>;

/** What OSS holds of an upload; `undefined` where there is no such upload any more. */
export async function listStoredParts(
  run: UploadRun,
  { isResumed, key, uploadToken }: OpenedUpload,
): Promise<StoredParts | undefined> {
  if (!isResumed) return new Map();
  try {
    const listed = await ask(run, run.signal, { operation: 'listParts', key }, (signal) =>
      run.ports.controlPlane.listParts({ uploadToken, signal }),
    );
    return new Map(listed.map((part) => [part.partNumber, part]));
  } catch (reason) {
    return unlessGone(reason);
  }
}

/**
 * The object of an upload that is no more, where an earlier run, or another process, completed it. Reads the
 * whole source for its receipts: with them the coordinator can tell whether the object is ours. `undefined`
 * where it is not.
 */
export async function findCompleted(
  run: UploadRun,
  source: Source,
  upload: OpenedUpload,
  plan: readonly Part[],
): Promise<UploadedObject | undefined> {
  const receipts: Receipt[] = [];
  for (const { partNumber, offset, size } of plan) {
    const crc64 = await source.part(offset, size).crc64(run.signal);
    receipts.push({ partNumber, size, crc64 });
  }
  try {
    return await completeUpload(run, upload, receipts);
  } catch (reason) {
    return unlessGone(reason);
  }
}

/** OSS knows the upload no more: it was completed or aborted. */
export function isGone(reason: unknown): boolean {
  return UploadError.from(reason).code === 'upload_not_found';
}

function unlessGone(reason: unknown): undefined {
  if (!isGone(reason)) throw reason;
}
