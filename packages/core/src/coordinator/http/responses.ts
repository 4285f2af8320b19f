import { SETTLED } from '../../abort.ts';
import type { UploadError, UploadErrorCode } from '../../errors.ts';
import { writeError } from '../../http/wire-error.ts';
import type { Clock } from '../../ports.ts';

/** The headers of every response: its body holds bearer credentials for one client. */
const HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

export function jsonResponse(
  status: number,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(value), { status, headers: { ...HEADERS, ...headers } });
}

export function errorResponse(error: UploadError): Response {
  const { retryAfterMs } = error.context;
  const wait = retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
  return jsonResponse(statusOf(error), { error: writeError(error) }, wait);
}

/**
 * Errors of the client are 4xx, of OSS 502, of the coordinator 500. Clients of Partway use the code in the
 * body; the status is for proxies and logs.
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

/** Maximum time without a byte: proxies close idle responses after 60 s, many after 30 s. */
const SILENCE_MS = 10_000;

/** Headers against compression and buffering by proxies, which would delay the spaces. */
const UNBUFFERED = {
  ...HEADERS,
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

/**
 * Returns a response that may take minutes. A result within ten seconds is an ordinary response. Otherwise
 * the status is 200, and a space is sent every ten seconds before the JSON, which may hold an error: JSON
 * may start with spaces.
 */
export async function streamKeepAliveResponse(pending: Promise<Response>, clock: Clock): Promise<Response> {
  const early = await raceWithSilence(pending, clock, new AbortController());
  if (early !== undefined) return early;
  let ended = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      ended = new AbortController();
      const response = await raceWithSilence(pending, clock, ended);
      controller.enqueue(new TextEncoder().encode(response === undefined ? ' ' : await response.text()));
      if (response !== undefined) controller.close();
    },
    cancel: () => ended.abort(),
  });
  return new Response(body, { status: 200, headers: UNBUFFERED });
}

/** Resolves with `undefined` after ten seconds without a response. Rejects when `ended` is aborted before. */
async function raceWithSilence(
  pending: Promise<Response>,
  clock: Clock,
  ended: AbortController,
): Promise<Response | undefined> {
  const silence = clock.sleep(SILENCE_MS, ended.signal).then(() => undefined);
  try {
    return await Promise.race([pending, silence]);
  } finally {
    ended.abort(SETTLED);
  }
}
