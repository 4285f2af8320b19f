import { describe, expect, test } from 'vitest';
import { childNames, modelClient, START, tag, textOfObject } from '../../test/stages/model-client.ts';

describe('an object that was put', () => {
  test('is described by HEAD and given by GET', async () => {
    const { ask } = modelClient();
    const put = await ask('PUT', 'k', {
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
    expect(await ask('HEAD', 'k')).toMatchObject({ status: 200, text: '', headers: described });
    expect(await ask('GET', 'k')).toMatchObject({ status: 200, text: '123456789', headers: described });
    expect((await ask('HEAD', 'k', { query: { objectMeta: '' } })).headers).toMatchObject({
      'Content-Length': '9',
    });
  });

  test('replaces the one before it', async () => {
    const { ask, model } = modelClient();
    await ask('PUT', 'k', { body: 'old' });
    await ask('PUT', 'k', { body: 'new' });
    expect(await textOfObject(model, 'k')).toBe('new');
  });

  test('is not put over another that may not be overwritten, not even by a race', async () => {
    const { ask } = modelClient();
    const put = (body: string): ReturnType<typeof ask> =>
      ask('PUT', 'k', { body, headers: { 'x-oss-forbid-overwrite': 'true' } });
    const replies = await Promise.all([put('a'), put('b'), put('c')]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const { text } = await put('d');
    expect([tag(text, 'Code'), tag(text, 'EC')]).toEqual(['FileAlreadyExists', '0026-00000002']);
  });

  test.each([
    [{ 'if-modified-since': 'Fri, 02 Jan 2026 03:04:05 GMT' }, 'NotImplemented'],
    [{ 'x-oss-object-acl': 'secret' }, 'InvalidArgument'],
    [{ 'x-oss-traffic-limit': '1' }, 'InvalidArgument'],
    [{ 'content-md5': 'no' }, 'InvalidDigest'],
  ])('is refused with %j', async (headers, code) => {
    const { ask, model } = modelClient();
    const { status, text } = await ask('PUT', 'k', { headers: headers as Record<string, string>, body: 'x' });
    expect([status, tag(text, 'Code')]).toEqual([400, code]);
    expect(model.keys('demo')).toEqual([]);
  });

  test.each(['/a', '\\a', 'x'.repeat(1024), 'ä'.repeat(512)])('is refused under the name %j', async (key) => {
    const { status, text } = await modelClient().ask('PUT', key);
    expect([status, tag(text, 'Code')]).toEqual([400, 'InvalidObjectName']);
  });

  test('is deleted, which may be repeated', async () => {
    const { ask, model } = modelClient();
    await ask('PUT', 'k', { body: 'x' });
    for (const _ of [1, 2]) expect(await ask('DELETE', 'k')).toMatchObject({ status: 204, text: '' });
    expect(model.keys('demo')).toEqual([]);
    const { status, text } = await ask('GET', 'k');
    expect([status, tag(text, 'Code'), tag(text, 'Key'), tag(text, 'EC')]).toEqual([
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
  ])('%s is answered %i with %s', async (range, status, text, contentRange) => {
    const { ask } = modelClient();
    await ask('PUT', 'k', { body: '0123456789' });
    const reply = await ask('GET', 'k', { headers: { range } });
    expect([reply.status, reply.text]).toEqual([status, text]);
    expect(reply.headers['Content-Range']).toBe(contentRange);
    expect(reply.headers['Content-Length']).toBe(String(text.length));
    expect(reply.headers['x-oss-hash-crc64ecma']).toBe(
      (await ask('HEAD', 'k')).headers['x-oss-hash-crc64ecma'],
    );
  });

  test('that cannot be satisfied is an error for those who ask for the standard', async () => {
    const { ask } = modelClient();
    await ask('PUT', 'k', { body: '0123456789' });
    const headers = { range: 'bytes=10-', 'x-oss-range-behavior': 'standard' };
    const { status, text } = await ask('GET', 'k', { headers });
    expect([status, tag(text, 'Code')]).toEqual([416, 'InvalidRange']);
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
  ])('%j is answered %i', async (headers, status) => {
    const { ask } = modelClient();
    await ask('PUT', 'k', { body: 'a' });
    const reply = await ask('GET', 'k', { headers: headers as Record<string, string> });
    expect(reply.status).toBe(status);
    if (status === 304) expect([reply.text, reply.headers.ETag]).toEqual(['', etag]);
    if (status === 412)
      expect([tag(reply.text, 'Code'), tag(reply.text, 'Condition')]).toContain('PreconditionFailed');
  });
});

test('response-* parameters replace what an object shows', async () => {
  const { ask } = modelClient();
  await ask('PUT', 'k', { body: 'a', headers: { 'content-type': 'text/plain' } });
  const query = { 'response-content-type': 'text/html', 'response-content-disposition': 'inline' };
  expect((await ask('GET', 'k', { query })).headers).toMatchObject({
    'Content-Type': 'text/html',
    'Content-Disposition': 'inline',
  });
});

test('an image is given as it is, whatever it should be turned into', async () => {
  const { ask } = modelClient();
  await ask('PUT', 'k.png', { body: 'png' });
  expect(await ask('GET', 'k.png', { query: { 'x-oss-process': 'image/resize,w_1' } })).toMatchObject({
    status: 200,
    text: 'png',
  });
});

describe('versions', () => {
  test('are kept where versioning is on, each to be read by its ID', async () => {
    const { ask, model } = modelClient();
    await ask('PUT', 'k', { body: 'null version' });
    await model.setVersioning('demo', 'Enabled');
    const [one, two] = [await ask('PUT', 'k', { body: 'one' }), await ask('PUT', 'k', { body: 'two' })];
    const read = async (versionId: string): Promise<string> =>
      (await ask('GET', 'k', { query: { versionId } })).text;
    expect(await read(one.headers['x-oss-version-id'] ?? '')).toBe('one');
    expect(await read(two.headers['x-oss-version-id'] ?? '')).toBe('two');
    expect(await read('null')).toBe('null version');
    expect(await textOfObject(model, 'k')).toBe('two');
  });

  test('are hidden by a delete marker, and come back when it is deleted', async () => {
    const { ask, model } = modelClient();
    await model.setVersioning('demo', 'Enabled');
    await ask('PUT', 'k', { body: 'one' });
    const { headers } = await ask('DELETE', 'k');
    const versionId = headers['x-oss-version-id'] ?? '';
    expect(headers['x-oss-delete-marker']).toBe('true');
    expect((await ask('GET', 'k')).status).toBe(404);
    expect((await ask('GET', 'k', { query: { versionId } })).status).toBe(404);
    expect((await ask('DELETE', 'k', { query: { versionId } })).headers['x-oss-version-id']).toBe(versionId);
    expect(await textOfObject(model, 'k')).toBe('one');
  });

  test('of a bucket that suspended them replace the null version alone', async () => {
    const { ask, model } = modelClient();
    await model.setVersioning('demo', 'Enabled');
    const kept = (await ask('PUT', 'k', { body: 'kept' })).headers['x-oss-version-id'] ?? '';
    await model.setVersioning('demo', 'Suspended');
    for (const body of ['a', 'b'])
      expect((await ask('PUT', 'k', { body })).headers['x-oss-version-id']).toBe('null');
    expect((await ask('DELETE', 'k')).headers['x-oss-version-id']).toBe('null');
    expect((await ask('GET', 'k', { query: { versionId: kept } })).text).toBe('kept');
    await ask('DELETE', 'k', { query: { versionId: 'null' } });
    expect(await textOfObject(model, 'k')).toBe('kept');
  });
});

describe('DeleteMultipleObjects', () => {
  const list = (keys: readonly string[], quiet = false): string =>
    `<Delete><Quiet>${quiet}</Quiet>${keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('')}</Delete>`;

  test('deletes to the letter of their keys, those absent too', async () => {
    const { ask, model } = modelClient();
    for (const key of ['a', ' a ', 'b']) await ask('PUT', key, { body: 'x' });
    const { text } = await ask('POST', '', {
      query: { delete: '', 'encoding-type': 'url' },
      body: list([' a ', 'none']),
    });
    expect(model.keys('demo')).toEqual(['a', 'b']);
    expect(childNames(text)).toEqual(['EncodingType', 'Deleted', 'Deleted']);
    expect(text).toContain('<Key>%20a%20</Key>');
  });

  test('says nothing when asked to be quiet', async () => {
    const { ask } = modelClient();
    expect(await ask('POST', '', { query: { delete: '' }, body: list(['a'], true) })).toMatchObject({
      status: 200,
      text: '',
    });
  });

  test.each([
    ['no keys', list([])],
    ['an empty key', list([''])],
    ['over 1000 keys', list(Array.from({ length: 1001 }, String))],
  ])('of %s is malformed', async (_, body) => {
    const { status, text } = await modelClient().ask('POST', '', { query: { delete: '' }, body });
    expect([status, tag(text, 'Code'), tag(text, 'EC')]).toEqual([400, 'MalformedXML', '']);
  });
});

test('Last-Modified is the time of the clock', async () => {
  const { ask, pass } = modelClient();
  pass(86_400_000);
  await ask('PUT', 'k', { body: 'x' });
  const modified = Date.parse((await ask('HEAD', 'k')).headers['Last-Modified'] ?? '');
  expect(modified).toBe(Math.floor(START / 1000) * 1000 + 86_400_000);
});
