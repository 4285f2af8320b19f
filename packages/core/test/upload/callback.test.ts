import type { ControlPlane, ObjectOptions, UploadOptions } from '@partway/core';
import { createCoordinator } from '@partway/core/coordinator';
import { callback } from '@partway/core/oss';
import { startUpload } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import type { CallbackReply, CallbackRequest } from '@partway/emulator';
import { expect, test } from 'vitest';
import { countRequests, expectStored } from '../stages/assertions.ts';
import { BUCKET, createHarness, type Harness, type HarnessOptions, KEY } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(41);
const bytes = new Uint8Array(2 * PART + 1).map(() => random.next() * 256);
const { signal } = new AbortController();
const options: Partial<UploadOptions> = { partSize: PART, concurrency: 1 };

// biome-ignore lint/suspicious/noTemplateCurlyInString: variables of OSS.
const BODY = 'key=${object}&size=${size}&user=${x:user}';
const CALLBACK = callback({ url: 'https://app.example.com/done', body: BODY, vars: { user: 'wei' } });

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
  callbackOption: HarnessOptions['callback'] = CALLBACK,
): CallbackHarness {
  const calls: CallbackRequest[] = [];
  const harness = createHarness({
    callback: callbackOption,
    sendCallback(request) {
      calls.push(request);
      return reply();
    },
  });
  return { ...harness, calls };
}

function refuseCallback(): Promise<CallbackReply> {
  return Promise.resolve({ status: 500, body: '{}' });
}

/** Expects the object of this size in OSS, and no request to remove anything. */
async function expectKept(harness: Harness, size: number): Promise<void> {
  await expectStored(harness, bytes.subarray(0, size));
  expect(harness.operations).not.toContain('DeleteObject');
  expect(harness.operations).not.toContain('AbortMultipartUpload');
}

test.each(kinds)('a %s upload resolves with the reply to its callback [pain-8]', async (kind) => {
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
  await expectKept(harness, source.size);
});

test('a stream upload resolves with the reply to its callback', async () => {
  const harness = createCallbackHarness();
  const upload = harness.startStream(new Blob([bytes]).stream(), options);
  expect(await harness.runUntilSettled(upload.result)).toMatchObject({ callback: { body: '{"id":7}' } });
  expect(harness.calls).toHaveLength(1);
});

test('the `callback` function receives bucket, key and size, and may return undefined', async () => {
  const uploads: unknown[] = [];
  const harness = createCallbackHarness(undefined, (upload) => {
    uploads.push(upload);
    return upload.size === 10 ? CALLBACK : undefined;
  });
  expect(await harness.runUntilSettled(harness.start(sources.multipart, options).result)).not.toHaveProperty(
    'callback',
  );
  expect(harness.calls).toEqual([]);
  expect(await harness.runUntilSettled(harness.start(sources.single, options).result)).toHaveProperty(
    'callback',
  );
  expect(uploads).toEqual([
    { bucket: BUCKET, key: KEY, size: bytes.length },
    { bucket: BUCKET, key: KEY, size: 10 },
  ]);
});

