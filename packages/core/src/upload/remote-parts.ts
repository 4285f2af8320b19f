import { ignoreError } from '../errors.ts';
import type { InitiatedUpload, ListedPart, PartBody } from '../ports.ts';
import type { OpenedUpload } from './open-upload.ts';
import type { ConfirmedPut } from './resilience/hedging.ts';
import { callControlPlane, VERB_MS_MAX, withDeadline } from './resilience/retry.ts';
import type { UploadRun } from './run-context.ts';

/** The parts that OSS has stored, by part number. */
export type StoredParts = ReadonlyMap<number, ListedPart>;

/**
 * The parts that OSS has stored of a resumed upload; `undefined` when OSS does not know the upload any more.
 */
export async function listStoredParts(
  run: UploadRun,
  { isResumed, key, uploadToken }: OpenedUpload,
): Promise<StoredParts | undefined> {
  if (!isResumed) return new Map();
  return callControlPlane(run, run.signal, { operation: 'listParts', key }, (signal) =>
    run.ports.controlPlane.listParts({ uploadToken, signal }),
  ).then((listed) => new Map(listed.map((part) => [part.partNumber, part])), ignoreError('upload_not_found'));
}

/**
 * The part of this number that OSS has stored although its response was lost; `undefined` when OSS has none,
 * or other bytes. One short request instead of the whole part again.
 */
export async function findStoredPart(
  run: UploadRun,
  { kind, uploadToken }: InitiatedUpload,
  partNumber: number,
  body: PartBody,
  signal: AbortSignal,
): Promise<ConfirmedPut | undefined> {
  if (kind === 'single') return undefined;
  const listed = await withDeadline(run, VERB_MS_MAX, signal, (stop) =>
    run.ports.controlPlane.listParts({ uploadToken, partNumber, signal: stop }),
  );
  const stored = listed.find((part) => part.partNumber === partNumber);
  if (stored?.size !== body.size) return undefined;
  const crc64 = await body.crc64(signal);
  // canary: unproven-stored-part
  return stored.crc64 === crc64 ? { crc64, callback: undefined } : undefined;
}
