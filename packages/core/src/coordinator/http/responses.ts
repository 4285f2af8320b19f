import { SETTLED } from '../../abort.ts';
import type { UploadError, UploadErrorCode } from '../../errors.ts';
import { writeError } from '../../http/wire-error.ts';
import type { Clock } from '../../ports.ts';

/** The headers of every answer: what it holds are bearer credentials, for this client alone. */
const HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

export function jsonAnswer(
  status: number,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(value), { status, headers: { ...HEADERS, ...headers } });
}

export function errorAnswer(error: UploadError): Response {
  const { retryAfterMs } = error.context;
  const wait = retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
  return jsonAnswer(statusOf(error), { error: writeError(error) }, wait);
}

/**
 * The client's fault is 4xx, OSS's 502, ours 500. Clients of Partway go by the code in the body; the status
 * is for those in between.
 */
export function statusOf({ code, context }: UploadError): number {
  if (code === 'bad_request') return context.status ?? 400;
  return STATUSES[code] ?? 502;
}

const STATUSES: Partial<Readonly<Record<UploadErrorCode, number>>> = {
  unauthenticated: 401,
  token_refused: 403,
  refused: 422,
  upload_not_found: 404,
  object_not_found: 404,
  object_exists: 409,
  part_missing: 409,
  checksum_mismatch: 409,
  throttled: 429,
  aborted: 499,
  internal: 500,
};

/** How long an answer may be silent: proxies give up on one after a minute, many after half of it. */
const SILENCE_MS = 10_000;

/** What keeps those in between from holding the spaces back: to compress them, or to fill a buffer first. */
const UNBUFFERED = {
  ...HEADERS,
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

/**
 * An answer that may take minutes. Within the first ten seconds it is like any other. From then on its status
 * is 200, a space is sent every ten seconds, and behind them comes the JSON, which may then hold an error:
 * JSON may begin with spaces.
 */
export async function streamKeepAliveResponse(answering: Promise<Response>, clock: Clock): Promise<Response> {
  const early = await unlessSilent(answering, clock, new AbortController());
  if (early !== undefined) return early;
  let ended = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      ended = new AbortController();
      const response = await unlessSilent(answering, clock, ended);
      controller.enqueue(new TextEncoder().encode(response === undefined ? ' ' : await response.text()));
      if (response !== undefined) controller.close();
    },
    cancel: () => ended.abort(),
  });
  return new Response(body, { status: 200, headers: UNBUFFERED });
}

/** `undefined` after ten seconds without an answer. Rejects when `ended` is aborted before. */
async function unlessSilent(
  answering: Promise<Response>,
  clock: Clock,
  ended: AbortController,
): Promise<Response | undefined> {
  const silence = clock.sleep(SILENCE_MS, ended.signal).then(() => undefined);
  try {
    return await Promise.race([answering, silence]);
  } finally {
    ended.abort(SETTLED);
  }
}
