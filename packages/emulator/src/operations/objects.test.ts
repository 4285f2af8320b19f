import { describe, expect, test } from 'vitest';
import {
  createModelClient,
  readChildNames,
  readObjectText,
  readTag,
  START,
} from '../../test/stages/model-client.ts';

describe('an object', () => {
  test('is returned by HEAD and GET', async () => {
    const { send } = createModelClient();
    const put = await send('PUT', 'k', {
      body: '123456789',
      headers: { expires: 'never', 'x-oss-storage-class': 'IA' },
    });
    expect(put.headers).toMatchObject({
      ETag: '"25F9E794323B453885F5181F1B624D0B"',
      'Content-MD5': 'JfnnlDI7RTiF9RgfG2JNCw==',
    });
    const described = {
      'Content-Length': '9',
      'Content-Type': 'application/octet-stream',
      ETag: '"25F9E794323B453885F5181F1B624D0B"',
      'Content-MD5': 'JfnnlDI7RTiF9RgfG2JNCw==',
      'Last-Modified': 'Fri, 02 Jan 2026 03:04:05 GMT',
      'Accept-Ranges': 'bytes',
      Expires: 'never',
      'x-oss-object-type': 'Normal',
      'x-oss-storage-class': 'IA',
      'x-oss-hash-crc64ecma': '11051210869376104954',
    };
    expect(await send('HEAD', 'k')).toMatchObject({ status: 200, text: '', headers: described });
    expect(await send('GET', 'k')).toMatchObject({ status: 200, text: '123456789', headers: described });
    expect((await send('HEAD', 'k', { query: { objectMeta: '' } })).headers).toMatchObject({
      'Content-Length': '9',
    });
  });

  test('replaces an earlier one', async () => {
    const { send, model } = createModelClient();
    await send('PUT', 'k', { body: 'old' });
    await send('PUT', 'k', { body: 'new' });
    expect(await readObjectText(model, 'k')).toBe('new');
  });

  test('with x-oss-forbid-overwrite does not replace another, not even in a race', async () => {
    const { send } = createModelClient();
    const put = (body: string): ReturnType<typeof send> =>
      send('PUT', 'k', { body, headers: { 'x-oss-forbid-overwrite': 'true' } });
    const replies = await Promise.all([put('a'), put('b'), put('c')]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const { text } = await put('d');
    expect([readTag(text, 'Code'), readTag(text, 'EC')]).toEqual(['FileAlreadyExists', '0026-00000002']);
  });

  test.each([
    [{ 'if-modified-since': 'Fri, 02 Jan 2026 03:04:05 GMT' }, 'NotImplemented'],
    [{ 'x-oss-object-acl': 'secret' }, 'InvalidArgument'],
    [{ 'x-oss-traffic-limit': '1' }, 'InvalidArgument'],
    [{ 'content-md5': 'no' }, 'InvalidDigest'],
  ])('is rejected with %j', async (headers, code) => {
    const { send, model } = createModelClient();
    const { status, text } = await send('PUT', 'k', {
      headers: headers as Record<string, string>,
      body: 'x',
    });
    expect([status, readTag(text, 'Code')]).toEqual([400, code]);
    expect(model.keys('demo')).toEqual([]);
  });

  test.each(['/a', '\\a', 'x'.repeat(1024), 'ä'.repeat(512)])('is rejected with the key %j', async (key) => {
    const { status, text } = await createModelClient().send('PUT', key);
    expect([status, readTag(text, 'Code')]).toEqual([400, 'InvalidObjectName']);
  });

  test('can be deleted repeatedly', async () => {
    const { send, model } = createModelClient();
    await send('PUT', 'k', { body: 'x' });
    for (const _ of [1, 2]) expect(await send('DELETE', 'k')).toMatchObject({ status: 204, text: '' });
    expect(model.keys('demo')).toEqual([]);
    const { status, text } = await send('GET', 'k');
    expect([status, readTag(text, 'Code'), readTag(text, 'Key'), readTag(text, 'EC')]).toEqual([
      404,
      'NoSuchKey',
      'k',
      '0026-00000001',
    ]);
  });
});

describe('a range', () => {
  test.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=10-12', 200, '0123456789', undefined],
    ['bytes=3-2', 200, '0123456789', undefined],
    ['bytes=-0', 200, '0123456789', undefined],
    ['bytes=0-1,4-5', 200, '0123456789', undefined],
    ['lines=0-1', 200, '0123456789', undefined],
  ])('%s gets %i with %s', async (range, status, text, contentRange) => {
    const { send } = createModelClient();
    await send('PUT', 'k', { body: '0123456789' });
    const reply = await send('GET', 'k', { headers: { range } });
    expect([reply.status, reply.text]).toEqual([status, text]);
    expect(reply.headers['Content-Range']).toBe(contentRange);
    expect(reply.headers['Content-Length']).toBe(String(text.length));
    expect(reply.headers['x-oss-hash-crc64ecma']).toBe(
      (await send('HEAD', 'k')).headers['x-oss-hash-crc64ecma'],
    );
  });

  test('that cannot be satisfied is rejected with x-oss-range-behavior: standard', async () => {
    const { send } = createModelClient();
    await send('PUT', 'k', { body: '0123456789' });
    const headers = { range: 'bytes=10-', 'x-oss-range-behavior': 'standard' };
    const { status, text } = await send('GET', 'k', { headers });
    expect([status, readTag(text, 'Code')]).toEqual([416, 'InvalidRange']);
  });
});