test.each(kinds)('a client cannot change the callback of a %s upload', async (kind) => {
  const other = callback({ url: 'https://evil.example.com/', body: 'evil' });
  const harness = createCallbackHarness();
  const maliciousPlane: ControlPlane = {
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
  await harness.runUntilSettled(harness.startWithControlPlane(maliciousPlane, sources[kind], options).result);
  expect(harness.calls.map(({ url }) => url)).toEqual(['https://app.example.com/done']);
});

test('the callback chosen at Initiate applies to all requests of the upload', async () => {
  const choices = [CALLBACK];
  const harness = createCallbackHarness(undefined, () => choices.shift());
  await harness.runUntilSettled(harness.start(sources.multipart, options).result);
  expect(harness.calls).toHaveLength(1);
  const plane = harness.createCoordinatorFor(harness.store);
  choices.push(CALLBACK);
  const { uploadToken } = await plane.initiate({ key: KEY, size: 10, partSize: PART, object: {}, signal });
  const request = { uploadToken, partNumbers: [1], afterRefusal: false, signal };
  for (const [part] of [await plane.presignParts(request), await plane.presignParts(request)]) {
    const { searchParams } = new URL(part?.url ?? '');
    expect(searchParams.get('callback')).toBe(CALLBACK.callback);
    expect(searchParams.get('callback-var')).toBe(CALLBACK.callbackVar);
    expect(Object.keys(part?.headers ?? {}).filter((name) => name.includes('callback'))).toEqual([]);
  }
});

test.each(kinds)(
  'a failed callback of a %s upload rejects with `callback_failed` and keeps the object',
  async (kind) => {
    const harness = createCallbackHarness(refuseCallback);
    const failing = harness.runUntilSettled(harness.start(sources[kind], options, true).result);
    await expect(failing).rejects.toMatchObject({
      code: 'callback_failed',
      disposition: 'permanent',
      message: expect.stringContaining('Error status : 500.'),
      hint: expect.stringContaining('The object is stored and proven'),
      context: { status: 203, ossCode: 'CallbackFailed', key: KEY },
    });
    expect(harness.calls).toHaveLength(1);
    expect(countRequests(harness, kind === 'single' ? 'PutObject' : 'CompleteMultipartUpload')).toBe(1);
    expect(harness.operations.at(-1)).toBe('HeadObject');
    expect(await harness.checkpoints.list()).toEqual([]);
    await expectKept(harness, sources[kind].size);
  },
);

test('a Complete with CallbackFailed in a 200 response rejects with `callback_failed` and keeps the object [pain-8]', async () => {
  const harness = createHarness();
  harness.faults.add({
    operation: 'CompleteMultipartUpload',
    effect: { kind: 'errorIn200', code: 'CallbackFailed', afterHandling: true },
  });
  const failing = harness.runUntilSettled(harness.start(sources.multipart, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'callback_failed', disposition: 'permanent' });
  await expectKept(harness, bytes.length);
});

test.each(kinds)('a failed callback of a %s upload keeps the object when HEAD fails too', async (kind) => {
  const harness = createCallbackHarness(refuseCallback);
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
  await expectKept(harness, sources[kind].size);
});

test('a failed callback and a wrong CRC64 of the object reject with `checksum_mismatch` and delete the object', async () => {
  const harness = createCallbackHarness(refuseCallback);
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

test('a failed callback does not delete an object that another writer has put meanwhile', async () => {
  const harness = createCallbackHarness(async () => {
    const { url, headers } = await harness.store.presign({ method: 'PUT', key: KEY });
    const body = createInMemorySource(bytes.slice(0, 5)).part(0, 5);
    await harness
      .createPorts(sources.single)
      .transport.put({ url, headers, body, signal, onProgress: () => undefined });
    return refuseCallback();
  });
  const failing = harness.runUntilSettled(harness.start(sources.multipart, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'callback_failed' });
  await expectKept(harness, 5);
});

test('a 203 response of a proxy does not count as success of Complete or of a part', async () => {
  const harness = createCallbackHarness();
  const refusal = { kind: 'refuse', status: 203, code: 'Transformed' } as const;
  harness.faults.add({ operation: 'CompleteMultipartUpload', times: 1, effect: refusal });
  await harness.runUntilSettled(harness.start(sources.multipart, options).result);
  expect(countRequests(harness, 'CompleteMultipartUpload')).toBe(2);
  await expectKept(harness, bytes.length);
  const other = createCallbackHarness();
  other.faults.add({ operation: 'UploadPart', effect: refusal });
  const failing = other.runUntilSettled(other.start(sources.multipart, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'callback_failed', context: { partNumber: 1 } });
  expect(other.model.uploads(BUCKET)).toEqual([]);
});

test('a lost response to Complete resolves with the object, without the callback reply', async () => {
  const harness = createCallbackHarness();
  harness.faults.add({ operation: 'CompleteMultipartUpload', effect: { kind: 'dropResponse' } });
  const object = await harness.runUntilSettled(harness.start(sources.multipart, options).result);
  expect(object).toMatchObject({ recovered: true });
  expect(object).not.toHaveProperty('callback');
  expect(harness.calls).toHaveLength(1);
});

test('a lost response to a single PutObject causes a second callback', async () => {
  const harness = createCallbackHarness();
  harness.faults.add({ operation: 'PutObject', times: 1, effect: { kind: 'dropResponse' } });
  const object = await harness.runUntilSettled(harness.start(sources.single, options).result);
  expect(object).toMatchObject({ callback: { body: '{"id":7}' } });
  expect(harness.calls).toHaveLength(2);
});

test.each([
  ['a reply', () => Promise.resolve({ status: 200, body: '{"id":7}' }), { callback: { body: '{"id":7}' } }],
  ['a failure', refuseCallback, undefined],
])(
  'a response with %s of the callback and without a CRC64 causes no second PUT',
  async (_, reply, object) => {
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
    expect(countRequests(harness, 'PutObject')).toBe(1);
    await expectKept(harness, 10);
  },
);

test.each(kinds)(
  'a callback reply above the size limit is omitted from the result of a %s upload',
  async (kind) => {
    const harness = createCallbackHarness(() =>
      Promise.resolve({ status: 200, body: JSON.stringify('x'.repeat(70_000)) }),
    );
    const object = await harness.runUntilSettled(harness.start(sources[kind], options).result);
    expect(object).not.toHaveProperty('callback');
    expect(harness.calls).toHaveLength(1);
  },
);

test('an invalid `callback` option throws a TypeError', async () => {
  const { store } = createHarness();
  const invalid = { url: 'https://app.example.com' } as unknown as typeof CALLBACK;
  expect(() => createCoordinator({ store, callback: invalid })).toThrow(/^callback must be created by/);
  const coordinator = createCoordinator({ store, callback: () => invalid });
  const initiating = coordinator.initiate({ key: KEY, size: 10, partSize: PART, object: {}, signal });
  await expect(initiating).rejects.toThrow(TypeError);
});
