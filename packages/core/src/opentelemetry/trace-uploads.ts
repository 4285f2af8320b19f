import { type Context, context, type Meter } from '@opentelemetry/api';
import type { UploadEvent } from '../index.ts';
import type { Clock, ControlPlane } from '../ports.ts';
import { systemClock } from '../system.ts';
import { quietly, resolveTracing, type TracingOptions } from './attributes.ts';
import { type ContextOf, observeForUpload } from './observe-control-plane.ts';
import type { SpanDetail } from './part-spans.ts';
import { beginUploadMetrics, createInstruments, type Instruments } from './upload-metrics.ts';
import { beginUploadSpans } from './upload-spans.ts';

export interface TraceUploadsOptions extends TracingOptions {
  /** Default: `@partway/core` of the meter provider that is registered when the first upload begins. */
  readonly meter?: Meter | undefined;
  /** How deep the tree goes: 10000 parts, with their attempts, are 20000 spans. Default: `attempt`. */
  readonly detail?: SpanDetail | undefined;
  /** The clock of the uploads. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** What the options of every upload have, in Node and in a page. */
export interface TraceableOptions {
  /** In a page, in the place of a control plane: the verbs then have no spans of their own. */
  readonly endpoint?: string | URL | undefined;
  readonly onEvent?: ((event: UploadEvent) => void) | undefined;
  readonly controlPlane?: ControlPlane | undefined;
}

/** The same options, for one upload that is traced. Its spans begin below the span that is active now. */
export type Traced = <Options extends TraceableOptions>(options: Options) => Options;

/**
 * Makes what turns tracing on, once for all uploads:
 *
 *     const traced = traceUploads();
 *     uploadFile('./movie.mp4', traced({ controlPlane, key }));
 *
 * Each upload is a span, with its parts, their attempts and the verbs of the control plane below it, and
 * counts into the metrics; `onEvent` is called within its span. Nothing that fails in all this hurts the
 * upload. Throws a `TypeError` for a wrong option.
 */
export function traceUploads(options: TraceUploadsOptions = {}): Traced {
  const { meter, clock = systemClock, detail = 'attempt' } = options;
  assertDetail(detail);
  const tracing = { ...resolveTracing(options), detail };
  let instruments: Instruments | undefined;

  function begin(parent: Context): Observed {
    const at = clock.now();
    const counts = quietly(() => {
      // Not sooner: a meter that is asked for before its provider is registered stays deaf.
      instruments ??= createInstruments(meter);
      return beginUploadMetrics(instruments, at);
    });
    const spans = quietly(() => beginUploadSpans(tracing, parent, at));
    return {
      context: spans?.context ?? parent,
      hear(event) {
        quietly(() => counts?.hear(event));
        quietly(() => spans?.hear(event));
      },
    };
  }

  return (uploadOptions) => {
    const { onEvent, controlPlane } = uploadOptions;
    if (onEvent !== undefined && typeof onEvent !== 'function')
      throw new TypeError('onEvent must be a function');
    const parent = context.active();
    let upload: Observed | undefined;
    let isOver = false;

    /** An upload begins with its first verb or event. Options that are used once more begin another one. */
    function observed(canRestart: boolean): Observed {
      if (upload === undefined || (isOver && canRestart)) {
        upload = begin(parent);
        isOver = false;
      }
      return upload;
    }

    function hear(event: UploadEvent): unknown {
      const { context: within, hear: watch } = observed(true);
      watch(event);
      isOver = event.type === 'completed' || event.type === 'failed';
      // What it gives may be a promise, whose rejection the engine takes care of.
      return onEvent === undefined ? undefined : context.with(within, onEvent, undefined, event);
    }

    const traced = { ...uploadOptions, onEvent: hear };
    if (controlPlane === undefined) return traced;
    const contextOf: ContextOf = (verb) => observed(verb === 'initiate').context;
    return { ...traced, controlPlane: observeForUpload(controlPlane, tracing, contextOf) };
  };
}

/** An upload that is watched. */
interface Observed {
  /** Where its span is the active one. */
  readonly context: Context;
  hear(event: UploadEvent): void;
}

function assertDetail(detail: unknown): void {
  if (detail === 'upload' || detail === 'part' || detail === 'attempt') return;
  throw new TypeError(`detail must be 'upload', 'part' or 'attempt', got ${String(detail)}`);
}
