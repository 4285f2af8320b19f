import type { UploadError } from '../../errors.ts';
import { badRequestError } from './protocol.ts';

/** Which pages of other origins may use the coordinator. */
export interface CorsOptions {
  /** Allowed origins, such as `https://app.example.com`; `*` allows every origin, without cookies. */
  readonly origins: readonly string[];
  /** Whether pages of these origins may send cookies. Default: false. */
  readonly credentials?: boolean | undefined;
  /**
   * Allowed request headers besides Content-Type, Authorization, Traceparent and Tracestate. Default: none.
   */
  readonly headers?: readonly string[] | undefined;
}

/** Throws a `TypeError` that names the invalid option. */
export function assertCors({ origins, credentials = false }: CorsOptions): void {
  for (const origin of origins) {
    if (origin === '*' && credentials)
      throw new TypeError('cors.credentials cannot be used with the origin *: list the origins');
    if (origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin)) continue;
    throw new TypeError(`cors.origins has ${origin}: write an origin as https://app.example.com`);
  }
}

/** The headers that let a page of another, allowed origin read the response. */
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

/** The response to the preflight request that a browser sends before a request to another origin. */
export function preflightResponse(request: Request, cors: CorsOptions | undefined): Response {
  const headers = corsHeaders(request, cors);
  if (!('access-control-allow-origin' in headers)) throw foreignOriginError();
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

/** Rejects a request that a browser sends for a page of a foreign origin (CSRF), whatever it contains. */
export function assertNotCrossSite(request: Request, cors: CorsOptions | undefined): void {
  const origin = request.headers.get('origin');
  const isForeign = request.headers.get('sec-fetch-site') === 'cross-site';
  if (!isForeign || (origin !== null && cors !== undefined && isAllowed(origin, cors))) return;
  throw foreignOriginError();
}

function foreignOriginError(): UploadError {
  return badRequestError(403, 'the origin of the page is not allowed: add it to cors.origins of the handler');
}

function isAllowed(origin: string, { origins }: CorsOptions): boolean {
  return origins.includes(origin) || origins.includes('*');
}
