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

/** How spans are created. */
export interface TracingOptions {
  /** Default: the tracer `@partway/core` of the registered tracer provider. */
  readonly tracer?: Tracer | undefined;
  /** Whether the object's key, which may contain personal data, becomes an attribute. Default: true. */
  readonly recordKey?: boolean | undefined;
}

/** The options with every default filled in. */
export interface Tracing {
  readonly tracer: Tracer;
  readonly recordKey: boolean;
}

export function resolveTracing({ tracer, recordKey = true }: TracingOptions): Tracing {
  // A proxy: a provider that is registered later applies too.
  return { tracer: tracer ?? trace.getTracer(SCOPE), recordKey };
}

/** The codes of an error, never its message. */
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

/** An upload that its caller aborted is recorded, but not as a failure. */
export function recordError(span: Span, error: UploadError): void {
  span.setAttributes(errorAttributes(error));
  if (error.code !== 'aborted') span.setStatus({ code: SpanStatusCode.ERROR, message: error.code });
}

/** A span, and the context of its children. */
export interface OpenSpan {
  readonly span: Span;
  readonly context: Context;
}

export function openSpan(tracer: Tracer, name: string, options: SpanOptions, parent: Context): OpenSpan {
  const span = tracer.startSpan(name, options, parent);
  return { span, context: trace.setSpan(parent, span) };
}

/** Observation must not affect uploads: returns `undefined` when it fails. */
export function ignoreErrors<T>(observe: () => T): T | undefined {
  try {
    return observe();
  } catch {
    return undefined;
  }
}
