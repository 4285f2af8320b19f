import type { Meter, Tracer } from '@opentelemetry/api';
import {
  type ControlPlane,
  type LogRecord,
  logUploads,
  type Upload,
  type UploadEvent,
  type UploadedObject,
  type UploadOptions,
} from '@partway/core';
import { observeControlPlane, type TraceUploadsOptions, traceUploads } from '@partway/core/opentelemetry';
import { startUpload } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import type { FaultEffect } from '@partway/emulator';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';
import { createTelemetry, type Telemetry } from '../stages/telemetry-stage.ts';

const PART = 102_400;
const random = createSeededRandom(7);
const bytes = new Uint8Array(2 * PART + 1).map(() => random.next() * 256);

interface Stage extends Telemetry {
  readonly harness: Harness;
  start(options?: Partial<UploadOptions>, controlPlane?: ControlPlane): Upload;
  run(options?: Partial<UploadOptions>, controlPlane?: ControlPlane): Promise<unknown>;
}

function createStage(options: TraceUploadsOptions = {}): Stage {
  const harness = createHarness();
  const telemetry = createTelemetry();
  const { tracer, meter } = telemetry;
  const traced = traceUploads({ tracer, meter, clock: harness.clock, ...options });
  function start(uploadOptions: Partial<UploadOptions> = {}, plane = harness.controlPlane): Upload {
    const all = traced({ key: KEY, partSize: PART, concurrency: 1, ...uploadOptions, controlPlane: plane });
    const { controlPlane, ...others } = all;
    return startUpload({ ...harness.createPorts(createInMemorySource(bytes)), controlPlane }, others);
  }
  const run: Stage['run'] = (uploadOptions, plane) =>
    harness.runUntilSettled(start(uploadOptions, plane).result).catch((reason: unknown) => reason);
  return { ...telemetry, harness, start, run };
}

function addPartFault({ harness }: Stage, partNumber: number, effect: FaultEffect, times = 1): void {
  harness.faults.add({ operation: 'UploadPart', partNumber, times, effect });
}

const BUSY = { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } as const;
const DENIED = { kind: 'refuse', status: 403, code: 'AccessDenied' } as const;

test('an upload is a tree of spans: its verbs, its parts, and their attempts', async () => {
  const stage = createStage();
  await stage.run();
  expect(stage.tree()).toEqual([
    'upload completed',
    '  complete',
    '  initiate',
    '  part 1 confirmed',
    '    attempt 1 confirmed',
    '  part 2 confirmed',
    '    attempt 1 confirmed',
    '  part 3 confirmed',
    '    attempt 1 confirmed',
    '  presignParts',
  ]);
  expect(stage.openCount()).toBe(0);
});

test('the span of an upload has its key, size and proof', async () => {
  const stage = createStage();
  const object = await stage.run();
  expect(attributesOf(stage, 'partway.upload')).toMatchObject({
    'partway.bucket': BUCKET,
    'partway.key': KEY,
    'partway.upload_id': expect.stringMatching(/\w/),
    'partway.size': bytes.length,
    'partway.part_size': PART,
    'partway.part_count': 3,
    'partway.parts_confirmed': 3,
    'partway.retries': 0,
    'partway.recovered': false,
    'partway.crc64': (object as UploadedObject).crc64,
  });
  expect(attributesOf(stage, 'partway.initiate')).toMatchObject({ 'partway.key': KEY });
  expect(attributesOf(stage, 'partway.complete')).toMatchObject({ 'partway.part_count': 3 });
});

