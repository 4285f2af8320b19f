import { SETTLED } from '../../abort.ts';
import { UploadError } from '../../errors.ts';
import type { Clock } from '../../ports.ts';
import { badRequestError } from './protocol.ts';

/** Milliseconds in which the body of a request must arrive: usually it has a few kilobytes. */
const BODY_MS_MAX = 30_000;

/**
 * Reads the body of a request. Rejects unless it is JSON of at most `sizeMax` bytes and arrives within 30 s.
 */
export async function readBody(request: Request, sizeMax: number, clock: Clock): Promise<string> {
  const type = request.headers.get('content-type') ?? '';
  // Protects against CSRF: a form of a foreign page cannot send this type without a preflight request.
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw badRequestError(415, 'Content-Type must be application/json');
  if (Number(request.headers.get('content-length') ?? 0) > sizeMax) throw bodyTooLongError(sizeMax);
  const reader = request.body?.getReader();
  if (reader === undefined) return '';
  const settled = new AbortController();
  const timeout = clock.sleep(BODY_MS_MAX, settled.signal).then(() => {
    throw bodyTimeoutError();
  });
  try {
    return await Promise.race([readAll(reader, sizeMax), timeout]);
  } catch (reason) {
    // Not awaited: a slow client would delay this as well.
    reader.cancel().catch(() => undefined);
    throw reason instanceof UploadError
      ? reason
      : badRequestError(400, 'the body of the request ended early');
  } finally {
    settled.abort(SETTLED);
  }
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>, sizeMax: number): Promise<string> {
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

function bodyTooLongError(sizeMax: number): UploadError {
  return badRequestError(413, `the body of the request is longer than ${sizeMax} bytes`);
}

/** Transient: a slow network may be faster the next time. */
function bodyTimeoutError(): UploadError {
  return badRequestError(408, `the body of the request did not arrive within ${BODY_MS_MAX} ms`).with(
    {},
    'transient',
  );
}
