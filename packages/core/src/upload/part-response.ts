import { type CallbackReply, parseCallbackReply } from '../callback.ts';
import { checksumMismatchError, malformedResponseError, type UploadError } from '../errors.ts';
import { ossError } from '../oss/error-response.ts';
import type { InitiatedUpload, PartResponse, Transport } from '../ports.ts';
import type { UploadFact } from './progress/events.ts';

/**
 * Throws unless OSS confirms that it stored bytes with this CRC64. Where CORS may hide the header
 * (`mayHideHeaders`), Complete proves the part by OSS's list of parts.
 */
export function assertStored(
  { headers, status }: PartResponse,
  crc64: string,
  mayHideHeaders: boolean,
): void {
  const stored = headers['x-oss-hash-crc64ecma'];
  // canary: unconfirmed-crc64
  if (stored === crc64 || (stored === undefined && mayHideHeaders)) return;
  const requestId = headers['x-oss-request-id'];
  const context = { status, ...(requestId === undefined ? {} : { requestId }) };
  if (stored === undefined) {
    throw malformedResponseError('the response to a part has no CRC64', {
      context,
      hint: 'A proxy may have sent it instead of OSS.',
    });
  }
  throw checksumMismatchError(
    `OSS received other bytes than were sent: CRC64 ${stored} instead of ${crc64}`,
    {
      disposition: 'transient',
      context,
      hint: 'A proxy or the network changes the bytes.',
    },
  );
}

/**
 * Whether OSS passes on the response of an application server: to a single PutObject with a callback it sends
 * that server's reply, or 203 where there is none. Either way the object is stored. The response may have
 * no CRC64: Complete has to prove the object.
 */
export function isCallbackResponse(
  { kind }: InitiatedUpload,
  { status, headers, body }: PartResponse,
): boolean {
  const hasReply = status === 200 && headers.etag !== undefined && /^[^<]/.test(body);
  return kind === 'single' && (hasReply || status === 203);
}

/** The reply to a callback, or its failure; `undefined` where there is neither. */
export type CallbackOutcome = CallbackReply | UploadError | undefined;

/** The outcome of the callback in the response to a single PutObject. A part has no callback. */
export function callbackOutcome({ kind, key }: InitiatedUpload, response: PartResponse): CallbackOutcome {
  if (kind === 'multipart') return undefined;
  if (response.status === 203) return ossError(response, { operation: 'PutObject', key });
  // A body without a reply is empty, or XML.
  return parseCallbackReply(response.body);
}

/** The headers of a confirmed part that the engine uses. */
const EXPECTED_HEADERS = ['x-oss-hash-crc64ecma', 'x-oss-request-id'];

/** Where a transport may hide headers, emits once which of them are hidden. */
export function createHiddenHeadersReport(
  { mayHideHeaders }: Transport,
  emit: (fact: UploadFact) => void,
): (response: PartResponse) => void {
  let isSettled = !mayHideHeaders;
  return ({ headers }) => {
    if (isSettled) return;
    const names = EXPECTED_HEADERS.filter((name) => headers[name] === undefined);
    if (names.length === 0) return;
    isSettled = true;
    emit({ type: 'headers-hidden', names });
  };
}
