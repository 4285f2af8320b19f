import type { InitiatedUpload, PartBody } from '../ports.ts';
import { VERB_MS_MAX, withDeadline } from './resilience/with-deadline.ts';
import type { UploadRun } from './run-context.ts';

/**
 * The CRC64 of a part that OSS holds already, though its answer was lost; `undefined` where OSS holds none of
 * that number, or other bytes. One short question, instead of the whole part once more.
 */
export async function storedPart(
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
