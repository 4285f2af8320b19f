import { callbackReply, provenCallbackFailure, unprovenCallbackFailure } from '../callback.ts';
import { UploadError, type UploadErrorCode } from '../errors.ts';
import { ossError } from '../oss/error-response.ts';
import type { InitiatedUpload, PartRequest, PartResponse, Transport, UploadedObject } from '../ports.ts';
import { PAUSED } from './interruption.ts';
import type { UploadRun } from './upload-run.ts';

/**
 * Whether OSS answers for an application server: to a PutObject with a callback it gives that server's reply,
 * or 203 where there was none to give. Either way the object is stored, and the answer may lack its CRC64:
 * Complete has to prove it.
 */
export function isCallbackAnswer(
  { kind }: InitiatedUpload,
  { status, headers, body }: PartResponse,
): boolean {
  if (kind === 'multipart') return false;
  const hasReply = headers.etag !== undefined && body !== '' && !body.trimStart().startsWith('<');
  return status === 203 || (status === 200 && hasReply);
}

/** What became of the callback of a single PutObject, which is told in the answer to it. */
export interface HeardCallback {
  /** The same run, listened to. */
  readonly run: UploadRun;
  /** The object with the reply, or the failure of the callback, once the object is proven. */
  completed(completing: Promise<UploadedObject>): Promise<UploadedObject>;
}

/** Listens to the answers to a single PutObject. Those to parts tell of no callback. */
export function hearCallback(run: UploadRun, { kind }: InitiatedUpload): HeardCallback {
  if (kind === 'multipart') return { run, completed: (completing) => completing };
  const { transport } = run.ports;
  let last: PartResponse | undefined;
  const listening: Transport = {
    tellsProgress: transport.tellsProgress,
    hidesHeaders: transport.hidesHeaders,
    connectionsMax: transport.connectionsMax,
    async put(request: PartRequest) {
      last = undefined;
      last = await transport.put(request);
      return last;
    },
  };
  return {
    run: { ...run, ports: { ...run.ports, transport: listening } },
    completed: (completing) => withCallback(completing, last),
  };
}

async function withCallback(
  completing: Promise<UploadedObject>,
  answer: PartResponse | undefined,
): Promise<UploadedObject> {
  if (answer?.status === 203) throw await callbackFailure(completing, answer);
  const object = await completing;
  const callback = answer?.status === 200 ? callbackReply(answer.body) : undefined;
  return callback === undefined ? object : { ...object, callback };
}

/** What to throw: where Complete shows that the object is wrong, or the caller stops, that comes first. */
async function callbackFailure(completing: Promise<UploadedObject>, answer: PartResponse): Promise<unknown> {
  try {
    const { bucket, key } = await completing;
    return provenCallbackFailure(ossError(answer, { operation: 'PutObject', bucket, key }));
  } catch (reason) {
    if (reason === PAUSED || NO_OBJECT_OF_OURS.has(UploadError.from(reason).code)) return reason;
    return unprovenCallbackFailure(ossError(answer, { operation: 'PutObject' }), reason);
  }
}

const NO_OBJECT_OF_OURS: ReadonlySet<UploadErrorCode> = new Set([
  'aborted',
  'checksum_mismatch',
  'object_not_found',
  'object_exists',
]);
