import { createPublicKey, createVerify } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type OssEmulator, type OssEmulatorOptions, startOssEmulator } from '../../src/index.ts';
import { type ApplicationServer, createApplicationServer, sendJson } from '../stages/application-server.ts';
import { CREDENTIALS, presignTarget } from '../stages/signing.ts';

let app: ApplicationServer;
let emulator: OssEmulator;

beforeEach(async () => {
  app = await createApplicationServer();
  await start({ callbackHosts: ['127.0.0.1'] });
});
afterEach(async () => {
  await app.close();
  await emulator.close();
});

async function start(options: OssEmulatorOptions): Promise<void> {
  emulator = await startOssEmulator({ buckets: ['demo'], credentials: CREDENTIALS, ...options });
}

interface PutResult {
  readonly status: number;
  readonly text: string;
  readonly isStored: boolean;
}

/** Puts `hello` with a callback in the query. */
async function put(callback: Readonly<Record<string, unknown>>): Promise<PutResult> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of OSS.
  const configuration = { callbackBody: 'object=${object}&size=${size}', ...callback };
  const query = { callback: Buffer.from(JSON.stringify(configuration)).toString('base64') };
  const target = presignTarget({ method: 'PUT', key: 'a/ü', query });
  const response = await fetch(`${emulator.endpoint}${target}`, {
    method: 'PUT',
    body: Buffer.from('hello'),
  });
  const text = await response.text();
  return { status: response.status, text, isStored: emulator.model.object('demo', 'a/ü') !== undefined };
}

describe('a callback', () => {
  test('can be verified by an application server as OSS documents it', async () => {
    const callbackUrl = `${app.origin}/d%C3%B6ne/x%2By?id=1&n=%C3%B6`;
    const result = await put({ callbackUrl, callbackHost: 'app.example.com' });
    expect(result).toEqual({ status: 200, text: '{"Status":"OK"}', isStored: true });
    const [{ method, url, headers, body } = {}] = app.received;
    expect([method, url, String(body)]).toEqual([
      'POST',
      '/d%C3%B6ne/x%2By?id=1&n=%C3%B6',
      'object=a%2F%C3%BC&size=5',
    ]);
    expect(headers).toMatchObject({
      host: 'app.example.com',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': '24',
    });
    const keyUrl = Buffer.from(String(headers?.['x-oss-pub-key-url']), 'base64').toString();
    expect(keyUrl).toBe(emulator.callbackKeyUrl);
    const key = createPublicKey(await (await fetch(keyUrl)).text());
    const signature = Buffer.from(String(headers?.authorization), 'base64');
    const text = '/döne/x+y?id=1&n=%C3%B6\nobject=a%2F%C3%BC&size=5';
    expect(createVerify('RSA-MD5').update(text).verify(key, signature)).toBe(true);
    expect(createVerify('RSA-MD5').update(`${text}0`).verify(key, signature)).toBe(false);
  });

  test('goes to one URL after another until one succeeds', async () => {
    app.setResponder((reply, { url }) => sendJson(reply, { url }, url === '/second' ? 200 : 500));
    const callbackUrl = ['/first', '/second', '/third'].map((path) => app.origin + path).join(';');
    expect(await put({ callbackUrl })).toMatchObject({ status: 200, text: '{"url":"/second"}' });
    expect(app.received.map(({ url }) => url)).toEqual(['/first', '/second']);
  });

  test.each<[string, (reply: ServerResponse) => unknown, string]>([
    ['a reply of 500', (reply) => sendJson(reply, {}, 500), 'Error status : 500.'],
    [
      'a redirect, which is not followed',
      (reply) => reply.writeHead(301, { Location: '/b' }).end(),
      'Error status : 301.',
    ],
    [
      'a reply that is not JSON',
      (reply) => reply.writeHead(200, { 'Content-Length': 2 }).end('ok'),
      'Response body is not valid json format.',
    ],
    [
      'a reply without a length',
      (reply) => reply.writeHead(200).write('{}') && reply.end(),
      'Error status : -1.',
    ],
    ['a reply over 1 MB', (reply) => sendJson(reply, 'x'.repeat(1024 ** 2)), 'Error status : -1.'],
    ['a lost connection', (reply) => reply.destroy(), 'Error status : -1.'],
    ['no reply for 5 s', () => emulator.advanceClock(5000), 'Error status : -1.'],
  ])('with %s results in CallbackFailed, and the object stays', async (_, responder, message) => {
    app.setResponder(responder);
    const { status, text, isStored } = await put({ callbackUrl: app.origin });
    expect([status, isStored, app.received.length]).toEqual([203, true, 1]);
    expect(text).toContain('<Code>CallbackFailed</Code>');
    expect(text).toContain(message);
  });

  test('succeeds with a reply after less than 5 s', async () => {
    app.setResponder((reply) => {
      emulator.advanceClock(4000);
      sendJson(reply, { ok: true });
    });
    expect(await put({ callbackUrl: app.origin })).toMatchObject({ status: 200, text: '{"ok":true}' });
  });

  test.each([
    'http://127.0.0.1/',
    'localhost:80/x',
    'http://10.1.2.3/',
    'http://0x7f000001/',
    'http://[::1]/',
    'http://[::ffff:192.168.0.1]/',
  ])('to a private address is rejected before anything is stored: %s', async (callbackUrl) => {
    await emulator.close();
    await start({});
    const { status, text, isStored } = await put({ callbackUrl: `http://8.8.8.8/;${callbackUrl}` });
    expect([status, isStored]).toEqual([400, false]);
    expect(text).toContain('<Message>Private address is forbidden to callback.</Message>');
  });

  test('is aborted when the emulator is closed', async () => {
    const ended = new Promise<void>((resolve) => {
      app.setResponder((reply) => {
        reply.on('close', resolve);
        void emulator.close();
      });
    });
    await Promise.allSettled([put({ callbackUrl: app.origin }), ended]);
    expect(app.received).toHaveLength(1);
  });
});
