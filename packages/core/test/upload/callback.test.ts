import type { ControlPlane, ObjectOptions, UploadOptions } from '@partway/core';
import { createCoordinator } from '@partway/core/coordinator';
import { callback } from '@partway/core/oss';
import { startUpload } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import type { CallbackReply, CallbackRequest } from '@partway/emulator';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness, type HarnessOptions, KEY } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(41);
const bytes = new Uint8Array(2 * PART + 1).map(() => random.next() * 256);
const { signal } = new AbortController();
const options: Partial<UploadOptions> = { partSize: PART, concurrency: 1 };

// biome-ignore lint/suspicious/noTemplateCurlyInString: variables of OSS.
const BODY = 'key=${object}&size=${size}&user=${x:user}';
const told = callback({ url: 'https://app.example.com/done', body: BODY, vars: { user: 'wei' } });

const sources = {
  multipart: createInMemorySource(bytes),
  single: createInMemorySource(bytes.slice(0, 10)),
};
const kinds = ['multipart', 'single'] as const;

interface CallbackHarness extends Harness {
  /** The callbacks that the application server received. */
  readonly calls: CallbackRequest[];
}

function createCallbackHarness(
  reply: () => Promise<CallbackReply> = () => Promise.resolve({ status: 200, body: '{"id":7}' }),
  asked: HarnessOptions['callback'] = told,
): CallbackHarness {
  const calls: CallbackRequest[] = [];
  const harness = createHarness({
    callback: asked,
    sendCallback(request) {
      calls.push(request);
      return reply();
    },
  });
  return { ...harness, calls };
}

function refusing(): Promise<CallbackReply> {
  return Promise.resolve({ status: 500, body: '{}' });
}

function count({ operations }: Harness, name: string): number {
  return operations.filter((operation) => operation === name).length;
}

async function expectStored({ model, operations }: Harness, size: number): Promise<void> {
  const stored = await model.object(BUCKET, KEY)?.bytes();
  expect(stored !== undefined && Buffer.compare(stored, bytes.subarray(0, size)) === 0).toBe(true);
  expect(operations).not.toContain('DeleteObject');
  expect(operations).not.toContain('AbortMultipartUpload');
  expect(model.uploads(BUCKET)).toEqual([]);
}

test.each(kinds)('the reply to the callback of a %s upload comes with its object [pain-8]', async (kind) => {
  const harness = createCallbackHarness();
  const source = sources[kind];
  const upload = harness.start(source, options);
  const object = await harness.runUntilSettled(upload.result);
  expect(object).toMatchObject({ size: source.size, callback: { body: '{"id":7}' } });
  expect(object.recovered).toBeUndefined();
  expect(upload.snapshot().object).toEqual(object);
  expect(harness.calls).toMatchObject([
    { url: 'https://app.example.com/done', body: `key=movies%2F1.mp4&size=${source.size}&user=wei` },
  ]);
  await expectStored(harness, source.size);
});

test('the reply comes with the object of a stream', async () => {
  const harness = createCallbackHarness();
  const upload = harness.startStream(new Blob([bytes]).stream(), options);
  expect(await harness.runUntilSettled(upload.result)).toMatchObject({ callback: { body: '{"id":7}' } });
  expect(harness.calls).toHaveLength(1);
});

test('the callback is chosen by bucket, key and size, or omitted', async () => {
  const asked: unknown[] = [];
  const harness = createCallbackHarness(undefined, (upload) => {
    asked.push(upload);
    return upload.size === 10 ? told : undefined;
  });
  expect(await harness.runUntilSettled(harness.start(sources.multipart, options).result)).not.toHaveProperty(
    'callback',
  );
  expect(harness.calls).toEqual([]);
  expect(await harness.runUntilSettled(harness.start(sources.single, options).result)).toHaveProperty(
    'callback',
  );
  expect(asked).toEqual([
    { bucket: BUCKET, key: KEY, size: bytes.length },
    { bucket: BUCKET, key: KEY, size: 10 },
  ]);
});

