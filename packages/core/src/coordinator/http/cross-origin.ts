import { badRequestError } from './protocol.ts';

/** The origins with pages that may use the coordinator. */
export interface CorsOptions {
  /** Origins such as `https://app.example.com`, or `*` for every origin without cookies. */
  readonly origins: readonly string[];
  /** Whether pages of these origins may send cookies. Default: false. */
  readonly credentials?: boolean | undefined;
  /**
   * Allowed request headers besides Content-Type, Authorization, Traceparent and Tracestate. Default: none.
   */
  readonly headers?: readonly string[] | undefined;
}

/** Throws a `TypeError` that names the option. */
export function assertCors({ origins, credentials = false }: CorsOptions): void {
  for (const origin of origins) {
    if (origin === '*' && credentials)
      throw new TypeError('cors.credentials requires named origins instead of *');
    if (origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin)) continue;
    throw new TypeError(`cors.origins must hold origins such as https://app.example.com, got ${origin}`);
  }
}

/** The CORS headers of a response to this request; none for a page of the same origin. */
export function corsHeaders(
  request: Request,
  cors: CorsOptions | undefined,
): Readonly<Record<string, string>> {
  const origin = request.headers.get('origin');
  if (cors === undefined || origin === null || !isAllowed(origin, cors)) return { vary: 'origin' };
  return {
    vary: 'origin',
    'access-control-allow-origin': origin,
    ...(cors.credentials === true && { 'access-control-allow-credentials': 'true' }),
    'access-control-expose-headers': 'retry-after, server-timing',
  };
}

/** The response to a preflight request. Throws `bad_request` for an origin that is not allowed. */
export function preflightResponse(request: Request, cors: CorsOptions | undefined): Response {
  const headers = corsHeaders(request, cors);
  if (!('access-control-allow-origin' in headers)) throw badRequestError(403, 'this origin is not allowed');
  const names = ['content-type', 'authorization', 'traceparent', 'tracestate', ...(cors?.headers ?? [])];
  return new Response(null, {
    status: 204,
    headers: {
      ...headers,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': names.join(', '),
      'access-control-max-age': '600',
    },
  });
}

/** Rejects cross-site requests of a browser from origins that are not allowed. */
export function assertNotCrossSite(request: Request, cors: CorsOptions | undefined): void {
  const origin = request.headers.get('origin');
  const isForeign = request.headers.get('sec-fetch-site') === 'cross-site';
  if (!isForeign || (origin !== null && cors !== undefined && isAllowed(origin, cors))) return;
  throw badRequestError(403, 'this origin is not allowed');
}

function isAllowed(origin: string, { origins }: CorsOptions): boolean {
  return origins.includes(origin) || origins.includes('*');
}
