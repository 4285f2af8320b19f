import { UploadError } from '../errors.ts';
import { ossError } from '../oss/error-response.ts';
import type { Part } from '../part-plan.ts';
import type { InitiatedUpload, PartResponse, Receipt, Source } from '../ports.ts';
import type { PresignedParts } from './presigned-parts.ts';
import { retrying } from './retrying.ts';
import { guardStalls } from './stall-guard.ts';
import type { UploadRun } from './upload.ts';

/** Sends one part until OSS confirms its CRC64, and gives the receipt. */
export function putPart(
  run: UploadRun,
  source: Source,
  { kind }: InitiatedUpload,
  presigned: PresignedParts,
  part: Part,
  signal: AbortSignal,
): Promise<Receipt> {
  const { partNumber, offset, size } = part;
  const body = source.part(offset, size);
  return retrying(run, signal, { operation: 'UploadPart', partNumber }, async (attempt) => {
    const { url, headers } = await presigned.take(partNumber);
    const response = await guardStalls(run, size, signal, (guarded) =>
      run.ports.transport.put({
        url,
        headers,
        body,
        signal: guarded.signal,
        onProgress(sentBytes) {
          guarded.onProgress(sentBytes);
          run.emit({ type: 'part-progress', partNumber, sentBytes });
        },
      }),
    );
    const crc64 = await body.crc64(signal);
    if (!(kind === 'single' && attempt > 1 && isExisting(response))) confirm(response, crc64);
    run.emit({ type: 'part-confirmed', partNumber, size, crc64 });
    return { partNumber, size, crc64 };
  });
}

/**
 * With forbidOverwrite, a PutObject whose answer was lost is refused when it is sent again: by its own
 * object, as Complete will prove.
 */
function isExisting(response: PartResponse): boolean {
  return response.status === 409 && ossError(response, {}).code === 'object_exists';
}

/**
 * Throws unless OSS stored these bytes. Where CORS hides the CRC64, Complete's list of parts has to prove
 * them.
 */
function confirm(response: PartResponse, crc64: string): void {
  if (response.status !== 200) throw ossError(response, { operation: 'UploadPart' });
  const stored = response.headers['x-oss-hash-crc64ecma'];
  if (stored === undefined || stored === crc64) return;
  throw new UploadError({
    code: 'checksum_mismatch',
    message: `OSS received other bytes than were sent: CRC64 ${stored} instead of ${crc64}`,
    disposition: 'transient',
    context: { status: response.status, ...requestIdOf(response) },
    hint: 'Something between here and OSS changes the bytes.',
  });
}

function requestIdOf({ headers }: PartResponse): { requestId?: string } {
  const requestId = headers['x-oss-request-id'];
  return requestId === undefined ? {} : { requestId };
}
