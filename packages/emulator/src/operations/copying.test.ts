import { describe, expect, test } from 'vitest';
import {
  childNames,
  modelClient,
  PART,
  type Reply,
  tag,
  textOfObject,
} from '../../test/stages/model-client.ts';

const source = (path = '/demo/source'): Record<string, string> => ({ 'x-oss-copy-source': path });

describe('UploadPartCopy', () => {
  test.each([
    [undefined, '0123456789'],
    ['bytes=2-4', '234'],
    ['bytes=8-', '89'],
    ['two to four', '0123456789'],
  ])('of the range %j copies %s', async (range, copied) => {
    const { ask, initiate, complete, model } = modelClient();
    await ask('PUT', 'source', { body: '0123456789' });
    const uploadId = await initiate('k');
    const headers = { ...source(), ...(range === undefined ? {} : { 'x-oss-copy-source-range': range }) };
    const { status, text } = await ask('PUT', 'k', { query: { uploadId, partNumber: '1' }, headers });
    expect([status, childNames(text)]).toEqual([200, ['LastModified', 'ETag']]);
    expect(tag(text, 'LastModified')).toBe('2026-01-02T03:04:05.000Z');
    await complete('k', uploadId, [[1, tag(text, 'ETag')]]);
    expect(await textOfObject(model, 'k')).toBe(copied);
  });

  test.each([
    ['0', 'InvalidArgument', '0017-00000220'],
    [undefined, 'InvalidArgument', '0017-00000219'],
    ['1', 'NoSuchUpload', '0042-00000311'],
  ])('with the number %s into no upload is %s', async (partNumber, code, ec) => {
    const query = { uploadId: 'U', ...(partNumber === undefined ? {} : { partNumber }) };
    const { text } = await modelClient().ask('PUT', 'k', { query, headers: source() });
    expect([tag(text, 'Code'), tag(text, 'EC')]).toEqual([code, ec]);
  });

  test('into an upload that is aborted meanwhile lands nowhere', async () => {
    const { ask, initiate } = modelClient();
    await ask('PUT', 'source', { body: PART });
    const uploadId = await initiate('k');
    const query = { uploadId, partNumber: '1' };
    const [copied, aborted] = await Promise.all([
      ask('PUT', 'k', { query, headers: source() }),
      ask('DELETE', 'k', { query: { uploadId } }),
    ]);
    expect([copied.status, aborted.status]).toEqual([404, 204]);
  });
});

describe('CopyObject', () => {
  test('copies bytes and headers, or takes its own headers', async () => {
    const { ask } = modelClient();
    await ask('PUT', 'a b/ü', { body: 'x', headers: { 'content-type': 'text/plain', 'x-oss-meta-a': '1' } });
    const { status, text, headers } = await ask('PUT', 'k', { headers: source('/demo/a%20b/%C3%BC') });
    expect([status, childNames(text)]).toEqual([200, ['LastModified', 'ETag']]);
    const copy = await ask('GET', 'k');
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
    await ask('PUT', 'k', { headers: own });
    expect((await ask('HEAD', 'k')).headers['x-oss-meta-a']).toBeUndefined();
  });

  test('of a version names it', async () => {
    const { ask, model } = modelClient();
    await model.setVersioning('demo', 'Enabled');
    const versionId = (await ask('PUT', 'source', { body: 'old' })).headers['x-oss-version-id'] ?? '';
    await ask('PUT', 'source', { body: 'new' });
    const { headers } = await ask('PUT', 'k', { headers: source(`/demo/source?versionId=${versionId}`) });
    expect(headers['x-oss-copy-source-version-id']).toBe(versionId);
    expect(await textOfObject(model, 'k')).toBe('old');
  });

  test('does not overwrite what it may not', async () => {
    const { ask } = modelClient();
    await ask('PUT', 'source', { body: 'x' });
    const headers = { ...source(), 'x-oss-forbid-overwrite': 'true' };
    const replies = await Promise.all([1, 2].map((): Promise<Reply> => ask('PUT', 'k', { headers })));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
  });
});

describe('a source', () => {
  test.each([
    ['/demo/none', 404, 'NoSuchKey'],
    ['/nowhere/source', 404, 'NoSuchBucket'],
    ['/demo', 400, 'InvalidArgument'],
    ['/demo/%zz', 400, 'InvalidArgument'],
  ])('%s is refused with %i %s', async (path, status, code) => {
    const reply = await modelClient().ask('PUT', 'k', { headers: source(path) });
    expect([reply.status, tag(reply.text, 'Code')]).toEqual([status, code]);
  });

  const etag = '"9DD4E461268C8034F5C8564E155C67A6"';
  const then = 'Fri, 02 Jan 2026 03:04:05 GMT';
  const before = 'Fri, 02 Jan 2026 03:04:04 GMT';
  test.each([
    ['match', etag, 'other'],
    ['none-match', 'other', etag],
    ['modified-since', before, then],
    ['unmodified-since', then, before],
  ])(
    'is copied under the condition %s that holds, and not under one that does not',
    async (name, holds, fails) => {
      const { ask } = modelClient();
      await ask('PUT', 'source', { body: 'x' });
      const copy = (value: string): Promise<Reply> =>
        ask('PUT', 'k', { headers: { ...source(), [`x-oss-copy-source-if-${name}`]: value } });
      expect((await copy(holds)).status).toBe(200);
      const { status, text } = await copy(fails);
      expect([status, tag(text, 'Condition')]).toEqual([412, `x-oss-copy-source-if-${name}`]);
    },
  );
});
