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
import { openSpan, quietly, SCOPE } from './attributes.ts';

/**
 * The headers that tell another process of the active span: `traceparent`, and whatever else the propagator
 * that is registered gives. None where no SDK is registered. To be asked for anew for every request:
 * `headers: traceHeaders`.
 */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  quietly(() => propagation.inject(context.active(), headers));
  return headers;
}

export interface TraceHandlerOptions {
  /** Default: `@partway/core` of the tracer provider that is registered. */
  readonly tracer?: Tracer | undefined;
  /**
   * What the span is named by, besides the method: a pattern such as `/uploads/:verb`, never the path itself.
   * Default: the last segment of the path where it is a verb of the control plane, and else nothing.
   */
  readonly route?: ((request: Request) => string | undefined) | undefined;
}

/**
 * The same handler, each request of it a span below the one that its headers name. Nothing of the URL but the
 * route is recorded, and no header. Arguments after the request are handed on.
 */
export function traceHandler<Rest extends readonly unknown[]>(
  handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
  { tracer = trace.getTracer(SCOPE), route = verbOf }: TraceHandlerOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const opened = quietly(() => {
      const attributes = requestAttributes(
        request,
        quietly(() => route(request)),
      );
      const parent = propagation.extract(context.active(), request.headers, HEADERS);
      return openSpan(tracer, nameOf(attributes), { attributes, kind: SpanKind.SERVER }, parent);
    });
    if (opened === undefined) return handler(request, ...rest);
    const { span } = opened;
    try {
      const response = await context.with(opened.context, () => handler(request, ...rest));
      quietly(() => recordAnswer(span, response.status));
      return response;
    } catch (reason) {
      quietly(() => recordCrash(span, reason));
      throw reason;
    } finally {
      quietly(() => span.end());
    }
  };
}

/** As the conventions for HTTP spans want it: what is not listed has no name. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

function requestAttributes({ method }: Request, route: string | undefined): Attributes {
  const known = METHODS.has(method) ? method : '_OTHER';
  return withoutUndefined({ 'http.request.method': known, 'http.route': route });
}

function nameOf({ 'http.request.method': method, 'http.route': route }: Attributes): string {
  const verb = method === '_OTHER' ? 'HTTP' : String(method);
  return route === undefined ? verb : `${verb} ${route}`;
}

const HEADERS: TextMapGetter<Headers> = {
  keys: (headers) => [...headers.keys()],
  get: (headers, name) => headers.get(name) ?? undefined,
};

/** Any other path may hold anything. */
const VERB = /\/(initiate|presign-?parts|list-?parts|complete|abort)\/?$/i;

function verbOf({ url }: Request): string | undefined {
  return VERB.exec(new URL(url).pathname)?.[1];
}

/** What a client did wrong is no error of the server. */
function recordAnswer(span: Span, status: number): void {
  span.setAttribute('http.response.status_code', status);
  if (status < 500) return;
  span.setAttribute('error.type', String(status));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Its name alone: a message may hold anything. */
function recordCrash(span: Span, reason: unknown): void {
  span.setAttribute('error.type', reason instanceof Error ? reason.name : '_OTHER');
  span.setStatus({ code: SpanStatusCode.ERROR });
}
