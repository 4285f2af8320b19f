import { badRequest } from './protocol.ts';

export interface CorsOptions {
  /** `https://app.example.com`; `*` for every origin, without cookies. */
  readonly origins: readonly string[];
  /** Whether pages of these origins may send cookies. Default: false. */
  readonly credentials?: boolean | undefined;
  /** Request headers besides Content-Type, Authorization and Traceparent. */
  readonly headers?: readonly string[] | undefined;
}

/** Throws a `TypeError` that names the option. */
export function assertCors({ origins, credentials = false }: CorsOptions): void {
  for (const origin of origins) {
    if (origin === '*' && credentials) throw new TypeError('cors.credentials needs origins by name, not *');
    if (origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin)) continue;
    throw new TypeError(`cors.origins has ${origin}, want https://app.example.com`);
  }
}

/** What lets the page that asked read the answer; nothing for a page of the same origin, or of none. */
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

/** The answer to the question that a browser asks before a request of another origin. */
export function preflightAnswer(request: Request, cors: CorsOptions | undefined): Response {
  const headers = corsHeaders(request, cors);
  if (!('access-control-allow-origin' in headers)) throw badRequest(403, 'this origin is not allowed');
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

/** Refuses what a browser sends on behalf of a foreign page, whatever it carries. */
export function assertNotForged(request: Request, cors: CorsOptions | undefined): void {
  const origin = request.headers.get('origin');
  const isForeign = request.headers.get('sec-fetch-site') === 'cross-site';
  if (!isForeign || (origin !== null && cors !== undefined && isAllowed(origin, cors))) return;
  throw badRequest(403, 'this origin is not allowed');
}

function isAllowed(origin: string, { origins }: CorsOptions): boolean {
  return origins.includes(origin) || origins.includes('*');
}