test("each failed attempt is a span of its own, with OSS's codes and the wait that followed", async () => {
  const stage = createStage();
  addPartFault(stage, 2, BUSY, 2);
  await stage.run();
  expect(stage.tree().slice(5, 9)).toEqual([
    '  part 2 confirmed',
    '    attempt 1 retried throttled ERROR',
    '    attempt 2 retried throttled ERROR',
    '    attempt 3 confirmed',
  ]);
  const failed = stage.spans().find(({ attributes }) => attributes['partway.outcome'] === 'retried');
  expect(failed?.attributes).toMatchObject({
    'http.response.status_code': 503,
    'partway.oss.code': 'ServiceUnavailable',
    'partway.oss.request_id': expect.stringMatching(/^\w+$/),
    'partway.delay_ms': expect.any(Number),
  });
  expect(await stage.points('partway.retries')).toMatchObject([
    { value: 2, attributes: { 'partway.bucket': BUCKET, 'error.type': 'throttled' } },
  ]);
});

test('attempt spans start and end with their events', async () => {
  const stage = createStage();
  stage.harness.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 2000 } });
  await stage.run();
  const attempts = stage.spans().filter(({ name }) => name === 'partway.attempt');
  expect(attempts.map(({ duration: [seconds] }) => seconds)).toEqual([2, 2, 2]);
  const [point] = await stage.points('partway.part.duration');
  expect(point).toMatchObject({ value: 3, attributes: { 'partway.bucket': BUCKET } });
  expect(point?.sum).toBeGreaterThanOrEqual(6);
});

test('a permanent failure marks its part and the upload as errors, not the stopped parts', async () => {
  const stage = createStage();
  stage.harness.faults.add({ operation: 'UploadPart', partNumber: 1, effect: { kind: 'latency', ms: 500 } });
  addPartFault(stage, 2, DENIED);
  await stage.run({ concurrency: 2 });
  expect(stage.tree().filter((line) => /upload|part |attempt/.test(line))).toEqual([
    'upload failed access_denied ERROR',
    '  part 1 stopped',
    '    attempt 1 stopped',
    '  part 2 failed access_denied ERROR',
    '    attempt 1 failed access_denied ERROR',
  ]);
  expect(stage.openCount()).toBe(0);
  expect(await stage.points('partway.upload.duration')).toMatchObject([
    { value: 1, attributes: { 'partway.outcome': 'failed', 'error.type': 'access_denied' } },
  ]);
});

test('a pause is an event of one span, and its upload stays open until it ends', async () => {
  const stage = createStage();
  const upload = stage.start();
  const paused = eventOf(upload, 'paused');
  const unsubscribe = upload.subscribe((event) => {
    if (event.type === 'part-attempt' && event.partNumber === 2) upload.pause();
  });
  await stage.harness.runUntilSettled(paused);
  unsubscribe();
  expect(stage.openCount()).toBe(1);
  expect(await stage.points('partway.uploads.open')).toMatchObject([{ value: 1 }]);
  upload.resume();
  await stage.harness.runUntilSettled(upload.result);
  const span = stage.spans().find(({ name }) => name === 'partway.upload');
  expect(span?.events.map(({ name }) => name)).toEqual([
    'opened',
    'paused',
    'resumed',
    'opened',
    'completing',
  ]);
  expect(stage.tree().filter((line) => line.includes('part 2'))).toEqual([
    '  part 2 confirmed',
    '  part 2 stopped',
  ]);
  expect(await stage.points('partway.uploads.open')).toMatchObject([{ value: 0 }]);
  expect(stage.openCount()).toBe(0);
});

test('an upload aborted by its caller is reported and not an error', async () => {
  const stage = createStage();
  const upload = stage.start();
  upload.subscribe((event) => {
    if (event.type === 'part-progress') void upload.abort();
  });
  await stage.harness.runUntilSettled(upload.result).catch(() => undefined);
  expect(stage.tree()[0]).toBe('upload aborted aborted');
  expect(stage.tree().join()).not.toContain('ERROR');
  expect(stage.tree()).toContain('  abort');
  expect(stage.openCount()).toBe(0);
});

