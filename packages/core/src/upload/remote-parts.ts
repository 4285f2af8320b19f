import { UploadError } from '../errors.ts';
import type { InitiatedUpload, ListedPart, PartBody } from '../ports.ts';
import type { OpenedUpload } from './open-upload.ts';
import { callControlPlane, VERB_MS_MAX, withDeadline } from './resilience/retry.ts';
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
    const listed = await callControlPlane(run, run.signal, { operation: 'listParts', key }, (signal) =>
      run.ports.controlPlane.listParts({ uploadToken, signal }),
    );
    return new Map(listed.map((part) => [part.partNumber, part]));
  } catch (reason) {
    return unlessGone(reason);
  }
}

/**
 * The CRC64 of a part that OSS holds already, though its answer was lost; `undefined` where OSS holds none of
 * that number, or other bytes. One short question, instead of the whole part once more.
 */
export async function findStoredPart(
  run: UploadRun,
  { kind, uploadToken }: InitiatedUpload,
  partNumber: number,
  body: PartBody,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (kind === 'single') return undefined;
  const listed = await withDeadline(run, VERB_MS_MAX, signal, (stop) =>
    run.ports.controlPlane.listParts({ uploadToken, partNumber, signal: stop }),
  );
  const held = listed.find((part) => part.partNumber === partNumber);
  if (held?.size !== body.size) return undefined;
  const crc64 = await body.crc64(signal);
  // canary: unproven-stored-part
  return held.crc64 === crc64 ? crc64 : undefined;
}

/** OSS knows the upload no more: it was completed or aborted. */
export function isGone(reason: unknown): boolean {
  return UploadError.from(reason).code === 'upload_not_found';
}

export function unlessGone(reason: unknown): undefined {
  if (!isGone(reason)) throw reason;
}
