import {
  type Attributes,
  type Context,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { errorFacts } from '../error-facts.ts';
import type { UploadError } from '../errors.ts';
import { withoutUndefined } from '../without-undefined.ts';

/** The instrumentation scope of every span and metric. */
export const SCOPE = '@partway/core';

export interface TracingOptions {
  /** Default: `@partway/core` of the tracer provider that is registered. */
  readonly tracer?: Tracer | undefined;
  /** Whether the object's key, which may name a person, becomes an attribute. Default: true. */
  readonly recordKey?: boolean | undefined;
}

/** With every default filled in. */
export interface Tracing {
  readonly tracer: Tracer;
  readonly recordKey: boolean;
}

export function resolveTracing({ tracer, recordKey = true }: TracingOptions): Tracing {
  // Of the provider that is registered when a span begins, not only now.
  return { tracer: tracer ?? trace.getTracer(SCOPE), recordKey };
}

/** An error by its codes, never by its message. */
export function errorAttributes(error: UploadError): Attributes {
  const { code, disposition, operation, status, ossCode, ec, requestId } = errorFacts(error);
  return withoutUndefined({
    'error.type': code,
    'partway.disposition': disposition,
    'partway.operation': operation,
    'http.response.status_code': status,
    'partway.oss.code': ossCode,
    'partway.oss.ec': ec,
    'partway.oss.request_id': requestId,
  });
}

/** What its caller aborted is told too, but is no failure. */
export function recordError(span: Span, error: UploadError): void {
  span.setAttributes(errorAttributes(error));
  if (error.code !== 'aborted') span.setStatus({ code: SpanStatusCode.ERROR, message: error.code });
}

/** A span, and the context in which its children begin. */
export interface OpenSpan {
  readonly span: Span;
  readonly context: Context;
}

export function openSpan(tracer: Tracer, name: string, options: SpanOptions, parent: Context): OpenSpan {
  const span = tracer.startSpan(name, options, parent);
  return { span, context: trace.setSpan(parent, span) };
}

/** What is watched must not fail because whoever watches does: `undefined` then. */
export function quietly<T>(watch: () => T): T | undefined {
  try {
    return watch();
  } catch {
    return undefined;
  }
}
