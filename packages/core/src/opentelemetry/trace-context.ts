import {
  type Attributes,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { withoutUndefined } from '../without-undefined.ts';
import { ignoreErrors, openSpan, SCOPE } from './attributes.ts';

/**
 * The headers that propagate the active span to another process: `traceparent`, and others of the registered
 * propagator. None without a registered SDK. Call it for every request: `headers: traceHeaders`.
 */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  ignoreErrors(() => propagation.inject(context.active(), headers));
  return headers;
}

/** How the spans of a handler are created. */
export interface TraceHandlerOptions {
  /** Default: the tracer `@partway/core` of the registered tracer provider. */
  readonly tracer?: Tracer | undefined;
  /**
   * Returns the route for the name of the span: a pattern such as `/uploads/:verb`, never the path itself.
   * Default: the last segment of the path if it is a verb of the control plane, otherwise nothing.
   */
  readonly route?: ((request: Request) => string | undefined) | undefined;
}

/**
 * Wraps a handler so that each request is a span, as a child of the span in its headers. Of the URL only the
 * route is recorded, and no header. Further arguments are passed on.
 */
export function traceHandler<Rest extends readonly unknown[]>(
  handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
  { tracer = trace.getTracer(SCOPE), route = getVerb }: TraceHandlerOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const opened = ignoreErrors(() => {
      const attributes = requestAttributes(
        request,
        ignoreErrors(() => route(request)),
      );
      const parent = propagation.extract(context.active(), request.headers, HEADERS);
      return openSpan(tracer, getSpanName(attributes), { attributes, kind: SpanKind.SERVER }, parent);
    });
    if (opened === undefined) return handler(request, ...rest);
    const { span } = opened;
    try {
      const response = await context.with(opened.context, () => handler(request, ...rest));
      ignoreErrors(() => recordStatus(span, response.status));
      return response;
    } catch (reason) {
      ignoreErrors(() => recordException(span, reason));
      throw reason;
    } finally {
      ignoreErrors(() => span.end());
    }
  };
}

/** The conventions for HTTP spans record other methods as `_OTHER`. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
]);

function requestAttributes({ method }: Request, route: string | undefined): Attributes {
  const known = KNOWN_METHODS.has(method) ? method : '_OTHER';
  return withoutUndefined({ 'http.request.method': known, 'http.route': route });
}

function getSpanName({ 'http.request.method': method, 'http.route': route }: Attributes): string {
  const verb = method === '_OTHER' ? 'HTTP' : String(method);
  return route === undefined ? verb : `${verb} ${route}`;
}

const HEADERS: TextMapGetter<Headers> = {
  keys: (headers) => [...headers.keys()],
  get: (headers, name) => headers.get(name) ?? undefined,
};

/** Other paths may contain anything. */
const VERB = /\/(initiate|presign-?parts|list-?parts|complete|abort)\/?$/i;

function getVerb({ url }: Request): string | undefined {
  return VERB.exec(new URL(url).pathname)?.[1];
}

/** An error of the client is not an error of the server. */
function recordStatus(span: Span, status: number): void {
  span.setAttribute('http.response.status_code', status);
  if (status < 500) return;
  span.setAttribute('error.type', String(status));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Only its name: a message may contain anything. */
function recordException(span: Span, reason: unknown): void {
  span.setAttribute('error.type', reason instanceof Error ? reason.name : '_OTHER');
  span.setStatus({ code: SpanStatusCode.ERROR });
}
