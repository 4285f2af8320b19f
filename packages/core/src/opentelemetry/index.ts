export type { TracingOptions } from './attributes.ts';
export { observeControlPlane } from './observe-control-plane.ts';
export type { SpanDetail } from './part-spans.ts';
export type { TraceHandlerOptions } from './trace-context.ts';
export { traceHandler, traceHeaders } from './trace-context.ts';
export type { TraceableOptions, Traced, TraceUploadsOptions } from './trace-uploads.ts';
export { traceUploads } from './trace-uploads.ts';
