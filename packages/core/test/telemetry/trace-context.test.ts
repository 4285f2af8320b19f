import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { ControlPlane } from '@partway/core';
import { observeControlPlane, traceHandler, traceHeaders, traceUploads } from '@partway/core/opentelemetry';
import { createUploader, startUpload } from '@partway/core/ports';
import { createInMemorySource } from '@partway/core/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHarness, KEY } from '../stages/harness.ts';
import { createTelemetry } from '../stages/telemetry-stage.ts';

const bytes = new Uint8Array(300_000).fill(7);
const PART = 102_400;

/** Registers the global providers as an SDK does. */
beforeEach(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
afterEach(() => {
  context.disable();
  propagation.disable();
});

test('one trace connects the caller, the upload and the coordinator on another machine', async () => {
  const harness = createHarness();
  const [client, server] = [createTelemetry(), createTelemetry()];
  const coordinator = observeControlPlane(harness.controlPlane, { tracer: server.tracer });
  const handler = traceHandler(
    async (request) => Response.json(await coordinator.initiate({ ...(await request.json()), signal })),
    { tracer: server.tracer },
  );
  const controlPlane: ControlPlane = {
    ...harness.controlPlane,
    async initiate({ signal: _, ...request }) {
      const body = JSON.stringify(request);
      const headers = { authorization: 'Bearer a-session', ...traceHeaders() };
      const url = 'https://app.example/uploads/initiate?session=a-session';
      return (await handler(new Request(url, { method: 'POST', body, headers }))).json();
    },
  };
  const traced = traceUploads({ tracer: client.tracer, clock: harness.clock });
  const caller = client.tracer.startSpan('request of a user');
  const options = context.with(trace.setSpan(context.active(), caller), () =>
    traced({ key: KEY, partSize: PART, controlPlane }),
  );
  const { controlPlane: tracedPlane, ...others } = options;
  const ports = { ...harness.createPorts(createInMemorySource(bytes)), controlPlane: tracedPlane };
  await harness.runUntilSettled(startUpload(ports, others).result);
  caller.end();

  const spans = [...client.spans(), ...server.spans()];
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
  const path: string[] = [];
  for (
    let span = server.spans().find(({ name }) => name === 'partway.initiate');
    span !== undefined;
    span = spans.find((candidate) => candidate.spanContext().spanId === span?.parentSpanContext?.spanId)
  )
    path.push(span.name);
  expect(path).toEqual([
    'partway.initiate',
    'POST initiate',
    'partway.initiate',
    'partway.upload',
    'request of a user',
  ]);
  expect(`${await server.exported()}${await client.exported()}`).not.toContain('a-session');
});

const { signal } = new AbortController();

test('a server span has method, route and status, and no other request data', async () => {
  const { tracer, spans } = createTelemetry();
  const handler = traceHandler((_, status: number) => new Response(null, { status }), { tracer });
  await handler(
    new Request('https://a.example/t/secret-token/presign-parts?token=t', { method: 'POST' }),
    204,
  );
  await handler(new Request('https://a.example/secret-token', { method: 'PROPFIND' }), 404);
  await handler(new Request('https://a.example/abort', { method: 'DELETE' }), 503);
  expect(spans().map(({ name, attributes, status }) => ({ name, attributes, status: status.code }))).toEqual([
    {
      name: 'POST presign-parts',
      attributes: {
        'http.request.method': 'POST',
        'http.route': 'presign-parts',
        'http.response.status_code': 204,
      },
      status: 0,
    },
    {
      name: 'HTTP',
      attributes: { 'http.request.method': '_OTHER', 'http.response.status_code': 404 },
      status: 0,
    },
    {
      name: 'DELETE abort',
      attributes: {
        'http.request.method': 'DELETE',
        'http.route': 'abort',
        'http.response.status_code': 503,
        'error.type': '503',
      },
      status: 2,
    },
  ]);
});

test('an error of a handler is rethrown without its message in the span', async () => {
  const { tracer, spans } = createTelemetry();
  const crash = new RangeError('https://a.example/?x-oss-signature=0f');
  const handler = traceHandler(() => Promise.reject(crash), { tracer, route: () => '/uploads/:verb' });
  await expect(handler(new Request('https://a.example/'))).rejects.toBe(crash);
  expect(spans()).toMatchObject([
    { name: 'GET /uploads/:verb', attributes: { 'error.type': 'RangeError' }, events: [] },
  ]);
});

test('an error of the route function does not affect the request', async () => {
  const { tracer, spans } = createTelemetry();
  const route = (): never => {
    throw new Error('broken');
  };
  const handler = traceHandler(() => new Response('served'), { tracer, route });
  expect(await (await handler(new Request('https://a.example/'))).text()).toBe('served');
  expect(spans()).toMatchObject([{ name: 'GET' }]);
});

test('without a registered SDK there are no headers, and a handler works unchanged', async () => {
  context.disable();
  propagation.disable();
  expect(traceHeaders()).toEqual({});
  const handler = traceHandler(() => new Response('served'));
  expect(await (await handler(new Request('https://a.example/initiate'))).text()).toBe('served');
});

test('a listener runs within the span of its upload, also with a shared budget', async () => {
  const harness = createHarness();
  const { tracer, spans } = createTelemetry();
  const traced = traceUploads({ tracer, clock: harness.clock });
  const uploader = createUploader({ filesMax: 1 });
  const spanIds = new Map<string, Set<string | undefined>>();
  const results = ['a', 'b', 'c'].map((key) => {
    const ids = new Set<string | undefined>();
    spanIds.set(key, ids);
    const onEvent = (): void => void ids.add(trace.getActiveSpan()?.spanContext().spanId);
    const { controlPlane, ...options } = traced({
      key,
      partSize: PART,
      onEvent,
      controlPlane: harness.controlPlane,
    });
    const ports = { ...harness.createPorts(createInMemorySource(bytes)), controlPlane };
    return uploader.start(ports, options).result;
  });
  await harness.runUntilSettled(Promise.all(results));
  const uploads = spans().filter(({ name }) => name === 'partway.upload');
  const expected = uploads.map((span) => [span.attributes['partway.key'], [span.spanContext().spanId]]);
  expect([...spanIds].map(([key, ids]) => [key, [...ids]])).toEqual(expected);
  expect(expected).toHaveLength(3);
});