test.each(kinds)('no input of a client changes the callback of a %s upload', async (kind) => {
  const other = callback({ url: 'https://evil.example.com/', body: 'evil' });
  const harness = createCallbackHarness();
  const smuggling: ControlPlane = {
    ...harness.controlPlane,
    initiate: ({ object, ...request }) =>
      harness.controlPlane.initiate({
        ...request,
        ...{ callback: other },
        object: { ...object, ...({ callback: other, 'x-oss-callback': other.callback } as ObjectOptions) },
      }),
    presignParts: (request) => harness.controlPlane.presignParts({ ...request, ...{ callback: other } }),
    complete: (request) => harness.controlPlane.complete({ ...request, ...{ callback: other } }),
  };
  await harness.runUntilSettled(harness.startWithControlPlane(smuggling, sources[kind], options).result);
  expect(harness.calls.map(({ url }) => url)).toEqual(['https://app.example.com/done']);
});

test('the callback chosen at Initiate applies until the end', async () => {
  const choices = [told];
  const harness = createCallbackHarness(undefined, () => choices.shift());
  await harness.runUntilSettled(harness.start(sources.multipart, options).result);
  expect(harness.calls).toHaveLength(1);
  const plane = harness.createCoordinatorFor(harness.store);
  choices.push(told);
  const { uploadToken } = await plane.initiate({ key: KEY, size: 10, partSize: PART, object: {}, signal });
  const request = { uploadToken, partNumbers: [1], afterRefusal: false, signal };
  for (const [part] of [await plane.presignParts(request), await plane.presignParts(request)]) {
    const { searchParams } = new URL(part?.url ?? '');
    expect(searchParams.get('callback')).toBe(told.callback);
    expect(searchParams.get('callback-var')).toBe(told.callbackVar);
    expect(Object.keys(part?.headers ?? {}).filter((name) => name.includes('callback'))).toEqual([]);
  }
});

test.each(kinds)('a callback that fails leaves the %s object, stored and proven', async (kind) => {
  const harness = createCallbackHarness(refusing);
  const failing = harness.runUntilSettled(harness.start(sources[kind], options, true).result);
  await expect(failing).rejects.toMatchObject({
    code: 'callback_failed',
    disposition: 'permanent',
    message: expect.stringContaining('Error status : 500.'),
    hint: expect.stringContaining('The object is stored and proven'),
    context: { status: 203, ossCode: 'CallbackFailed', key: KEY },
  });
  expect(harness.calls).toHaveLength(1);
  expect(count(harness, kind === 'single' ? 'PutObject' : 'CompleteMultipartUpload')).toBe(1);
  expect(harness.operations.at(-1)).toBe('HeadObject');
  expect(await harness.checkpoints.list()).toEqual([]);
  await expectStored(harness, sources[kind].size);
});

test.each(kinds)('the %s object is kept when its HEAD fails', async (kind) => {
  const harness = createCallbackHarness(refusing);
  harness.faults.add({
    operation: 'HeadObject',
    effect: { kind: 'refuse', status: 500, code: 'InternalError' },
  });
  const failing = harness.runUntilSettled(harness.start(sources[kind], options).result);
  await expect(failing).rejects.toMatchObject({
    code: 'callback_failed',
    disposition: 'permanent',
    hint: expect.stringMatching(/^The object is stored; (?!.*proven)/),
  });
  expect(harness.calls).toHaveLength(1);
  await expectStored(harness, sources[kind].size);
});

test('a callback that fails hides no wrong object: it is deleted, as without a callback', async () => {
  const harness = createCallbackHarness(refusing);
  const store = {
    ...harness.store,
    head: async (request: Parameters<typeof harness.store.head>[0]) => {
      const head = await harness.store.head(request);
      return head === undefined ? undefined : { ...head, crc64: '1' };
    },
  };
  const upload = harness.startWithControlPlane(
    harness.createCoordinatorFor(store),
    sources.multipart,
    options,
  );
  await expect(harness.runUntilSettled(upload.result)).rejects.toMatchObject({ code: 'checksum_mismatch' });
  expect(harness.model.object(BUCKET, KEY)).toBeUndefined();
});

