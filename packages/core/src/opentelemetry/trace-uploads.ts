import { type Context, context, type Meter } from '@opentelemetry/api';
import type { UploadEvent } from '../index.ts';
import type { Clock, ControlPlane } from '../ports.ts';
import { systemClock } from '../system.ts';
import { ignoreErrors, resolveTracing, type TracingOptions } from './attributes.ts';
import { type ContextOf, observeForUpload } from './observe-control-plane.ts';
import type { SpanDetail } from './part-spans.ts';
import { createInstruments, type Instruments, startUploadMetrics } from './upload-metrics.ts';
import { startUploadSpans } from './upload-spans.ts';

/** How uploads are traced. */
export interface TraceUploadsOptions extends TracingOptions {
  /**
   * Default: the meter `@partway/core` of the meter provider that is registered when the first upload starts.
   */
  readonly meter?: Meter | undefined;
  /** The depth of the tree: 10000 parts with their attempts are 20000 spans. Default: `attempt`. */
  readonly detail?: SpanDetail | undefined;
  /** The clock of the uploads. Default: the system clock. */
  readonly clock?: Clock | undefined;
}

/** The options of an upload that tracing uses, in Node and in a page. */
export interface TraceableOptions {
  /**
   * The address of the coordinator instead of a control plane: its verbs then have no spans. Default: none.
   */
  readonly endpoint?: string | URL | undefined;
  /** Called with every event, within the span of the upload. Default: none. */
  readonly onEvent?: ((event: UploadEvent) => void) | undefined;
  /** The coordinator, or its client; its verbs become spans. Default: none. */
  readonly controlPlane?: ControlPlane | undefined;
}

/** Returns the options for one traced upload. Its span is a child of the span that is active now. */
export type Traced = <Options extends TraceableOptions>(options: Options) => Options;

/**
 * Creates a function that adds tracing to the options of an upload. Call it once for all uploads:
 *
 * const traced = traceUploads(); uploadFile('./movie.mp4', traced({ controlPlane, key }));
 *
 * Each upload is a span with its parts, their attempts and the verbs of the control plane as descendants, and
 * updates the metrics; `onEvent` is called within its span. Errors of telemetry do not affect the upload.
 * Throws a `TypeError` for an invalid option.
 */
export function traceUploads(options: TraceUploadsOptions = {}): Traced {
  const { meter, clock = systemClock, detail = 'attempt' } = options;
  assertDetail(detail);
  const tracing = { ...resolveTracing(options), detail };
  let instruments: Instruments | undefined;

  function startUpload(parent: Context): ObservedUpload {
    const at = clock.now();
    const counts = ignoreErrors(() => {
      // Not earlier: a meter that is requested before its provider is registered never reports.
      instruments ??= createInstruments(meter);
      return startUploadMetrics(instruments, at);
    });
    const spans = ignoreErrors(() => startUploadSpans(tracing, parent, at));
    return {
      context: spans?.context ?? parent,
      onEvent(event) {
        ignoreErrors(() => counts?.onEvent(event));
        ignoreErrors(() => spans?.onEvent(event));
      },
    };
  }

  return (uploadOptions) => {
    const { onEvent, controlPlane } = uploadOptions;
    if (onEvent !== undefined && typeof onEvent !== 'function')
      throw new TypeError('onEvent must be a function');
    const parent = context.active();
    let upload: ObservedUpload | undefined;
    let isOver = false;

    /** An upload starts with its first verb or event. Options that are used again start another one. */
    function getUpload(canRestart: boolean): ObservedUpload {
      if (upload === undefined || (isOver && canRestart)) {
        upload = startUpload(parent);
        isOver = false;
      }
      return upload;
    }

    function handleEvent(event: UploadEvent): unknown {
      const { context: uploadContext, onEvent: observe } = getUpload(true);
      observe(event);
      isOver = event.type === 'completed' || event.type === 'failed';
      // Returned because it may be a promise: the engine handles its rejection.
      return onEvent === undefined ? undefined : context.with(uploadContext, onEvent, undefined, event);
    }

    const traced = { ...uploadOptions, onEvent: handleEvent };
    if (controlPlane === undefined) return traced;
    const contextOf: ContextOf = (verb) => getUpload(verb === 'initiate').context;
    return { ...traced, controlPlane: observeForUpload(controlPlane, tracing, contextOf) };
  };
}

/** An observed upload. */
interface ObservedUpload {
  /** The context with its span. */
  readonly context: Context;
  onEvent(event: UploadEvent): void;
}

function assertDetail(detail: unknown): void {
  if (detail === 'upload' || detail === 'part' || detail === 'attempt') return;
  throw new TypeError(`detail must be 'upload', 'part' or 'attempt', got ${String(detail)}`);
}
