import { UploadError } from '../errors.ts';
import { ossError } from '../oss/error-response.ts';
import type { Part } from '../parts/part-plan.ts';
import type { InitiatedUpload, ListedPart, PartBody, Receipt } from '../ports.ts';
import type { OpenedUpload } from './open-upload.ts';
import { assertStored, type CallbackOutcome, callbackOutcome, isCallbackResponse } from './part-response.ts';
import type { PresignedParts } from './presigned-parts.ts';
import type { ConfirmedPut, FailedPut, Hedging, PutOutcome } from './resilience/hedging.ts';
import { RETRY_WITH_NEW_URL, VERB_MS_MAX, withDeadline, withRetries } from './resilience/retry.ts';
import type { StallGuard } from './resilience/stall-guard.ts';
import type { UploadRun } from './run-context.ts';

/** Shared by all parts of an upload, except for the signal. */
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
  /** Opens the bytes for one reader at a time. Each further reader opens its own. */
  open(): PartBody;
  /** The part that OSS lists under this number. */
  readonly stored?: ListedPart | undefined;
  /** Called when OSS has confirmed the part: its bytes are not read again. */
  onConfirmed?(receipt: Receipt): Promise<void>;
}

/** A part that OSS has confirmed. */
export interface ConfirmedPart {
  readonly receipt: Receipt;
  readonly callback: CallbackOutcome;
}

/**
 * Confirms a part: by the part that OSS has stored, if our own bytes prove it, and otherwise by sending it.
 */
export async function putPart(sending: PartSending, part: PartToSend): Promise<ConfirmedPart> {
  sending.signal.throwIfAborted();
  const { partNumber, size } = part;
  const body = part.open();
  const proven = await proveStoredPart(sending, part, body);
  const { crc64, callback } =
    proven === undefined ? await sendPart(sending, part, body) : { crc64: proven, callback: undefined };
  const receipt = { partNumber, size, crc64 };
  sending.run.emit({ type: 'part-confirmed', ...receipt });
  await part.onConfirmed?.(receipt);
  return { receipt, callback };
}

/** The CRC64 of the part that OSS has stored, unless it is unknown or our own bytes have another. */
async function proveStoredPart(
  { run, signal }: PartSending,
  { stored, size }: PartToSend,
  body: PartBody,
): Promise<string | undefined> {
  if (stored?.size !== size) return undefined;
  if (run.options.verifyExistingParts === 'size') return stored.crc64;
  // canary: unproven-existing-part
  return stored.crc64 === (await body.crc64(signal)) ? stored.crc64 : undefined;
}

/** Sends one part until OSS confirms its CRC64. */
function sendPart(sending: PartSending, part: PartToSend, body: PartBody): Promise<ConfirmedPut> {
  const { run, upload, hedging, signal } = sending;
  const { partNumber } = part;
  const find = (): Promise<ConfirmedPut | undefined> => findStoredPart(run, upload, partNumber, body, signal);
  let last: FailedPut | undefined;
  return withRetries(run, signal, { operation: 'UploadPart', partNumber }, async (attempt) => {
    // canary: attempt-without-event
    run.emit({ type: 'part-attempt', partNumber, attempt });
    // canary: no-lookup-of-lost-part
    const stored = last?.mayBeStored ? await find() : undefined;
    if (stored !== undefined) return stored;
    const afterRefusal = last?.isRefused ?? false;
    const copies = { body, second: part.open };
    const outcome = await hedging.race(copies, signal, (copy, stop, isSecond) =>
      putOnce({ ...sending, signal: stop }, part, copy, { afterRefusal, isSecond }),
    );
    if ('crc64' in outcome) return outcome;
    last = outcome;
    const { failure } = outcome;
    if (upload.kind === 'single' && (attempt > 1 || upload.isResumed) && isObjectExists(failure))
      return { crc64: await body.crc64(signal), callback: undefined };
    if (failure.context.ossCode !== 'PartAlreadyExist') throw failure;
    const existing = await find();
    if (existing === undefined) throw failure;
    return existing;
  });
}

/** Sends one PUT. Rejects only when it is stopped, and resolves with every other failure. */
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
    const onProgress = (sentBytes: number): void => {
      isSent ||= sentBytes === body.size;
      if (!isSecond) run.emit({ type: 'part-progress', partNumber, sentBytes });
    };
    const response = await stalls.guard(body.size, signal, onProgress, (guarded) =>
      transport.put({ url, headers, body, ...guarded }),
    );
    const isCallback = isCallbackResponse(upload, response);
    // canary: url-in-error
    if (response.status !== 200 && !isCallback) throw ossError(response, { operation: 'UploadPart' });
    const crc64 = await body.crc64(signal);
    assertStored(response, crc64, transport.mayHideHeaders || isCallback);
    if (!isCallback) run.reportHiddenHeaders(response);
    return { crc64, callback: callbackOutcome(upload, response) };
  } catch (reason) {
    signal.throwIfAborted();
    const failure = UploadError.from(reason);
    const isRefused = RETRY_WITH_NEW_URL.has(failure.code);
    return { failure, isRefused, mayBeStored: isSent && isUnanswered(failure) };
  }
}

/**
 * The part of this number that OSS has stored although its response was lost; `undefined` when OSS has none,
 * or other bytes. One short request instead of the whole part again.
 */
async function findStoredPart(
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

/** Failures that leave open whether OSS has stored the part. */
function isUnanswered({ code }: UploadError): boolean {
  return code === 'network' || code === 'stalled' || code === 'malformed_response' || code === 'server_error';
}

/**
 * With forbidOverwrite, OSS rejects the second try of a PutObject when the response to the first was lost:
 * its own object exists by then, which Complete will prove.
 */
function isObjectExists({ code, context }: UploadError): boolean {
  return context.status === 409 && code === 'object_exists';
}
