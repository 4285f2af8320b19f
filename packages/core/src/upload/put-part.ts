import { UploadError } from '../errors.ts';
import { ossError } from '../oss/error-response.ts';
import type { Part } from '../parts/part-plan.ts';
import type { ListedPart, PartBody, Receipt } from '../ports.ts';
import type { OpenedUpload } from './open-upload.ts';
import { assertStored, isCallbackResponse } from './part-response.ts';
import type { PresignedParts } from './presigned-parts.ts';
import { findStoredPart } from './remote-parts.ts';
import type { FailedTry, Hedging, PutOutcome } from './resilience/hedging.ts';
import { RETRY_WITH_NEW_URL, withRetries } from './resilience/retry.ts';
import type { StallGuard } from './resilience/stall-guard.ts';
import type { UploadRun } from './run-context.ts';

/** What all parts of an upload share, and the signal of one of them. */
export interface PartSending {
  readonly run: UploadRun;
  readonly upload: OpenedUpload;
  readonly presigned: PresignedParts;
  readonly hedging: Hedging;
  readonly stalls: StallGuard;
  readonly signal: AbortSignal;
}

/** A part of the plan, with its bytes. */
export interface PartToSend extends Part {
  /** The bytes, to be read by one reader at a time. Another reader opens them anew. */
  open(): PartBody;
  /** What OSS lists under this number. */
  readonly held?: ListedPart | undefined;
  /** Told when OSS holds the part: its bytes are not read again. */
  confirmed?(receipt: Receipt): Promise<void>;
}

/** Gives the receipt of a part: of the one OSS holds, if our own bytes prove it, or else by sending it. */
export async function putPart(sending: PartSending, part: PartToSend): Promise<Receipt> {
  sending.signal.throwIfAborted();
  const { partNumber, size } = part;
  const body = part.open();
  const crc64 = (await provenHeld(sending, part, body)) ?? (await sendPart(sending, part, body));
  sending.run.emit({ type: 'part-confirmed', partNumber, size, crc64 });
  const receipt = { partNumber, size, crc64 };
  await part.confirmed?.(receipt);
  return receipt;
}

async function provenHeld(
  { run, signal }: PartSending,
  { held, size }: PartToSend,
  body: PartBody,
): Promise<string | undefined> {
  if (held?.size !== size) return undefined;
  if (run.options.verifyExistingParts === 'size') return held.crc64;
  // canary: unproven-existing-part
  return held.crc64 === (await body.crc64(signal)) ? held.crc64 : undefined;
}

/** Sends one part until OSS confirms its CRC64. */
function sendPart(sending: PartSending, part: PartToSend, body: PartBody): Promise<string> {
  const { run, upload, hedging, signal } = sending;
  const { partNumber } = part;
  let last: FailedTry | undefined;
  return withRetries(run, signal, { operation: 'UploadPart', partNumber }, async (attempt) => {
    // canary: attempt-without-event
    run.emit({ type: 'part-attempt', partNumber, attempt });
    // canary: no-lookup-of-lost-part
    const stored = last?.mayBeStored
      ? await findStoredPart(run, upload, partNumber, body, signal)
      : undefined;
    if (stored !== undefined) return stored;
    const afterRefusal = last?.isRefused ?? false;
    const copies = { body, second: part.open };
    const outcome = await hedging.race(copies, signal, (copy, stop, isSecond) =>
      putOnce({ ...sending, signal: stop }, part, copy, { afterRefusal, isSecond }),
    );
    if ('crc64' in outcome) return outcome.crc64;
    last = outcome;
    if (upload.kind === 'single' && (attempt > 1 || upload.isResumed) && isExisting(outcome.failure))
      return body.crc64(signal);
    if (outcome.failure.context.ossCode !== 'PartAlreadyExist') throw outcome.failure;
    const earlier = await findStoredPart(run, upload, partNumber, body, signal);
    if (earlier === undefined) throw outcome.failure;
    return earlier;
  });
}

/** One PUT. Rejects only when it was stopped; what else fails, it tells. */
async function putOnce(
  { run, upload, presigned, stalls, signal }: PartSending,
  { partNumber, size }: PartToSend,
  body: PartBody,
  { afterRefusal, isSecond }: { readonly afterRefusal: boolean; readonly isSecond: boolean },
): Promise<PutOutcome> {
  const { transport } = run.ports;
  let isSent = body.size === 0;
  try {
    const { url, headers } = await presigned.take({ partNumber, size }, afterRefusal);
    signal.throwIfAborted();
    const moved = (sentBytes: number): void => {
      isSent ||= sentBytes === body.size;
      if (!isSecond) run.emit({ type: 'part-progress', partNumber, sentBytes });
    };
    const response = await stalls.guard(body.size, signal, moved, (guarded) =>
      transport.put({ url, headers, body, ...guarded }),
    );
    const isCallbackReply = isCallbackResponse(upload, response);
    // canary: url-in-error
    if (response.status !== 200 && !isCallbackReply) throw ossError(response, { operation: 'UploadPart' });
    const crc64 = await body.crc64(signal);
    assertStored(response, crc64, transport.mayHideHeaders || isCallbackReply);
    if (!isCallbackReply) run.noteHeaders(response);
    return { crc64 };
  } catch (reason) {
    signal.throwIfAborted();
    const failure = UploadError.from(reason);
    const isRefused = RETRY_WITH_NEW_URL.has(failure.code);
    return { failure, isRefused, mayBeStored: isSent && isUnanswered(failure) };
  }
}

/** Failures that leave open whether OSS has stored the part. */
function isUnanswered({ code }: UploadError): boolean {
  return code === 'network' || code === 'stalled' || code === 'malformed_response' || code === 'server_error';
}

/**
 * With forbidOverwrite, a PutObject whose answer was lost is refused when it is sent again: by its own
 * object, as Complete will prove.
 */
function isExisting({ code, context }: UploadError): boolean {
  return context.status === 409 && code === 'object_exists';
}
