import { UploadError } from '../errors.ts';
import type { Part } from '../parts/part-plan.ts';
import type { Receipt, Source } from '../ports.ts';
import type { OpenedUpload } from './open-upload.ts';
import { listStoredParts } from './remote-parts.ts';
import type { UploadRun } from './run-context.ts';
import { sendParts } from './send-parts.ts';
import { sourceFeed } from './source-feed.ts';

/** Complete found a part in OSS that is not the one confirmed, or none at all. */
export function isPartAtFault(reason: unknown): boolean {
  const { code, context } = UploadError.from(reason);
  return code === 'part_missing' || (code === 'checksum_mismatch' && context.partNumber !== undefined);
}

/** Sends again the parts that OSS does not hold as they were confirmed, and no others. */
export async function repairParts(
  run: UploadRun,
  source: Source,
  upload: OpenedUpload,
  plan: readonly Part[],
  receipts: readonly Receipt[],
): Promise<readonly Receipt[]> {
  const held = await listStoredParts(run, { ...upload, isResumed: true });
  const sound = receipts.filter(({ partNumber, size, crc64 }) => {
    const part = held?.get(partNumber);
    // canary: repair-of-every-part
    return part?.size === size && part.crc64 === crc64;
  });
  const soundNumbers = new Set(sound.map(({ partNumber }) => partNumber));
  const wrong = plan.filter(({ partNumber }) => !soundNumbers.has(partNumber));
  const sent = await sendParts(run, upload, sourceFeed(source, wrong, new Map()));
  return [...sound, ...sent].sort((a, b) => a.partNumber - b.partNumber);
}
