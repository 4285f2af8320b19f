// OpenTelemetry across machines: the spans of the coordinator are children of the client's spans.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { createHttpControlPlane } from '@partway/core';
import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
import { observeControlPlane, traceHandler, traceHeaders, traceUploads } from '@partway/core/opentelemetry';
import { createOssObjectStore } from '@partway/core/oss';
import { startOssEmulator } from '@partway/emulator';
import { uploadFile } from '@partway/node';

// Both sides register an SDK with a propagator. Here they share a process.
const spans = new InMemorySpanExporter();
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials });
const { endpoint } = emulator;
const store = createOssObjectStore({ region: 'cn-hangzhou', bucket: 'media', credentials, endpoint });

// Server: a span per request, with a child per verb.
const coordinator = createCoordinator<Request>({ store, authorize: ({ name }) => ({ key: name }) });
const observed = {
  ...coordinator,
  controlPlaneFor: (request: Request) => observeControlPlane(coordinator.controlPlaneFor(request)),
};
const handler = traceHandler(createCoordinatorHandler(observed, { basePath: '/uploads' }));

const server = createServer(getRequestListener(handler)).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/uploads`;

// Client: `traceHeaders` sends the trace with every request to the coordinator.
const controlPlane = createHttpControlPlane(url, { headers: traceHeaders });
const traced = traceUploads();
const file = fileURLToPath(import.meta.url);
await uploadFile(file, traced({ controlPlane, key: 'telemetry.js' })).result;

const finished = spans.getFinishedSpans();
for (const span of finished) console.log(span.name, span.spanContext().traceId);
assert.equal(new Set(finished.map((span) => span.spanContext().traceId)).size, 1);
const names = finished.map(({ name }) => name);
assert.ok(names.includes('POST initiate'));
assert.equal(names.filter((name) => name === 'partway.initiate').length, 2);
server.close();
await emulator.close();
