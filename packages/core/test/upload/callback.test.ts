import type { ControlPlane, ObjectOptions, UploadOptions } from '@partway/core';
import { createCoordinator } from '@partway/core/coordinator';
import { callback } from '@partway/core/oss';
import { startUpload } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import type { CallbackReply, CallbackRequest } from '@partway/emulator';
import { expect, test } from 'vitest';
import { BUCKET, createWorld, KEY, type World, type WorldOptions } from '../stages/world.ts';

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

interface CalledWorld extends World {
  /** The callbacks that the application server received. */
  readonly calls: CallbackRequest[];
}

function createCalledWorld(
  reply: () => Promise<CallbackReply> = () => Promise.resolve({ status: 200, body: '{"id":7}' }),
  asked: WorldOptions['callback'] = told,
): CalledWorld {
  const calls: CallbackRequest[] = [];
  const world = createWorld({
    callback: asked,
    sendCallback(request) {
      calls.push(request);
      return reply();
    },
  });
  return { ...world, calls };
}

function refusing(): Promise<CallbackReply> {
  return Promise.resolve({ status: 500, body: '{}' });
}

function count({ operations }: World, name: string): number {
  return operations.filter((operation) => operation === name).length;
}

async function expectStored({ model, operations }: World, size: number): Promise<void> {
  const stored = await model.object(BUCKET, KEY)?.bytes();
  expect(stored !== undefined && Buffer.compare(stored, bytes.subarray(0, size)) === 0).toBe(true);
  expect(operations).not.toContain('DeleteObject');
  expect(operations).not.toContain('AbortMultipartUpload');
  expect(model.uploads(BUCKET)).toEqual([]);
}

test.each(kinds)('the reply to the callback of a %s upload comes with its object [pain-8]', async (kind) => {
  const world = createCalledWorld();
  const source = sources[kind];
  const upload = world.start(source, options);
  const object = await world.settled(upload.result);
  expect(object).toMatchObject({ size: source.size, callback: { body: '{"id":7}' } });
  expect(object.recovered).toBeUndefined();
  expect(upload.snapshot().object).toEqual(object);
  expect(world.calls).toMatchObject([
    { url: 'https://app.example.com/done', body: `key=movies%2F1.mp4&size=${source.size}&user=wei` },
  ]);
  await expectStored(world, source.size);
});

test('the reply comes with the object of a stream', async () => {
  const world = createCalledWorld();
  const upload = world.startStream(new Blob([bytes]).stream(), options);
  expect(await world.settled(upload.result)).toMatchObject({ callback: { body: '{"id":7}' } });
  expect(world.calls).toHaveLength(1);
});

test('the callback is chosen by bucket, key and size, or omitted', async () => {
  const asked: unknown[] = [];
  const world = createCalledWorld(undefined, (upload) => {
    asked.push(upload);
    return upload.size === 10 ? told : undefined;
  });
  expect(await world.settled(world.start(sources.multipart, options).result)).not.toHaveProperty('callback');
  expect(world.calls).toEqual([]);
  expect(await world.settled(world.start(sources.single, options).result)).toHaveProperty('callback');
  expect(asked).toEqual([
    { bucket: BUCKET, key: KEY, size: bytes.length },
    { bucket: BUCKET, key: KEY, size: 10 },
  ]);
});

test.each(kinds)('no input of a client changes the callback of a %s upload', async (kind) => {
  const other = callback({ url: 'https://evil.example.com/', body: 'evil' });
  const world = createCalledWorld();
  const smuggling: ControlPlane = {
    ...world.controlPlane,
    initiate: ({ object, ...request }) =>
      world.controlPlane.initiate({
        ...request,
        ...{ callback: other },
        object: { ...object, ...({ callback: other, 'x-oss-callback': other.callback } as ObjectOptions) },
      }),
    presignParts: (request) => world.controlPlane.presignParts({ ...request, ...{ callback: other } }),
    complete: (request) => world.controlPlane.complete({ ...request, ...{ callback: other } }),
  };
  await world.settled(world.startWith(smuggling, sources[kind], options).result);
  expect(world.calls.map(({ url }) => url)).toEqual(['https://app.example.com/done']);
});

test('the callback chosen at Initiate applies until the end', async () => {
  const choices = [told];
  const world = createCalledWorld(undefined, () => choices.shift());
  await world.settled(world.start(sources.multipart, options).result);
  expect(world.calls).toHaveLength(1);
  const plane = world.coordinatorOf(world.store);
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
  const world = createCalledWorld(refusing);
  const failing = world.settled(world.start(sources[kind], options, true).result);
  await expect(failing).rejects.toMatchObject({
    code: 'callback_failed',
    disposition: 'permanent',
    message: expect.stringContaining('Error status : 500.'),
    hint: expect.stringContaining('The object is stored and proven'),
    context: { status: 203, ossCode: 'CallbackFailed', key: KEY },
  });
  expect(world.calls).toHaveLength(1);
  expect(count(world, kind === 'single' ? 'PutObject' : 'CompleteMultipartUpload')).toBe(1);
  expect(world.operations.at(-1)).toBe('HeadObject');
  expect(await world.checkpoints.list()).toEqual([]);
  await expectStored(world, sources[kind].size);
});

