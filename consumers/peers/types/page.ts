// Tracing in a page. Compiled only.
import { type Meter, trace } from '@opentelemetry/api';
import { uploadFile } from '@partway/browser';
import { observeControlPlane, traceHeaders, traceUploads } from '@partway/core/opentelemetry';

const meter: Meter | undefined = undefined;
const traced = traceUploads({ meter, tracer: trace.getTracer('page') });
export const upload = uploadFile(new File([], 'a'), traced({ endpoint: '/uploads', headers: traceHeaders }));
export { observeControlPlane };
