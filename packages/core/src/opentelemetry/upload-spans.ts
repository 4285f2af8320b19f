import type { Attributes, Context } from '@opentelemetry/api';
import type { UploadEvent } from '../index.ts';
import { withoutUndefined } from '../without-undefined.ts';
import { errorAttributes, openSpan, recordError, type Tracing } from './attributes.ts';
import { objectAttributes } from './observe-control-plane.ts';
import { createPartSpans, type SpanDetail } from './part-spans.ts';

/** The spans of one upload, created from its events. */
export interface UploadSpans {
  /** The context with the span of the upload. */
  readonly context: Context;
  onEvent(event: UploadEvent): void;
}

/** Starts the span of an upload at the instant `at`. It ends with `completed` or `failed`. */
export function startUploadSpans(
  { tracer, recordKey, detail }: Tracing & { readonly detail: SpanDetail },
  parent: Context,
  at: number,
): UploadSpans {
  const { span, context } = openSpan(tracer, 'partway.upload', { startTime: at }, parent);
  // Without sampling there are no children: they would only be discarded.
  const parts = createPartSpans(tracer, context, span.isRecording() ? detail : 'upload');
  let [confirmed, retries] = [0, 0];

  function addEvent(event: UploadEvent, attributes: Attributes = {}): void {
    span.addEvent(event.type, attributes, event.at);
  }

  function end(at: number, outcome: string, attributes: Attributes = {}): void {
    const counts = { 'partway.parts_confirmed': confirmed, 'partway.retries': retries };
    span.setAttributes({ ...counts, ...attributes, 'partway.outcome': outcome });
    span.end(at);
  }

  function onEvent(event: UploadEvent): void {
    switch (event.type) {
      case 'part-progress':
        return;
      case 'opened':
        parts.stop(event.at);
        confirmed = 0;
        addEvent(event);
        span.setAttributes(openedAttributes(event, recordKey));
        return;
      case 'part-attempt':
        parts.start(event.partNumber, event.attempt, event.at);
        return;
      case 'part-confirmed':
        confirmed += 1;
        parts.confirm(event.partNumber, event.size, event.at);
        return;
      case 'retrying': {
        retries += 1;
        const attributes = { ...errorAttributes(event.error), 'partway.delay_ms': event.delayMs };
        if (!parts.retry(event.error, attributes, event.at)) addEvent(event, attributes);
        return;
      }
      case 'paused':
        parts.stop(event.at);
        addEvent(event);
        return;
      case 'headers-hidden':
        addEvent(event, { 'partway.headers': [...event.names] });
        return;
      case 'cleanup-failed':
        addEvent(event, errorAttributes(event.error));
        return;
      case 'completed':
        end(event.at, 'completed', objectAttributes(event.object));
        return;
      case 'failed':
        parts.fail(event.error, event.at);
        recordError(span, event.error);
        end(event.at, event.error.code === 'aborted' ? 'aborted' : 'failed');
        return;
      default:
        addEvent(event);
    }
  }

  return { context, onEvent };
}

function openedAttributes(event: Extract<UploadEvent, { type: 'opened' }>, recordKey: boolean): Attributes {
  return withoutUndefined({
    'partway.bucket': event.bucket,
    'partway.key': recordKey ? event.key : undefined,
    'partway.upload_id': event.uploadId,
    'partway.size': event.size,
    'partway.part_size': event.partSize,
    'partway.part_count': event.partCount,
  });
}