test.each(kinds)('the %s object is kept when its HEAD fails', async (kind) => {
  const world = createCalledWorld(refusing);
  world.faults.add({
    operation: 'HeadObject',
    effect: { kind: 'refuse', status: 500, code: 'InternalError' },
  });
  const failing = world.settled(world.start(sources[kind], options).result);
  await expect(failing).rejects.toMatchObject({
    code: 'callback_failed',
    disposition: 'permanent',
    hint: expect.stringMatching(/^The object is stored; (?!.*proven)/),
  });
  expect(world.calls).toHaveLength(1);
  await expectStored(world, sources[kind].size);
});

test('a callback that fails hides no wrong object: it is deleted, as without a callback', async () => {
  const world = createCalledWorld(refusing);
  const store = {
    ...world.store,
    head: async (request: Parameters<typeof world.store.head>[0]) => {
      const head = await world.store.head(request);
      return head === undefined ? undefined : { ...head, crc64: '1' };
    },
  };
  const upload = world.startWith(world.coordinatorOf(store), sources.multipart, options);
  await expect(world.settled(upload.result)).rejects.toMatchObject({ code: 'checksum_mismatch' });
  expect(world.model.object(BUCKET, KEY)).toBeUndefined();
});

test('an object that another writer has replaced by then is not touched', async () => {
  const world = createCalledWorld(async () => {
    const { url, headers } = await world.store.presign({ method: 'PUT', key: KEY });
    const body = createInMemorySource(bytes.slice(0, 5)).part(0, 5);
    await world
      .portsOf(sources.single)
      .transport.put({ url, headers, body, signal, onProgress: () => undefined });
    return refusing();
  });
  const failing = world.settled(world.start(sources.multipart, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'callback_failed' });
  await expectStored(world, 5);
});

test('a 203 from something in between, to Complete or to a part, makes no object', async () => {
  const world = createCalledWorld();
  const refusal = { kind: 'refuse', status: 203, code: 'Transformed' } as const;
  world.faults.add({ operation: 'CompleteMultipartUpload', times: 1, effect: refusal });
  await world.settled(world.start(sources.multipart, options).result);
  expect(count(world, 'CompleteMultipartUpload')).toBe(2);
  await expectStored(world, bytes.length);
  const other = createCalledWorld();
  other.faults.add({ operation: 'UploadPart', effect: refusal });
  const failing = other.settled(other.start(sources.multipart, options).result);
  await expect(failing).rejects.toMatchObject({ code: 'callback_failed', context: { partNumber: 1 } });
  expect(other.model.uploads(BUCKET)).toEqual([]);
});

test('after a lost response to Complete the object is found without a callback reply', async () => {
  const world = createCalledWorld();
  world.faults.add({ operation: 'CompleteMultipartUpload', effect: { kind: 'dropResponse' } });
  const object = await world.settled(world.start(sources.multipart, options).result);
  expect(object).toMatchObject({ recovered: true });
  expect(object).not.toHaveProperty('callback');
  expect(world.calls).toHaveLength(1);
});

test('after a lost response to a single PutObject the callback is sent again', async () => {
  const world = createCalledWorld();
  world.faults.add({ operation: 'PutObject', times: 1, effect: { kind: 'dropResponse' } });
  const object = await world.settled(world.start(sources.single, options).result);
  expect(object).toMatchObject({ callback: { body: '{"id":7}' } });
  expect(world.calls).toHaveLength(2);
});

test.each([
  ['its reply', () => Promise.resolve({ status: 200, body: '{"id":7}' }), { callback: { body: '{"id":7}' } }],
  ['its failure', refusing, undefined],
])('a callback reply without a CRC64, with %s, causes no second PUT', async (_, reply, object) => {
  const world = createCalledWorld(reply);
  const ports = world.portsOf(sources.single);
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
    await expect(world.settled(result)).rejects.toMatchObject({ code: 'callback_failed' });
  } else {
    expect(await world.settled(result)).toMatchObject(object);
  }
  expect(count(world, 'PutObject')).toBe(1);
  await expectStored(world, 10);
});

test.each(kinds)('a reply too long to be passed on is left out of a %s object', async (kind) => {
  const world = createCalledWorld(() =>
    Promise.resolve({ status: 200, body: JSON.stringify('x'.repeat(70_000)) }),
  );
  const object = await world.settled(world.start(sources[kind], options).result);
  expect(object).not.toHaveProperty('callback');
  expect(world.calls).toHaveLength(1);
});

test('an invalid callback throws a TypeError at the caller', async () => {
  const { store } = createWorld();
  const wrong = { url: 'https://app.example.com' } as unknown as typeof told;
  expect(() => createCoordinator({ store, callback: wrong })).toThrow(/^callback must be created by/);
  const coordinator = createCoordinator({ store, callback: () => wrong });
  const initiating = coordinator.initiate({ key: KEY, size: 10, partSize: PART, object: {}, signal });
  await expect(initiating).rejects.toThrow(TypeError);
});
