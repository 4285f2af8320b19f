import { parseCallbackReply, provenCallbackError } from '../callback.ts';
import { UploadError } from '../errors.ts';
import { ossError } from '../oss/error-response.ts';
import type { InitiatedUpload, PartRequest, PartResponse, Transport, UploadedObject } from '../ports.ts';
import type { UploadFact } from './progress/events.ts';
import type { UploadRun } from './run-context.ts';

/**
 * Throws unless OSS says that it stored these bytes. Where CORS may hide the CRC64, Complete's list of parts
 * has to prove them.
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
    throw new UploadError({
      code: 'malformed_response',
      message: 'the answer has no CRC64 of the part: it is not from OSS',
      disposition: 'transient',
      context,
      hint: 'A proxy in between may have given it.',
    });
  }
  throw new UploadError({
    code: 'checksum_mismatch',
    message: `OSS received other bytes than were sent: CRC64 ${stored} instead of ${crc64}`,
    disposition: 'transient',
    context,
    hint: 'Something between here and OSS changes the bytes.',
  });
}

/** What OSS sends with every confirmed part, and the engine makes use of. */
const EXPECTED = ['x-oss-hash-crc64ecma', 'x-oss-request-id'];

/** Tells once, where a transport may hide headers, which ones it hides. */
export function createHeaderNotice(
  { mayHideHeaders }: Transport,
  emit: (fact: UploadFact) => void,
): (answer: PartResponse) => void {
  let isTold = !mayHideHeaders;
  return ({ headers }) => {
    if (isTold) return;
    const names = EXPECTED.filter((name) => headers[name] === undefined);
    if (names.length === 0) return;
    isTold = true;
    emit({ type: 'headers-hidden', names });
  };
}

/**
 * Whether OSS answers for an application server: to a PutObject with a callback it gives that server's reply,
 * or 203 where there was none to give. Either way the object is stored, and the answer may lack its CRC64:
 * Complete has to prove it.
 */
export function isCallbackResponse(
  { kind }: InitiatedUpload,
  { status, headers, body }: PartResponse,
): boolean {
  const hasReply = status === 200 && headers.etag !== undefined && /^[^<]/.test(body);
  return kind === 'single' && (hasReply || status === 203);
}

/** What became of the callback of a single PutObject, which is told in the answer to it. */
export interface CallbackCapture {
  /** The same run, listened to. */
  readonly run: UploadRun;
  /** The object with the reply, or the failure of the callback, once the object is proven. */
  completed(completing: Promise<UploadedObject>): Promise<UploadedObject>;
}

/** Listens to the answers to a single PutObject. Those to parts tell of no callback. */
export function captureCallbackReply(run: UploadRun, { kind, key }: InitiatedUpload): CallbackCapture {
  if (kind === 'multipart') return { run, completed: (completing) => completing };
  const { ports } = run;
  const { reportsProgress, mayHideHeaders, connectionsMax } = ports.transport;
  let last: PartResponse | undefined;
  const put = async (request: PartRequest): Promise<PartResponse> => {
    last = await ports.transport.put(request);
    return last;
  };
  const transport = { reportsProgress, mayHideHeaders, connectionsMax, put };
  return {
    run: { ...run, ports: { ...ports, transport } },
    async completed(completing) {
      if (last?.status === 203) {
        const failure = ossError(last, { operation: 'PutObject', key });
        throw await completing.then(
          () => provenCallbackError(failure),
          // Where nobody could look at the object: that is no reason to take it away.
          (reason: unknown) => (UploadError.from(reason).disposition === 'exhausted' ? failure : reason),
        );
      }
      const object = await completing;
      // An answer that holds no reply is empty, or XML.
      const callback = parseCallbackReply(last?.body ?? '');
      return callback === undefined ? object : { ...object, callback };
    },
  };
}
