import { describe, expect, test } from 'vitest';
import { createModelClient, type ModelResponse, readTag } from '../../test/stages/model-client.ts';
import type { CallbackReply, CallbackRequest } from './callback.ts';

const callback = {
  callbackUrl: 'http://app.test/done',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: these are OSS's variables.
  callbackBody: 'o=${object}&s=${size}&c=${crc64}&v=${x:a}',
};

interface PutResult {
  readonly requests: readonly CallbackRequest[];
  readonly reply: ModelResponse;
  readonly stored: boolean;
}

async function put(
  headers: Readonly<Record<string, string>>,
  respond: () => Promise<CallbackReply> = () => Promise.resolve({ status: 200, body: '{"ok":1}' }),
  query: Readonly<Record<string, string>> = {},
): Promise<PutResult> {
  const requests: CallbackRequest[] = [];
  const { send, model } = createModelClient({
    sendCallback(request) {
      requests.push(request);
      return respond();
    },
  });
  const reply = await send('PUT', 'a/b', { headers, query, body: '123456789' });
  return { requests, reply, stored: model.object('demo', 'a/b') !== undefined };
}

function base64(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');
}

describe('a callback', () => {
  test('has the values of the stored object, and its reply goes to the uploader', async () => {
    const { requests, reply } = await put({
      'x-oss-callback': base64({ ...callback, callbackHost: 'app' }),
      'x-oss-callback-var': base64({ 'x:a': 'ä&' }),
    });
    expect(requests).toEqual([
      {
        url: 'http://app.test/done',
        host: 'app',
        bodyType: 'application/x-www-form-urlencoded',
        body: 'o=a%2Fb&s=9&c=11051210869376104954&v=%C3%A4%26',
      },
    ]);
    expect(reply).toMatchObject({ status: 200, text: '{"ok":1}' });
    expect(reply.headers).toMatchObject({
      'Content-Type': 'application/json',
      'x-oss-hash-crc64ecma': '11051210869376104954',
    });
  });

  test('in JSON has its variables as strings, and empty strings for unknown ones', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: these are OSS's variables.
    const body = '{"b":${bucket},"t":${mimeType},"n":${x:none}}';
    const { requests } = await put({}, undefined, {
      callback: base64({ ...callback, callbackBody: body, callbackBodyType: 'application/json' }),
    });
    expect(requests[0]?.body).toBe('{"b":"demo","t":"application/octet-stream","n":""}');
  });

  test('of Complete is sent when the object exists', async () => {
    const { initiate, putPart, complete } = createModelClient();
    const uploadId = await initiate('k');
    const etag = await putPart('k', uploadId, 1, 'x');
    const headers = { 'x-oss-callback': base64(callback) };
    const reply = await complete('k', uploadId, [[1, etag]], { headers });
    expect([reply.status, reply.text]).toEqual([200, '{"Status":"OK"}']);
    expect(reply.headers.ETag).toMatch(/-1"$/);
  });

  test.each([
    ['with a reply of 301', () => Promise.resolve({ status: 301, body: '{}' }), 'Error status : 301.'],
    [
      'with a reply that is not JSON',
      () => Promise.resolve({ status: 200, body: 'ok' }),
      'Response body is not valid json format.',
    ],
    ['without a reply', () => Promise.reject(new Error('ECONNREFUSED')), 'Error status : -1.'],
  ])('%s results in CallbackFailed with 203, and the object is stored', async (_, respond, message) => {
    const { reply, stored } = await put({ 'x-oss-callback': base64(callback) }, respond);
    expect([reply.status, readTag(reply.text, 'Code'), readTag(reply.text, 'Message')]).toEqual([
      203,
      'CallbackFailed',
      message,
    ]);
    expect([readTag(reply.text, 'EC'), reply.headers['x-oss-ec']]).toEqual([
      '0007-00000203',
      '0007-00000203',
    ]);
    expect(stored).toBe(true);
  });

  test.each([
    ['that is not JSON', { 'x-oss-callback': base64('{') }, {}],
    ['that is not an object', { 'x-oss-callback': base64('1') }, {}],
    ['without a URL', { 'x-oss-callback': base64({ callbackBody: 'a' }) }, {}],
    ['without a body', { 'x-oss-callback': base64({ callbackUrl: 'http://a' }) }, {}],
    ['over 5 KB', { 'x-oss-callback': base64({ ...callback, x: 'x'.repeat(5000) }) }, {}],
    ['in header and query', { 'x-oss-callback': base64(callback) }, { callback: base64(callback) }],
    [
      'with a variable that does not start with x:',
      { 'x-oss-callback': base64(callback), 'x-oss-callback-var': base64({ a: 'b' }) },
      {},
    ],
  ])('%s is rejected, and nothing is stored', async (_, headers, query) => {
    const { requests, reply, stored } = await put(
      headers as Record<string, string>,
      undefined,
      query as Record<string, string>,
    );
    expect([reply.status, readTag(reply.text, 'Code')]).toEqual([400, 'InvalidArgument']);
    expect([requests, stored]).toEqual([[], false]);
  });
});
