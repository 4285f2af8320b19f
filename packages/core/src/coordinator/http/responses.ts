import { SETTLED } from '../../abort.ts';
import type { UploadError, UploadErrorCode } from '../../errors.ts';
import { writeError } from '../../http/wire-error.ts';
import type { Clock } from '../../ports.ts';

/** The headers of every response: its body may contain bearer credentials, so it must not be cached. */
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
  const retryAfter =
    retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
  return jsonResponse(statusOf(error), { error: writeError(error) }, retryAfter);
}

/**
 * 4xx for an error of the client, 502 for one of OSS or of the service, 500 for a defect. Partway's clients
 * use the code in the body; the status is for proxies and logs.
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

/** Proxies close a connection without traffic after 60 s, many of them after 30 s. */
const KEEP_ALIVE_MS = 10_000;

/** Prevents proxies from compressing or buffering the response, which would delay the spaces. */
const UNBUFFERED = {
  ...HEADERS,
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

/**
 * Keeps the connection of a response alive that may take minutes. A response within ten seconds is passed on.
 * After that the status is 200, and a space is sent every ten seconds, followed by the JSON, which may be an
 * error. JSON allows leading spaces.
 */
export async function streamKeepAliveResponse(pending: Promise<Response>, clock: Clock): Promise<Response> {
  const early = await waitForResponse(pending, clock, new AbortController());
  if (early !== undefined) return early;
  let settled = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      settled = new AbortController();
      const response = await waitForResponse(pending, clock, settled);
      controller.enqueue(new TextEncoder().encode(response === undefined ? ' ' : await response.text()));
      if (response !== undefined) controller.close();
    },
    cancel: () => settled.abort(),
  });
  return new Response(body, { status: 200, headers: UNBUFFERED });
}

/** Resolves with `undefined` after ten seconds without a response. Rejects if `settled` is aborted before. */
async function waitForResponse(
  pending: Promise<Response>,
  clock: Clock,
  settled: AbortController,
): Promise<Response | undefined> {
  const timeout = clock.sleep(KEEP_ALIVE_MS, settled.signal).then(() => undefined);
  try {
    return await Promise.race([pending, timeout]);
  } finally {
    settled.abort(SETTLED);
  }
}
