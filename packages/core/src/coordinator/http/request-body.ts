import { SETTLED } from '../../abort.ts';
import { UploadError } from '../../errors.ts';
import type { Clock } from '../../ports.ts';
import { badRequestError } from './protocol.ts';

/** Maximum time for the body of a request, in ms: it is a few kilobytes. */
const BODY_MS_MAX = 30_000;

/** Reads the JSON text of a request: at most `sizeMax` bytes within 30 s. Rejects with `bad_request`. */
export async function readBody(request: Request, sizeMax: number, clock: Clock): Promise<string> {
  const type = request.headers.get('content-type') ?? '';
  // A form of a foreign page cannot send this type without a preflight.
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw badRequestError(415, 'Content-Type must be application/json');
  if (Number(request.headers.get('content-length') ?? 0) > sizeMax) throw bodyTooLongError(sizeMax);
  const reader = request.body?.getReader();
  if (reader === undefined) return '';
  const ended = new AbortController();
  const late = clock.sleep(BODY_MS_MAX, ended.signal).then(() => {
    throw bodyTimeoutError();
  });
  try {
    return await Promise.race([collect(reader, sizeMax), late]);
  } catch (reason) {
    // Not awaited: a slow sender would be slow to stop as well.
    reader.cancel().catch(() => undefined);
    throw reason instanceof UploadError ? reason : badRequestError(400, 'the body was cut off');
  } finally {
    ended.abort(SETTLED);
  }
}

async function collect(reader: ReadableStreamDefaultReader<Uint8Array>, sizeMax: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.length;
    if (size > sizeMax) throw bodyTooLongError(sizeMax);
    text += decoder.decode(read.value, { stream: true });
  }
  return text + decoder.decode();
}

function bodyTooLongError(sizeMax: number): Error {
  return badRequestError(413, `the body is longer than ${sizeMax} bytes`);
}

/** Transient: a slow link may be faster on the next attempt. */
function bodyTimeoutError(): UploadError {
  return badRequestError(408, `the body did not arrive within ${BODY_MS_MAX} ms`).with({}, 'transient');
}
