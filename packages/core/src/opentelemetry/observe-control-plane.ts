import { type Attributes, type Context, context, type Span } from '@opentelemetry/api';
import { abortedError, UploadError } from '../errors.ts';
import type { CompleteRequest, ControlPlane, InitiateRequest, UploadedObject } from '../ports.ts';
import { assertControlPlane } from '../resolve-options.ts';
import { withoutUndefined } from '../without-undefined.ts';
import {
  ignoreErrors,
  openSpan,
  recordError,
  resolveTracing,
  type Tracing,
  type TracingOptions,
} from './attributes.ts';

/**
 * Wraps a control plane so that each verb is a span, `partway.initiate` to `partway.abort`, as a child of the
 * active one. Works for a coordinator on the server and for its client. The work of a verb happens within its
 * span. Throws a `TypeError` for anything but a control plane.
 */
export function observeControlPlane(controlPlane: ControlPlane, options: TracingOptions = {}): ControlPlane {
  assertControlPlane(controlPlane);
  const observed = observeVerbs(controlPlane, resolveTracing(options), () => context.active());
  OBSERVED.add(observed);
  return observed;
}

const OBSERVED = new WeakSet<ControlPlane>();

/** Returns the context of a verb. */
export type ContextOf = (verb: keyof ControlPlane) => Context;

/** The same for one upload. A control plane from `observeControlPlane` gets no second span. */
export function observeForUpload(
  controlPlane: ControlPlane,
  tracing: Tracing,
  contextOf: ContextOf,
): ControlPlane {
  assertControlPlane(controlPlane);
  if (!OBSERVED.has(controlPlane)) return observeVerbs(controlPlane, tracing, contextOf);
  return {
    initiate: (request) => context.with(contextOf('initiate'), () => controlPlane.initiate(request)),
    presignParts: (request) =>
      context.with(contextOf('presignParts'), () => controlPlane.presignParts(request)),
    listParts: (request) => context.with(contextOf('listParts'), () => controlPlane.listParts(request)),
    complete: (request) => context.with(contextOf('complete'), () => controlPlane.complete(request)),
    abort: (request) => context.with(contextOf('abort'), () => controlPlane.abort(request)),
  };
}

function observeVerbs(controlPlane: ControlPlane, tracing: Tracing, contextOf: ContextOf): ControlPlane {
  const runInSpan = createSpanRunner(tracing, contextOf);
  return {
    initiate: runInSpan(
      'initiate',
      (request) => controlPlane.initiate(request),
      initiateAttributes,
      (upload) => ({
        'partway.bucket': upload.bucket,
        'partway.upload_id': upload.uploadId,
        'partway.part_size': upload.partSize,
      }),
    ),
    presignParts: runInSpan(
      'presignParts',
      (request) => controlPlane.presignParts(request),
      ({ partNumbers, afterRefusal }) => ({
        'partway.part_count': partNumbers.length,
        'partway.after_refusal': afterRefusal,
      }),
    ),
    listParts: runInSpan(
      'listParts',
      (request) => controlPlane.listParts(request),
      ({ partNumber }) => ({ 'partway.part_number': partNumber }),
      (parts) => ({ 'partway.part_count': parts.length }),
    ),
    complete: runInSpan(
      'complete',
      (request) => controlPlane.complete(request),
      ({ receipts }: CompleteRequest) => ({ 'partway.part_count': receipts.length }),
      (object) => ({
        'partway.bucket': object.bucket,
        'partway.key': object.key,
        ...objectAttributes(object),
      }),
    ),
    abort: runInSpan('abort', (request) => controlPlane.abort(request)),
  };
}

function initiateAttributes({ key, size, partSize, previousAttemptAgeMs }: InitiateRequest): Attributes {
  return {
    'partway.key': key,
    'partway.size': size,
    'partway.part_size': partSize,
    'partway.previous_attempt_age_ms': previousAttemptAgeMs,
  };
}

/** The attributes of a proven object. */
export function objectAttributes({ size, crc64, requestId, recovered = false }: UploadedObject): Attributes {
  return {
    'partway.size': size,
    'partway.crc64': crc64,
    'partway.recovered': recovered,
    'partway.oss.request_id': requestId,
  };
}

type RunInSpan = <Request extends { readonly signal: AbortSignal }, Result>(
  verb: keyof ControlPlane,
  call: (request: Request) => Promise<Result>,
  requestAttributes?: (request: Request) => Attributes,
  resultAttributes?: (result: Result) => Attributes,
) => (request: Request) => Promise<Result>;

/** Errors of telemetry do not affect the verb. */
function createSpanRunner({ tracer, recordKey }: Tracing, contextOf: ContextOf): RunInSpan {
  const filterAttributes = (attributes: Attributes): Attributes =>
    withoutUndefined(recordKey ? attributes : { ...attributes, 'partway.key': undefined });
  return (verb, call, requestAttributes = none, resultAttributes = none) =>
    async (request) => {
      const open = (attributes: Attributes): ReturnType<typeof openSpan> =>
        openSpan(tracer, `partway.${verb}`, { attributes }, contextOf(verb));
      const opened = ignoreErrors(() =>
        open(filterAttributes(ignoreErrors(() => requestAttributes(request)) ?? {})),
      );
      if (opened === undefined) return call(request);
      const { span } = opened;
      try {
        const result = await context.with(opened.context, () => call(request));
        ignoreErrors(() => span.setAttributes(filterAttributes(resultAttributes(result))));
        return result;
      } catch (reason) {
        ignoreErrors(() => recordReason(span, reason, request.signal));
        throw reason;
      } finally {
        ignoreErrors(() => span.end());
      }
    };
}

function none(): Attributes {
  return {};
}

/** The reason of an aborted signal can be any value. */
function recordReason(span: Span, reason: unknown, signal: AbortSignal): void {
  const isStopped = signal.aborted && !(reason instanceof UploadError);
  recordError(span, isStopped ? abortedError() : UploadError.from(reason));
}
