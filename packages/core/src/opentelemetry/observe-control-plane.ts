import { type Attributes, type Context, context, type Span } from '@opentelemetry/api';
import { abortedError, UploadError } from '../errors.ts';
import type { CompleteRequest, ControlPlane, InitiateRequest, UploadedObject } from '../ports.ts';
import { assertControlPlane } from '../resolve-options.ts';
import { withoutUndefined } from '../without-undefined.ts';
import {
  openSpan,
  quietly,
  recordError,
  resolveTracing,
  type Tracing,
  type TracingOptions,
} from './attributes.ts';

/**
 * A control plane whose every verb is a span, `partway.initiate` to `partway.abort`, below the active one:
 * around a coordinator on the server, or around its client. What a verb does happens below its span. Throws a
 * `TypeError` for what is no control plane.
 */
export function observeControlPlane(controlPlane: ControlPlane, options: TracingOptions = {}): ControlPlane {
  assertControlPlane(controlPlane);
  const observed = observeVerbs(controlPlane, resolveTracing(options), () => context.active());
  OBSERVED.add(observed);
  return observed;
}

const OBSERVED = new WeakSet<ControlPlane>();

/** Tells below which span a verb is to happen. */
export type ContextOf = (verb: keyof ControlPlane) => Context;

/** The verbs of one upload, each in a span. One that `observeControlPlane` has made gets no second one. */
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
  const inSpan = spanner(tracing, contextOf);
  return {
    initiate: inSpan(
      'initiate',
      (request) => controlPlane.initiate(request),
      initiateAttributes,
      (upload) => ({
        'partway.bucket': upload.bucket,
        'partway.upload_id': upload.uploadId,
        'partway.part_size': upload.partSize,
      }),
    ),
    presignParts: inSpan(
      'presignParts',
      (request) => controlPlane.presignParts(request),
      ({ partNumbers, afterRefusal }) => ({
        'partway.part_count': partNumbers.length,
        'partway.after_refusal': afterRefusal,
      }),
    ),
    listParts: inSpan(
      'listParts',
      (request) => controlPlane.listParts(request),
      ({ partNumber }) => ({ 'partway.part_number': partNumber }),
      (parts) => ({ 'partway.part_count': parts.length }),
    ),
    complete: inSpan(
      'complete',
      (request) => controlPlane.complete(request),
      ({ receipts }: CompleteRequest) => ({ 'partway.part_count': receipts.length }),
      (object) => ({
        'partway.bucket': object.bucket,
        'partway.key': object.key,
        ...objectAttributes(object),
      }),
    ),
    abort: inSpan('abort', (request) => controlPlane.abort(request)),
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

/** What is proven of an object. */
export function objectAttributes({ size, crc64, requestId, recovered = false }: UploadedObject): Attributes {
  return {
    'partway.size': size,
    'partway.crc64': crc64,
    'partway.recovered': recovered,
    'partway.oss.request_id': requestId,
  };
}

type InSpan = <Request extends { readonly signal: AbortSignal }, Answer>(
  verb: keyof ControlPlane,
  ask: (request: Request) => Promise<Answer>,
  asked?: (request: Request) => Attributes,
  told?: (answer: Answer) => Attributes,
) => (request: Request) => Promise<Answer>;

/** Nothing that fails in watching a verb changes what the verb does. */
function spanner({ tracer, recordKey }: Tracing, contextOf: ContextOf): InSpan {
  const kept = (attributes: Attributes): Attributes =>
    withoutUndefined(recordKey ? attributes : { ...attributes, 'partway.key': undefined });
  return (verb, ask, asked = none, told = none) =>
    async (request) => {
      const open = (attributes: Attributes): ReturnType<typeof openSpan> =>
        openSpan(tracer, `partway.${verb}`, { attributes }, contextOf(verb));
      const opened = quietly(() => open(kept(quietly(() => asked(request)) ?? {})));
      if (opened === undefined) return ask(request);
      const { span } = opened;
      try {
        const answer = await context.with(opened.context, () => ask(request));
        quietly(() => span.setAttributes(kept(told(answer))));
        return answer;
      } catch (reason) {
        quietly(() => recordReason(span, reason, request.signal));
        throw reason;
      } finally {
        quietly(() => span.end());
      }
    };
}

function none(): Attributes {
  return {};
}

/** Whoever stops a verb may give any reason. */
function recordReason(span: Span, reason: unknown, signal: AbortSignal): void {
  const isStopped = signal.aborted && !(reason instanceof UploadError);
  recordError(span, isStopped ? abortedError() : UploadError.from(reason));
}
