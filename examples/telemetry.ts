// OpenTelemetry: an upload and its requests to the coordinator as spans and metrics, and its events as flat
// log records.
import assert from 'node:assert/strict';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { logUploads } from '@partway/core';
import { createCoordinator } from '@partway/core/coordinator';
import { traceUploads } from '@partway/core/opentelemetry';
import { createOssObjectStore } from '@partway/core/oss';
import { startOssEmulator } from '@partway/emulator';
import { uploadFile } from '@partway/node';

// Register the SDK as in every application; in production with exporters over the network.
const spans = new InMemorySpanExporter();
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const meters = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials });
const { endpoint } = emulator;
const store = createOssObjectStore({ region: 'cn-hangzhou', bucket: 'media', credentials, endpoint });
const busy = { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } as const;
emulator.faults.add({ operation: 'PutObject', times: 1, effect: busy });

// Wrap the options of each upload with `traced`.
const traced = traceUploads({ meter: meters.getMeter('my-service') });
const object = await uploadFile(
  process.argv[1] ?? '',
  traced({
    controlPlane: createCoordinator({ store }),
    key: 'scripts/telemetry.js',
    onEvent: logUploads(({ level, event, ...fields }) => console.log(level, event, JSON.stringify(fields))),
  }),
).result;

const finished = spans.getFinishedSpans();
for (const { name, attributes } of finished) console.log(name, JSON.stringify(attributes));
assert.equal(finished.filter(({ name }) => name === 'partway.attempt').length, 2);
const upload = finished.find(({ name }) => name === 'partway.upload');
assert.equal(upload?.attributes['partway.crc64'], object.crc64);

await meters.forceFlush();
const [resource] = exporter.getMetrics();
const metrics = resource?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
const retries = metrics.find(({ descriptor }) => descriptor.name === 'partway.retries');
assert.equal(retries?.dataPoints[0]?.value, 1);
await meters.shutdown();
await emulator.close();
