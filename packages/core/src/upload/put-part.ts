import { UploadError } from '../errors.ts';
import { ossError } from '../oss/error-response.ts';
import type { Part } from '../part-plan.ts';
import type { InitiatedUpload, ListedPart, PartBody, PartResponse, Receipt, Source } from '../ports.ts';
import { MENDED_BY_A_NEW_URL } from './backoff.ts';
import type { PresignedParts } from './presigned-parts.ts';
import { retrying } from './retrying.ts';
import { guardStalls } from './stall-guard.ts';
import type { UploadRun } from './upload-run.ts';

/** What all parts of an upload share. */
export interface PartSending {
  readonly run: UploadRun;
  readonly source: Source;
  readonly upload: InitiatedUpload;
  readonly presigned: PresignedParts;
  readonly signal: AbortSignal;
}

/** Gives the receipt of a part: of the one OSS holds, if our own bytes prove it, or else by sending it. */
export async function putPart(
  sending: PartSending,
  part: Part,
  held: ListedPart | undefined,
): Promise<Receipt> {
  const { run, source, signal } = sending;
  signal.throwIfAborted();
  const { partNumber, offset, size } = part;
  const body = source.part(offset, size);
  const isHeld = held?.size === size && held.crc64 === (await body.crc64(signal));
  const crc64 = isHeld ? held.crc64 : await sendPart(sending, partNumber, body);
  run.emit({ type: 'part-confirmed', partNumber, size, crc64 });
  return { partNumber, size, crc64 };
}

/** Sends one part until OSS confirms its CRC64. */
function sendPart(
  { run, upload, presigned, signal }: PartSending,
  partNumber: number,
  body: PartBody,
): Promise<string> {
  const { transport } = run.ports;
  let isRefused = false;
  return retrying(run, signal, { operation: 'UploadPart', partNumber }, async (attempt) => {
    const { url, headers } = await presigned.take(partNumber, isRefused);
    const response = await guardStalls(run, body.size, signal, (guarded) =>
      transport.put({
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
    if (upload.kind === 'single' && attempt > 1 && isExisting(response)) return crc64;
    const failure = failureIn(response, crc64, transport.hidesHeaders);
    isRefused = failure !== undefined && MENDED_BY_A_NEW_URL.has(failure.code);
    if (failure !== undefined) throw failure;
    return crc64;
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
 * What is wrong with an answer; `undefined` when OSS says that it stored these bytes. Where CORS may hide the
 * CRC64, Complete's list of parts has to prove them.
 */
function failureIn(response: PartResponse, crc64: string, mayHideHeaders: boolean): UploadError | undefined {
  if (response.status !== 200) return ossError(response, { operation: 'UploadPart' });
  const stored = response.headers['x-oss-hash-crc64ecma'];
  if (stored === crc64 || (stored === undefined && mayHideHeaders)) return undefined;
  const context = { status: response.status, ...requestIdOf(response) };
  return stored === undefined
    ? new UploadError({
        code: 'malformed_answer',
        message: 'the answer has no CRC64 of the part: it is not from OSS',
        disposition: 'transient',
        context,
        hint: 'A proxy in between may have given it.',
      })
    : new UploadError({
        code: 'checksum_mismatch',
        message: `OSS received other bytes than were sent: CRC64 ${stored} instead of ${crc64}`,
        disposition: 'transient',
        context,
        hint: 'Something between here and OSS changes the bytes.',
      });
}

function requestIdOf({ headers }: PartResponse): { requestId?: string } {
  const requestId = headers['x-oss-request-id'];
  return requestId === undefined ? {} : { requestId };
}