test('confirmed bytes are counted, those of existing parts separately', async () => {
  const stage = createStage();
  const upload = stage.start();
  const paused = eventOf(upload, 'paused');
  const unsubscribe = upload.subscribe((event) => {
    if (event.type === 'part-confirmed' && event.partNumber === 2) upload.pause();
  });
  await stage.harness.runUntilSettled(paused);
  unsubscribe();
  upload.resume();
  await stage.harness.runUntilSettled(upload.result);
  const points = await stage.points('partway.bytes.confirmed');
  const bytesOf = (isExisting: boolean): number | undefined =>
    points.find(({ attributes }) => attributes['partway.existing'] === isExisting)?.value;
  expect(bytesOf(false)).toBe(bytes.length);
  expect(bytesOf(true)).toBe(2 * PART);
});

test('a stall is counted', async () => {
  const stage = createStage();
  addPartFault(stage, 1, { kind: 'silent' });
  await stage.run();
  expect(await stage.points('partway.stalls')).toMatchObject([
    { value: 1, attributes: { 'partway.bucket': BUCKET } },
  ]);
  expect(await stage.points('partway.proofs.failed')).toEqual([]);
});

test.each<[string, FaultEffect, string]>([
  ['in transit', { kind: 'corruptIncoming' }, 'part'],
  ['in OSS', { kind: 'corruptStoredPart' }, 'object'],
])('a failed proof of bytes that changed %s is counted', async (_, effect, proof) => {
  const stage = createStage();
  addPartFault(stage, 2, effect);
  expect(await stage.run()).toMatchObject({ size: bytes.length });
  expect(await stage.points('partway.proofs.failed')).toMatchObject([
    { value: 1, attributes: { 'partway.proof': proof } },
  ]);
});

test.each([
  ['upload', ['partway.upload']],
  ['part', ['partway.part', 'partway.upload']],
  ['attempt', ['partway.attempt', 'partway.part', 'partway.upload']],
] as const)('with detail %s the tree has that depth', async (detail, names) => {
  const stage = createStage({ detail });
  addPartFault(stage, 2, BUSY);
  await stage.run();
  const spanNames = new Set(stage.spans().map(({ name }) => name));
  const verbs = ['partway.initiate', 'partway.presignParts', 'partway.complete'];
  expect(spanNames).toEqual(new Set([...names, ...verbs]));
  expect(
    stage
      .spans()
      .flatMap(({ attributes, events }) => [attributes, ...events.map((event) => event.attributes)]),
  ).toContainEqual(expect.objectContaining({ 'error.type': 'throttled' }));
});

test('with recordKey: false no span or metric contains the key', async () => {
  const stage = createStage({ recordKey: false });
  addPartFault(stage, 2, BUSY);
  await stage.run();
  expect(await stage.exported()).toContain(BUCKET);
  expect(await stage.exported()).not.toContain(KEY);
});

test('traced options can be used for a second upload', async () => {
  const harness = createHarness();
  const telemetry = createTelemetry();
  const { tracer, meter } = telemetry;
  const traced = traceUploads({ tracer, meter, clock: harness.clock });
  const { controlPlane, ...options } = traced({ key: KEY, controlPlane: harness.controlPlane });
  const ports = { ...harness.createPorts(createInMemorySource(bytes)), controlPlane };
  await harness.runUntilSettled(startUpload(ports, options).result);
  await harness.runUntilSettled(startUpload(ports, options).result);
  expect(telemetry.tree().filter((line) => !line.startsWith(' '))).toEqual([
    'upload completed',
    'upload completed',
  ]);
  expect(await telemetry.points('partway.uploads.open')).toMatchObject([{ value: 0 }]);
});

test('a control plane that is observed already gets no second span per verb', async () => {
  const stage = createStage();
  const { tracer } = stage;
  await stage.run({}, observeControlPlane(stage.harness.controlPlane, { tracer }));
  expect(stage.spans().filter(({ name }) => name === 'partway.complete')).toHaveLength(1);
});

