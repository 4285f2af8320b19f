import { describe, expect, test } from 'vitest';
import {
  createModelClient,
  type ModelResponse,
  PART,
  readChildNames,
  readObjectText,
  readTag,
} from '../../test/stages/model-client.ts';

const source = (path = '/demo/source'): Record<string, string> => ({ 'x-oss-copy-source': path });

describe('UploadPartCopy', () => {
  test.each([
    [undefined, '0123456789'],
    ['bytes=2-4', '234'],
    ['bytes=8-', '89'],
    ['two to four', '0123456789'],
  ])('of the range %j copies %s', async (range, copied) => {
    const { send, initiate, complete, model } = createModelClient();
    await send('PUT', 'source', { body: '0123456789' });
    const uploadId = await initiate('k');
    const headers = { ...source(), ...(range === undefined ? {} : { 'x-oss-copy-source-range': range }) };
    const { status, text } = await send('PUT', 'k', { query: { uploadId, partNumber: '1' }, headers });
    expect([status, readChildNames(text)]).toEqual([200, ['LastModified', 'ETag']]);
    expect(readTag(text, 'LastModified')).toBe('2026-01-02T03:04:05.000Z');
    await complete('k', uploadId, [[1, readTag(text, 'ETag')]]);
    expect(await readObjectText(model, 'k')).toBe(copied);
  });

  test.each([
    ['0', 'InvalidArgument', '0017-00000220'],
    [undefined, 'InvalidArgument', '0017-00000219'],
    ['1', 'NoSuchUpload', '0042-00000311'],
  ])('with part number %s into an unknown upload is rejected as %s', async (partNumber, code, ec) => {
    const query = { uploadId: 'U', ...(partNumber === undefined ? {} : { partNumber }) };
    const { text } = await createModelClient().send('PUT', 'k', { query, headers: source() });
    expect([readTag(text, 'Code'), readTag(text, 'EC')]).toEqual([code, ec]);
  });

  test('into an upload that is aborted meanwhile stores nothing', async () => {
    const { send, initiate } = createModelClient();
    await send('PUT', 'source', { body: PART });
    const uploadId = await initiate('k');
    const query = { uploadId, partNumber: '1' };
    const [copied, aborted] = await Promise.all([
      send('PUT', 'k', { query, headers: source() }),
      send('DELETE', 'k', { query: { uploadId } }),
    ]);
    expect([copied.status, aborted.status]).toEqual([404, 204]);
  });
});

describe('CopyObject', () => {
  test('copies bytes and headers, or replaces the headers', async () => {
    const { send } = createModelClient();
    await send('PUT', 'a b/ü', { body: 'x', headers: { 'content-type': 'text/plain', 'x-oss-meta-a': '1' } });
    const { status, text, headers } = await send('PUT', 'k', { headers: source('/demo/a%20b/%C3%BC') });
    expect([status, readChildNames(text)]).toEqual([200, ['LastModified', 'ETag']]);
    const copy = await send('GET', 'k');
    expect([copy.text, copy.headers['Content-Type'], copy.headers['x-oss-meta-a']]).toEqual([
      'x',
      'text/plain',
      '1',
    ]);
    expect(copy.headers['x-oss-hash-crc64ecma']).toBe(headers['x-oss-hash-crc64ecma']);
    const own = {
      ...source('demo/a%20b/%C3%BC'),
      'x-oss-metadata-directive': 'REPLACE',
      'content-type': 'text/html',
    };
    await send('PUT', 'k', { headers: own });
    expect((await send('HEAD', 'k')).headers['x-oss-meta-a']).toBeUndefined();
  });

  test('of a version returns its version ID', async () => {
    const { send, model } = createModelClient();
    await model.setVersioning('demo', 'Enabled');
    const versionId = (await send('PUT', 'source', { body: 'old' })).headers['x-oss-version-id'] ?? '';
    await send('PUT', 'source', { body: 'new' });
    const { headers } = await send('PUT', 'k', { headers: source(`/demo/source?versionId=${versionId}`) });
    expect(headers['x-oss-copy-source-version-id']).toBe(versionId);
    expect(await readObjectText(model, 'k')).toBe('old');
  });

  test('with x-oss-forbid-overwrite does not overwrite an object', async () => {
    const { send } = createModelClient();
    await send('PUT', 'source', { body: 'x' });
    const headers = { ...source(), 'x-oss-forbid-overwrite': 'true' };
    const replies = await Promise.all(
      [1, 2].map((): Promise<ModelResponse> => send('PUT', 'k', { headers })),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
  });
});

describe('a copy source', () => {
  test.each([
    ['/demo/none', 404, 'NoSuchKey'],
    ['/nowhere/source', 404, 'NoSuchBucket'],
    ['/demo', 400, 'InvalidArgument'],
    ['/demo/%zz', 400, 'InvalidArgument'],
  ])('%s is rejected with %i %s', async (path, status, code) => {
    const reply = await createModelClient().send('PUT', 'k', { headers: source(path) });
    expect([reply.status, readTag(reply.text, 'Code')]).toEqual([status, code]);
  });

  const etag = '"9DD4E461268C8034F5C8564E155C67A6"';
  const then = 'Fri, 02 Jan 2026 03:04:05 GMT';
  const before = 'Fri, 02 Jan 2026 03:04:04 GMT';
  test.each([
    ['match', etag, 'other'],
    ['none-match', 'other', etag],
    ['modified-since', before, then],
    ['unmodified-since', then, before],
  ])('is copied if the condition %s holds, and rejected otherwise', async (name, holds, fails) => {
    const { send } = createModelClient();
    await send('PUT', 'source', { body: 'x' });
    const copy = (value: string): Promise<ModelResponse> =>
      send('PUT', 'k', { headers: { ...source(), [`x-oss-copy-source-if-${name}`]: value } });
    expect((await copy(holds)).status).toBe(200);
    const { status, text } = await copy(fails);
    expect([status, readTag(text, 'Condition')]).toEqual([412, `x-oss-copy-source-if-${name}`]);
  });
});
