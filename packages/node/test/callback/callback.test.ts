import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc64, UploadError, type UploadedObject } from '@partway/core';
import { createCoordinator } from '@partway/core/coordinator';
import { callback, createOssObjectStore } from '@partway/core/oss';
import type { ObjectStore } from '@partway/core/ports';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import OSS from 'ali-oss';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type ApplicationServer,
  createApplicationServer,
  type ReceivedCallback,
  sendJson,
} from '../../../emulator/test/stages/application-server.ts';
import { createAliOssObjectStore } from '../../src/ali-oss/ali-oss-object-store.ts';
import { type CallbackVerifier, createCallbackVerifier } from '../../src/callback/index.ts';
import { uploadFile } from '../../src/upload-file.ts';

const PART = 102_400;
const credentials = { accessKeyId: 'key-id', accessKeySecret: 'key-secret' };
const bytes = new Uint8Array(2 * PART + 1).map((_, index) => index % 251);
let folder: string;
let emulator: OssEmulator;
let app: ApplicationServer;
let verifier: CallbackVerifier;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-callback-'));
  await writeFile(join(folder, 'multipart'), bytes);
  await writeFile(join(folder, 'single'), bytes.subarray(0, 10));
});
beforeEach(async () => {
  app = await createApplicationServer();
  emulator = await startOssEmulator({ buckets: ['media'], credentials, callbackHosts: ['127.0.0.1'] });
  const allowedKeyUrls = [new URL('..', emulator.callbackKeyUrl).href];
  verifier = createCallbackVerifier({ allowedKeyUrls });
  app.setResponder(respondVerified);
});
afterEach(async () => {
  await app.close();
  await emulator.close();
});
afterAll(() => rm(folder, { recursive: true }));

/** The work of an application server: verify, HEAD the object, respond. */
async function respondVerified(reply: ServerResponse, request: ReceivedCallback): Promise<void> {
  try {
    const { values } = await verifier.verify(request);
    const head = await ossStore().head({ key: String(values.key) });
    sendJson(reply, { key: values.key, user: values.user, crc64: head?.crc64 });
  } catch (reason) {
    sendJson(reply, { code: UploadError.from(reason).code }, 403);
  }
}

function ossStore(): ObjectStore {
  const { endpoint, region } = emulator;
  return createOssObjectStore({ bucket: 'media', region, endpoint, credentials });
}

function aliOssStore(): ObjectStore {
  const { endpoint } = emulator;
  const known = {
    ...credentials,
    region: 'oss-cn-hangzhou',
    bucket: 'media',
    endpoint,
    authorizationV4: true,
  };
  // Path style, which @types/ali-oss does not contain.
  return createAliOssObjectStore(new OSS({ ...known, ...{ sldEnable: true } }));
}

const stores: Readonly<Record<string, () => ObjectStore>> = { ossStore, aliOssStore };
const kinds = ['multipart', 'single'] as const;
type Kind = (typeof kinds)[number];

async function upload(kind: Kind, store = ossStore()): Promise<UploadedObject> {
  const uploadCallback = callback({
    url: `${app.origin}/upl%C3%B6aded?from=oss`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: variables of OSS.
    body: '{"key":${object},"user":${x:user}}',
    bodyType: 'application/json',
    vars: { user: 'wèi' },
    allowPrivateAddresses: true,
  });
  const controlPlane = createCoordinator({ store, callback: uploadCallback });
  return uploadFile(join(folder, kind), { controlPlane, key: `films/${kind} ü`, partSize: PART }).result;
}

async function expectStored(kind: Kind): Promise<void> {
  const stored = await emulator.model.object('media', `films/${kind} ü`)?.bytes();
  const content = kind === 'single' ? bytes.subarray(0, 10) : bytes;
  expect(stored !== undefined && Buffer.compare(stored, content) === 0).toBe(true);
  expect(emulator.model.uploads('media')).toEqual([]);
}

describe.each(Object.keys(stores))('with %s', (name) => {
  test.each(kinds)(
    'the callback of a %s upload is verified, and its response reaches the uploader',
    async (kind) => {
      const object = await upload(kind, stores[name]?.());
      expect(JSON.parse(object.callback?.body ?? '')).toEqual({
        key: `films/${kind} ü`,
        user: 'wèi',
        crc64: object.crc64,
      });
      expect(app.received).toHaveLength(1);
      await expectStored(kind);
    },
  );

  test.each(kinds)(
    'a %s upload with a rejected callback is stored and rejects with `callback_failed`',
    async (kind) => {
      app.setResponder((reply) => sendJson(reply, {}, 500));
      await expect(upload(kind, stores[name]?.())).rejects.toMatchObject({
        code: 'callback_failed',
        hint: expect.stringContaining('stored and proven'),
      });
      expect(app.received).toHaveLength(1);
      await expectStored(kind);
    },
  );
});

test.each<[string, (reply: ServerResponse) => unknown]>([
  ['that is not JSON', (reply) => reply.writeHead(200, { 'Content-Length': 2 }).end('ok')],
  ['that never arrives', () => emulator.advanceClock(5000)],
])('a response %s rejects with `callback_failed`', async (_, respond) => {
  app.setResponder(respond);
  for (const kind of kinds) {
    await expect(upload(kind)).rejects.toMatchObject({ code: 'callback_failed' });
    await expectStored(kind);
  }
  expect(app.received).toHaveLength(2);
});

describe('a callback that OSS has sent', () => {
  async function receiveCallback(): Promise<ReceivedCallback> {
    await upload('single');
    const [request] = app.received;
    if (request === undefined) throw new Error('no callback was received');
    return request;
  }

  /** Sends it to the server again, as an attacker could. */
  async function replay(request: ReceivedCallback): Promise<unknown> {
    const { 'content-type': type, authorization, 'x-oss-pub-key-url': keyUrl } = request.headers;
    const headers = { 'content-type': type, authorization, 'x-oss-pub-key-url': keyUrl };
    const response = await fetch(`${app.origin}${request.url}`, {
      method: 'POST',
      headers: headers as Record<string, string>,
      body: Uint8Array.from(request.body),
    });
    return { status: response.status, ...((await response.json()) as object) };
  }

  test('is valid again when it is replayed', async () => {
    const expected = { status: 200, key: 'films/single ü', user: 'wèi', crc64: crc64(bytes.subarray(0, 10)) };
    expect(await replay(await receiveCallback())).toEqual(expected);
  });

  test('is rejected with another path, query or body', async () => {
    const request = await receiveCallback();
    const forged = { status: 403, code: 'signature_mismatch' };
    expect(await replay({ ...request, url: '/paid?from=oss' })).toEqual(forged);
    expect(await replay({ ...request, url: `${request.url}&paid=1` })).toEqual(forged);
    expect(await replay({ ...request, body: Buffer.from('{"key":"other"}') })).toEqual(forged);
  });

  test('is refused with a key from another host', async () => {
    const request = await receiveCallback();
    const other = await startOssEmulator();
    const keyUrl = Buffer.from(other.callbackKeyUrl).toString('base64');
    const headers = { ...request.headers, 'x-oss-pub-key-url': keyUrl };
    expect(await replay({ ...request, headers })).toEqual({ status: 403, code: 'refused' });
    await other.close();
  });
});