describe('a condition', () => {
  const etag = '"0CC175B9C0F1B6A831C399E269772661"';
  const then = 'Fri, 02 Jan 2026 03:04:05 GMT';
  const before = 'Fri, 02 Jan 2026 03:04:04 GMT';

  test.each([
    [{ 'if-match': etag }, 200],
    [{ 'if-match': '"other"' }, 412],
    [{ 'if-none-match': etag.toLowerCase() }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"other"' }, 200],
    [{ 'if-modified-since': then }, 304],
    [{ 'if-modified-since': before }, 200],
    [{ 'if-unmodified-since': then }, 200],
    [{ 'if-unmodified-since': before }, 412],
    [{ 'if-modified-since': 'yesterday' }, 200],
  ])('%j gets %i', async (headers, status) => {
    const { send } = createModelClient();
    await send('PUT', 'k', { body: 'a' });
    const reply = await send('GET', 'k', { headers: headers as Record<string, string> });
    expect(reply.status).toBe(status);
    if (status === 304) expect([reply.text, reply.headers.ETag]).toEqual(['', etag]);
    if (status === 412)
      expect([readTag(reply.text, 'Code'), readTag(reply.text, 'Condition')]).toContain('PreconditionFailed');
  });
});

test('response-* parameters replace the headers of an object', async () => {
  const { send } = createModelClient();
  await send('PUT', 'k', { body: 'a', headers: { 'content-type': 'text/plain' } });
  const query = { 'response-content-type': 'text/html', 'response-content-disposition': 'inline' };
  expect((await send('GET', 'k', { query })).headers).toMatchObject({
    'Content-Type': 'text/html',
    'Content-Disposition': 'inline',
  });
});

test('x-oss-process is ignored: an image is returned unchanged', async () => {
  const { send } = createModelClient();
  await send('PUT', 'k.png', { body: 'png' });
  expect(await send('GET', 'k.png', { query: { 'x-oss-process': 'image/resize,w_1' } })).toMatchObject({
    status: 200,
    text: 'png',
  });
});

describe('versions', () => {
  test('are stored with versioning, and can be read by their IDs', async () => {
    const { send, model } = createModelClient();
    await send('PUT', 'k', { body: 'null version' });
    await model.setVersioning('demo', 'Enabled');
    const [one, two] = [await send('PUT', 'k', { body: 'one' }), await send('PUT', 'k', { body: 'two' })];
    const read = async (versionId: string): Promise<string> =>
      (await send('GET', 'k', { query: { versionId } })).text;
    expect(await read(one.headers['x-oss-version-id'] ?? '')).toBe('one');
    expect(await read(two.headers['x-oss-version-id'] ?? '')).toBe('two');
    expect(await read('null')).toBe('null version');
    expect(await readObjectText(model, 'k')).toBe('two');
  });

  test('are hidden by a delete marker until it is deleted', async () => {
    const { send, model } = createModelClient();
    await model.setVersioning('demo', 'Enabled');
    await send('PUT', 'k', { body: 'one' });
    const { headers } = await send('DELETE', 'k');
    const versionId = headers['x-oss-version-id'] ?? '';
    expect(headers['x-oss-delete-marker']).toBe('true');
    expect((await send('GET', 'k')).status).toBe(404);
    expect((await send('GET', 'k', { query: { versionId } })).status).toBe(404);
    expect((await send('DELETE', 'k', { query: { versionId } })).headers['x-oss-version-id']).toBe(versionId);
    expect(await readObjectText(model, 'k')).toBe('one');
  });

  test('with suspended versioning replace only the null version', async () => {
    const { send, model } = createModelClient();
    await model.setVersioning('demo', 'Enabled');
    const versionId = (await send('PUT', 'k', { body: 'kept' })).headers['x-oss-version-id'] ?? '';
    await model.setVersioning('demo', 'Suspended');
    for (const body of ['a', 'b'])
      expect((await send('PUT', 'k', { body })).headers['x-oss-version-id']).toBe('null');
    expect((await send('DELETE', 'k')).headers['x-oss-version-id']).toBe('null');
    expect((await send('GET', 'k', { query: { versionId } })).text).toBe('kept');
    await send('DELETE', 'k', { query: { versionId: 'null' } });
    expect(await readObjectText(model, 'k')).toBe('kept');
  });
});

describe('DeleteMultipleObjects', () => {
  const list = (keys: readonly string[], quiet = false): string =>
    `<Delete><Quiet>${quiet}</Quiet>${keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('')}</Delete>`;

  test('deletes exact keys, and accepts absent ones', async () => {
    const { send, model } = createModelClient();
    for (const key of ['a', ' a ', 'b']) await send('PUT', key, { body: 'x' });
    const { text } = await send('POST', '', {
      query: { delete: '', 'encoding-type': 'url' },
      body: list([' a ', 'none']),
    });
    expect(model.keys('demo')).toEqual(['a', 'b']);
    expect(readChildNames(text)).toEqual(['EncodingType', 'Deleted', 'Deleted']);
    expect(text).toContain('<Key>%20a%20</Key>');
  });

  test('returns no body with Quiet', async () => {
    const { send } = createModelClient();
    expect(await send('POST', '', { query: { delete: '' }, body: list(['a'], true) })).toMatchObject({
      status: 200,
      text: '',
    });
  });

  test.each([
    ['no keys', list([])],
    ['an empty key', list([''])],
    ['over 1000 keys', list(Array.from({ length: 1001 }, String))],
  ])('of %s is rejected as MalformedXML', async (_, body) => {
    const { status, text } = await createModelClient().send('POST', '', { query: { delete: '' }, body });
    expect([status, readTag(text, 'Code'), readTag(text, 'EC')]).toEqual([400, 'MalformedXML', '']);
  });
});

test('Last-Modified is the time of the model’s clock', async () => {
  const { send, advanceClock } = createModelClient();
  advanceClock(86_400_000);
  await send('PUT', 'k', { body: 'x' });
  const modified = Date.parse((await send('HEAD', 'k')).headers['Last-Modified'] ?? '');
  expect(modified).toBe(Math.floor(START / 1000) * 1000 + 86_400_000);
});
