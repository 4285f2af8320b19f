import type { Attributes, Context, Tracer } from '@opentelemetry/api';
import type { UploadError } from '../errors.ts';
import { type OpenSpan, openSpan, recordError } from './attributes.ts';

/** The depth of an upload's tree of spans. */
export type SpanDetail = 'upload' | 'part' | 'attempt';

/** The spans of the parts in flight, and of the attempts below them. */
export interface PartSpans {
  /** Starts the span of an attempt, and with the first attempt that of the part. */
  start(partNumber: number, attempt: number, at: number): void;
  confirm(partNumber: number, size: number, at: number): void;
  /** The attempt failed, and another follows. False when the part of the error is not in flight. */
  retry(error: UploadError, attributes: Attributes, at: number): boolean;
  /** The part of the error failed permanently; the others were stopped. */
  fail(error: UploadError, at: number): void;
  /** All parts were stopped. */
  stop(at: number): void;
}

interface PartInFlight {
  readonly part: OpenSpan;
  attempt: OpenSpan | undefined;
}

export function createPartSpans(tracer: Tracer, upload: Context, detail: SpanDetail): PartSpans {
  const inFlight = new Map<number, PartInFlight>();

  function openPart(partNumber: number, at: number): PartInFlight {
    const attributes = { 'partway.part_number': partNumber };
    const part = openSpan(tracer, 'partway.part', { startTime: at, attributes }, upload);
    const opened = { part, attempt: undefined };
    inFlight.set(partNumber, opened);
    return opened;
  }

  function end(partNumber: number, at: number, attributes: Attributes, error?: UploadError): void {
    const { part, attempt } = inFlight.get(partNumber) ?? {};
    inFlight.delete(partNumber);
    for (const opened of [attempt, part]) {
      opened?.span.setAttributes(attributes);
      if (opened !== undefined && error !== undefined) recordError(opened.span, error);
      opened?.span.end(at);
    }
  }

  function stop(at: number): void {
    for (const partNumber of [...inFlight.keys()]) end(partNumber, at, { 'partway.outcome': 'stopped' });
  }

  return {
    stop,
    start(partNumber, attempt, at) {
      if (detail === 'upload') return;
      const opened = inFlight.get(partNumber) ?? openPart(partNumber, at);
      opened.part.span.setAttribute('partway.attempts', attempt);
      if (detail === 'part') return;
      const attributes = { 'partway.part_number': partNumber, 'partway.attempt': attempt };
      opened.attempt = openSpan(
        tracer,
        'partway.attempt',
        { startTime: at, attributes },
        opened.part.context,
      );
    },
    confirm(partNumber, size, at) {
      end(partNumber, at, { 'partway.size': size, 'partway.outcome': 'confirmed' });
    },
    retry(error, attributes, at) {
      const opened = inFlight.get(error.context.partNumber ?? 0);
      if (opened === undefined) return false;
      const { part, attempt } = opened;
      opened.attempt = undefined;
      if (attempt === undefined) part.span.addEvent('retrying', attributes, at);
      attempt?.span.setAttributes({ ...attributes, 'partway.outcome': 'retried' });
      if (attempt !== undefined) recordError(attempt.span, error);
      attempt?.span.end(at);
      return true;
    },
    fail(error, at) {
      const { partNumber } = error.context;
      if (partNumber !== undefined) end(partNumber, at, { 'partway.outcome': 'failed' }, error);
      stop(at);
    },
  };
}
