import { SETTLED } from '../../abort.ts';
import { UploadError } from '../../errors.ts';
import type { Clock } from '../../ports.ts';
import { badRequest } from './protocol.ts';

/** How long a client may take to send the body of a request, in ms: it is a few kilobytes. */
const BODY_MS_MAX = 30_000;

/** The text of a request, if it is JSON, at most `sizeMax` bytes, and all there in 30 s. */
export async function readBody(request: Request, sizeMax: number, clock: Clock): Promise<string> {
  const type = request.headers.get('content-type') ?? '';
  // A form of a foreign page cannot say this without asking first.
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw badRequest(415, 'Content-Type must be application/json');
  if (Number(request.headers.get('content-length') ?? 0) > sizeMax) throw tooLong(sizeMax);
  const reader = request.body?.getReader();
  if (reader === undefined) return '';
  const ended = new AbortController();
  const late = clock.sleep(BODY_MS_MAX, ended.signal).then(() => {
    throw lateBody();
  });
  try {
    return await Promise.race([collect(reader, sizeMax), late]);
  } catch (reason) {
    // Not awaited: whoever sends slowly would be slow to stop as well.
    reader.cancel().catch(() => undefined);
    throw reason instanceof UploadError ? reason : badRequest(400, 'the body broke off');
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
    if (size > sizeMax) throw tooLong(sizeMax);
    text += decoder.decode(read.value, { stream: true });
  }
  return text + decoder.decode();
}

function tooLong(sizeMax: number): Error {
  return badRequest(413, `the body is longer than ${sizeMax} bytes`);
}

/** A slow link, or an attacker: the link may be faster the next time. */
function lateBody(): UploadError {
  return badRequest(408, `the body did not arrive within ${BODY_MS_MAX} ms`).with({}, 'transient');
}
