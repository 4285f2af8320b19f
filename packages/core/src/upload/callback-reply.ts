import { callbackReply, provenFailure } from '../callback.ts';
import { UploadError } from '../errors.ts';
import { ossError } from '../oss/error-response.ts';
import type { InitiatedUpload, PartRequest, PartResponse, UploadedObject } from '../ports.ts';
import type { UploadRun } from './run-context.ts';

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
          () => provenFailure(failure),
          // Where nobody could look at the object: that is no reason to take it away.
          (reason: unknown) => (UploadError.from(reason).disposition === 'exhausted' ? failure : reason),
        );
      }
      const object = await completing;
      // An answer that holds no reply is empty, or XML.
      const callback = callbackReply(last?.body ?? '');
      return callback === undefined ? object : { ...object, callback };
    },
  };
}