test('an object that another writer has replaced by then is not touched', async () => {
  const harness = createCallbackHarness(async () => {
    const { url, headers } = await harness.store.presign({ method: 'PUT', key: KEY });
    const body = createInMemorySource(bytes.slice(0, 5)).part(0, 5);
    await harness
      .createPorts(sources.single)
      .transport.put({ url, headers, body, signal, onProgress: () => undefined });
    return refusing();
  });
  const failing = harness.runUntilSettled(harness.start(sources.multipart, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'callback_failed' });
  await expectStored(harness, 5);
});

test('a 203 from something in between, to Complete or to a part, makes no object', async () => {
  const harness = createCallbackHarness();
  const refusal = { kind: 'refuse', status: 203, code: 'Transformed' } as const;
  harness.faults.add({ operation: 'CompleteMultipartUpload', times: 1, effect: refusal });
  await harness.runUntilSettled(harness.start(sources.multipart, options).result);
  expect(count(harness, 'CompleteMultipartUpload')).toBe(2);
  await expectStored(harness, bytes.length);
  const other = createCallbackHarness();
  other.faults.add({ operation: 'UploadPart', effect: refusal });
  const failing = other.runUntilSettled(other.start(sources.multipart, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'callback_failed', context: { partNumber: 1 } });
  expect(other.model.uploads(BUCKET)).toEqual([]);
});

test('after a lost response to Complete the object is found without a callback reply', async () => {
  const harness = createCallbackHarness();
  harness.faults.add({ operation: 'CompleteMultipartUpload', effect: { kind: 'dropResponse' } });
  const object = await harness.runUntilSettled(harness.start(sources.multipart, options).result);
  expect(object).toMatchObject({ recovered: true });
  expect(object).not.toHaveProperty('callback');
  expect(harness.calls).toHaveLength(1);
});

test('after a lost response to a single PutObject the callback is sent again', async () => {
  const harness = createCallbackHarness();
  harness.faults.add({ operation: 'PutObject', times: 1, effect: { kind: 'dropResponse' } });
  const object = await harness.runUntilSettled(harness.start(sources.single, options).result);
  expect(object).toMatchObject({ callback: { body: '{"id":7}' } });
  expect(harness.calls).toHaveLength(2);
});

test.each([
  ['its reply', () => Promise.resolve({ status: 200, body: '{"id":7}' }), { callback: { body: '{"id":7}' } }],
  ['its failure', refusing, undefined],
])('a callback reply without a CRC64, with %s, causes no second PUT', async (_, reply, object) => {
  const harness = createCallbackHarness(reply);
  const ports = harness.createPorts(sources.single);
  const { put } = ports.transport;
  const transport: typeof ports.transport = {
    ...ports.transport,
    async put(request) {
      const { headers, ...response } = await put(request);
      const { 'x-oss-hash-crc64ecma': _crc64, ...others } = headers;
      return { ...response, headers: others };
    },
  };
  const { result } = startUpload({ ...ports, transport }, { key: KEY, ...options });
  if (object === undefined) {
    await expect(harness.runUntilSettled(result)).rejects.toMatchObject({ code: 'callback_failed' });
  } else {
    expect(await harness.runUntilSettled(result)).toMatchObject(object);
  }
  expect(count(harness, 'PutObject')).toBe(1);
  await expectStored(harness, 10);
});

test.each(kinds)('a reply too long to be passed on is left out of a %s object', async (kind) => {
  const harness = createCallbackHarness(() =>
    Promise.resolve({ status: 200, body: JSON.stringify('x'.repeat(70_000)) }),
  );
  const object = await harness.runUntilSettled(harness.start(sources[kind], options).result);
  expect(object).not.toHaveProperty('callback');
  expect(harness.calls).toHaveLength(1);
});

test('an invalid callback throws a TypeError at the caller', async () => {
  const { store } = createHarness();
  const wrong = { url: 'https://app.example.com' } as unknown as typeof told;
  expect(() => createCoordinator({ store, callback: wrong })).toThrow(/^callback must be created by/);
  const coordinator = createCoordinator({ store, callback: () => wrong });
  const initiating = coordinator.initiate({ key: KEY, size: 10, partSize: PART, object: {}, signal });
  await expect(initiating).rejects.toThrow(TypeError);
});