test('a failed verb is recorded with its code, and its error is unchanged', async () => {
  const { tracer, spans } = createTelemetry();
  const { controlPlane } = createHarness();
  const observed = observeControlPlane(controlPlane, { tracer });
  const request = { uploadToken: 'forged', signal: new AbortController().signal };
  await expect(observed.abort(request)).rejects.toMatchObject({ code: 'token_refused' });
  expect(spans()).toMatchObject([{ name: 'partway.abort', attributes: { 'error.type': 'token_refused' } }]);
  expect(() => observeControlPlane({} as ControlPlane)).toThrow(TypeError);
});

test('an invalid option throws at once', () => {
  expect(() => traceUploads({ detail: 'all' as 'part' })).toThrow(TypeError);
  const traced = traceUploads();
  expect(() => traced({ onEvent: {} as () => void })).toThrow('onEvent must be a function');
  expect(() => traced({ controlPlane: {} as ControlPlane })).toThrow(TypeError);
});

test('without an SDK an upload sends the same requests and is stored', async () => {
  const [plain, traced] = [createHarness(), createStage({ tracer: undefined, meter: undefined })];
  await plain.runUntilSettled(
    plain.start(createInMemorySource(bytes), { partSize: PART, concurrency: 1 }).result,
  );
  expect(await traced.run()).toMatchObject({ size: bytes.length });
  expect(traced.harness.operations).toEqual(plain.operations);
  expect(traced.spans()).toEqual([]);
});

test('errors of a tracer, a meter or a listener do not affect the upload', async () => {
  const broken = (): never => {
    throw new Error('broken');
  };
  const [tracer, meter] = [new Proxy({}, { get: () => broken }), new Proxy({}, { get: () => broken })];
  const stage = createStage({ tracer: tracer as Tracer, meter: meter as Meter });
  const received: string[] = [];
  const onEvent = ({ type }: UploadEvent): never => {
    received.push(type);
    return broken();
  };
  expect(await stage.run({ onEvent })).toMatchObject({ size: bytes.length });
  expect(received.at(-1)).toBe('completed');
  const noisyListener = createStage();
  expect(await noisyListener.run({ onEvent })).toMatchObject({ size: bytes.length });
  expect(noisyListener.tree()[0]).toBe('upload completed');
});

test('no URL, signature, token or secret is exported or logged, whatever fails', async () => {
  const stage = createStage();
  const tokens: string[] = [];
  const records: LogRecord[] = [];
  const plane: ControlPlane = {
    ...stage.harness.controlPlane,
    async initiate(request) {
      const upload = await stage.harness.controlPlane.initiate(request);
      tokens.push(upload.uploadToken);
      return upload;
    },
    // A third-party port that puts secrets into its message.
    complete: ({ uploadToken }) =>
      Promise.reject(new Error(`${stage.harness.presignedUrls[0]} ${uploadToken}`)),
  };
  addPartFault(stage, 1, BUSY);
  addPartFault(stage, 2, { kind: 'resetAfterBytes', bytes: 100 });
  const onEvent = logUploads((record) => records.push(record));
  expect(await stage.run({ onEvent }, plane)).toMatchObject({ code: 'internal' });
  const output = `${await stage.exported()}${JSON.stringify(records)}`;
  expect(output).toContain('internal');
  const secrets = stage.harness.presignedUrls.flatMap((url) => [
    url,
    new URL(url).searchParams.get('x-oss-signature') ?? '',
  ]);
  for (const secret of [...secrets, ...tokens]) {
    expect(secret.length).toBeGreaterThan(10);
    expect(output).not.toContain(secret);
  }
  expect(output).not.toMatch(/:\/\/|signature=|x-oss-credential/i);
  expect(records.map(({ event }) => event)).toContain('retrying');
});

function attributesOf(stage: Stage, name: string): object | undefined {
  return stage.spans().find((span) => span.name === name)?.attributes;
}

function eventOf(upload: Upload, type: UploadEvent['type']): Promise<void> {
  return new Promise((resolve) => {
    upload.subscribe((event) => {
      if (event.type === type) resolve();
    });
  });
}
