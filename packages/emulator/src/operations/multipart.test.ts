import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createModelClient,
  readChildNames,
  readObjectText,
  readTag,
  singleChunk,
} from '../../test/stages/model-client.ts';
import { compareAscii } from '../http/wire-text.ts';
import { getChildren, getChildText, parseXml } from '../http/xml.ts';

describe('InitiateMultipartUpload', () => {
  test('returns bucket, key and an upload ID of 32 upper-case hex digits', async () => {
    const { send } = createModelClient();
    const { status, headers, text } = await send('POST', 'a b', {
      query: { uploads: '', 'encoding-type': 'url' },
    });
    expect([status, headers['Content-Type']]).toEqual([200, 'application/xml']);
    expect(readChildNames(text)).toEqual(['EncodingType', 'Bucket', 'Key', 'UploadId']);
    expect([readTag(text, 'Bucket'), readTag(text, 'Key')]).toEqual(['demo', 'a%20b']);
    expect(readTag(text, 'UploadId')).toMatch(/^[0-9A-F]{32}$/);
  });

  test('keeps an existing object and allows several uploads of a key', async () => {
    const { send, initiate, model } = createModelClient();
    await send('PUT', 'k', { body: 'old' });
    const uploadIds = [await initiate('k'), await initiate('k')];
    expect(model.uploads('demo').map(({ uploadId }) => uploadId)).toEqual(uploadIds.toSorted(compareAscii));
    expect((await send('GET', 'k')).text).toBe('old');
  });

  test.each([
    [{ 'x-oss-server-side-encryption': 'ROT13' }, 'InvalidEncryptionAlgorithmError'],
    [{ 'x-oss-server-side-data-encryption': 'AES' }, 'InvalidEncryptionAlgorithmError'],
    [{ 'x-oss-storage-class': 'Cellar' }, 'InvalidArgument'],
    [{ 'x-oss-meta-a': 'x'.repeat(8192) }, 'InvalidArgument'],
  ])('with %j is rejected as %s', async (headers, code) => {
    const { send, model } = createModelClient();
    const { status, text } = await send('POST', 'k', { query: { uploads: '' }, headers });
    expect([status, readTag(text, 'Code')]).toEqual([400, code]);
    expect(model.uploads('demo')).toEqual([]);
  });

  test('with an encoding type other than url is rejected', async () => {
    const { text } = await createModelClient().send('POST', 'k', {
      query: { uploads: '', 'encoding-type': 'hex' },
    });
    expect([readTag(text, 'Code'), readTag(text, 'ArgumentName')]).toEqual([
      'InvalidArgument',
      'encoding-type',
    ]);
  });
});

describe('UploadPart', () => {
  test('returns the ETag, MD5 and CRC64 of the part, and no body', async () => {
    const { send, initiate } = createModelClient();
    const uploadId = await initiate('k');
    const { status, headers, text } = await send('PUT', 'k', {
      query: { uploadId, partNumber: '1' },
      body: '123456789',
    });
    const md5 = createHash('md5').update('123456789').digest();
    expect([status, text]).toEqual([200, '']);
    expect(headers).toMatchObject({
      ETag: `"${md5.toString('hex').toUpperCase()}"`,
      'Content-MD5': md5.toString('base64'),
      'x-oss-hash-crc64ecma': '11051210869376104954',
      'Content-Length': '0',
    });
  });

  test('with the same number replaces the earlier part', async () => {
    const { initiate, putPart, complete, model } = createModelClient();
    const uploadId = await initiate('k');
    await putPart('k', uploadId, 1, 'first');
    const etag = await putPart('k', uploadId, 1, 'second');
    expect(model.uploads('demo')[0]?.parts).toMatchObject([{ partNumber: 1, size: 6 }]);
    await complete('k', uploadId, [[1, etag]]);
    expect(await readObjectText(model, 'k')).toBe('second');
  });

  test.each(['0', '10001', '', 'one', '1.0', '-1', '0x1', '1e1'])(
    'with the part number %j is rejected',
    async (partNumber) => {
      const { send, initiate } = createModelClient();
      const uploadId = await initiate('k');
      const { status, text } = await send('PUT', 'k', { query: { uploadId, partNumber } });
      expect(status).toBe(400);
      expect(readChildNames(text).slice(4)).toEqual(['ArgumentName', 'ArgumentValue', 'EC', 'RecommendDoc']);
      expect([readTag(text, 'ArgumentName'), readTag(text, 'ArgumentValue')]).toEqual([
        'PartNumber',
        partNumber,
      ]);
      expect([readTag(text, 'Code'), readTag(text, 'EC')]).toEqual(['InvalidArgument', '0017-00000220']);
    },
  );

  test.each([[{ uploadId: 'U' }], [{ partNumber: '1' }]])('with %j alone is rejected', async (query) => {
    const { text } = await createModelClient().send('PUT', 'k', { query });
    expect([readTag(text, 'Code'), readTag(text, 'EC'), readTag(text, 'ArgumentName')]).toEqual([
      'InvalidArgument',
      '0017-00000219',
      'ResourceType',
    ]);
  });

  test.each([
    ['a body shorter than its Content-Length', 'ab', { contentLength: 3 }, 'IncompleteBody'],
    [
      'an MD5 of other bytes',
      'ab',
      { headers: { 'content-md5': 'kAFQmDzST7DWlj99KOF/cg==' } },
      'InvalidDigest',
    ],
    ['an invalid MD5', 'ab', { headers: { 'content-md5': 'YWI=' } }, 'InvalidDigest'],
    ['a CRC64 of other bytes', 'ab', { headers: { 'x-oss-hash-crc64ecma': '1' } }, 'InvalidCRC64'],
    ['a Content-Length over 5 GB', 'ab', { contentLength: 5 * 1024 ** 3 + 1 }, 'EntityTooLarge'],
    ['a Content-Length that is not a number', 'ab', { contentLength: Number.NaN }, 'InvalidArgument'],
  ])('with %s is rejected, and nothing is stored', async (_, body, options, code) => {
    const { send, initiate, model } = createModelClient();
    const uploadId = await initiate('k');
    const { status, text } = await send('PUT', 'k', {
      query: { uploadId, partNumber: '1' },
      body,
      ...options,
    });
    expect([status, readTag(text, 'Code')]).toEqual([400, code]);
    expect(model.uploads('demo')[0]?.parts).toEqual([]);
  });

  test('without a length is rejected, unless it is chunked', async () => {
    const { send, initiate } = createModelClient();
    const query = { uploadId: await initiate('k'), partNumber: '1' };
    const refused = await send('PUT', 'k', { query, body: 'ab', contentLength: null });
    expect([refused.status, readTag(refused.text, 'Code')]).toEqual([411, 'MissingContentLength']);
    const headers = { 'transfer-encoding': 'chunked' };
    expect((await send('PUT', 'k', { query, headers, body: 'ab', contentLength: null })).status).toBe(200);
  });

  test('with an aborted body is rejected as IncompleteBody, also if it is chunked', async () => {
    const { send, initiate, model } = createModelClient();
    const query = { uploadId: await initiate('k'), partNumber: '1' };
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a');
      throw new Error('ECONNRESET');
    }
    const headers = { 'transfer-encoding': 'chunked' };
    const { status, text } = await send('PUT', 'k', { query, headers, body: breaking() });
    expect([status, readTag(text, 'Code')]).toEqual([400, 'IncompleteBody']);
    expect(model.uploads('demo')[0]?.parts).toEqual([]);
  });

  test.each(['245759', '838860801', 'fast'])('with the traffic limit %s is rejected', async (limit) => {
    const { send, initiate } = createModelClient();
    const query = { uploadId: await initiate('k'), partNumber: '1' };
    const inQuery = await send('PUT', 'k', { query: { ...query, 'x-oss-traffic-limit': limit } });
    const inHeader = await send('PUT', 'k', { query, headers: { 'x-oss-traffic-limit': limit } });
    expect([inQuery, inHeader].map(({ text }) => readTag(text, 'Code'))).toEqual([
      'InvalidArgument',
      'InvalidArgument',
    ]);
  });

  test('accepts a traffic limit in its header or its query, but not in both', async () => {
    const { send, initiate } = createModelClient();
    const query = { uploadId: await initiate('k'), partNumber: '1' };
    const limit = { 'x-oss-traffic-limit': '245760' };
    const requests = [
      { query: { ...query, ...limit } },
      { query, headers: limit },
      { query: { ...query, ...limit }, headers: limit },
    ];
    const replies = await Promise.all(requests.map((each) => send('PUT', 'k', each)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 400]);
  });

  test.each([
    ['that does not exist', 'k', 'U'],
    ['of another key', 'other', undefined],
  ])('to an upload %s is rejected as NoSuchUpload', async (_, key, unknownId) => {
    const { send, initiate } = createModelClient();
    const uploadId = unknownId ?? (await initiate('k'));
    const { status, text } = await send('PUT', key, { query: { uploadId, partNumber: '1' }, body: 'x' });
    expect([status, readTag(text, 'Code'), readTag(text, 'EC')]).toEqual([
      404,
      'NoSuchUpload',
      '0042-00000104',
    ]);
    expect(readTag(text, 'UploadId')).toBe(uploadId);
  });

  test('to an upload that is aborted meanwhile is rejected as NoSuchUpload', async () => {
    const { send, initiate } = createModelClient();
    const uploadId = await initiate('k');
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a');
      await send('DELETE', 'k', { query: { uploadId } });
      yield Buffer.from('b');
    }
    const { text } = await send('PUT', 'k', {
      query: { uploadId, partNumber: '1' },
      body: slow(),
      contentLength: 2,
    });
    expect(readTag(text, 'Code')).toBe('NoSuchUpload');
  });
});

describe('a sequential upload', () => {
  test('accepts its parts in order, each once', async () => {
    const { send, initiate } = createModelClient();
    const uploadId = await initiate('k', { query: { sequential: '' } });
    const put = (partNumber: string): ReturnType<typeof send> =>
      send('PUT', 'k', { query: { uploadId, partNumber }, body: 'x' });
    const early = await put('2');
    expect([early.status, readTag(early.text, 'Code')]).toEqual([400, 'PartNotSequential']);
    expect((await put('1')).status).toBe(200);
    const again = await put('1');
    expect([again.status, readTag(again.text, 'Code'), readTag(again.text, 'EC')]).toEqual([
      409,
      'PartAlreadyExist',
      '0042-00000108',
    ]);
    expect((await put('2')).status).toBe(200);
  });

  test('accepts one of two concurrent bodies for the same part', async () => {
    const { send, initiate } = createModelClient();
    const uploadId = await initiate('k', { query: { sequential: '' } });
    const put = (body: string): ReturnType<typeof send> =>
      send('PUT', 'k', { query: { uploadId, partNumber: '1' }, body });
    const replies = await Promise.all([put('a'), put('b')]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
  });
});

describe('ListParts', () => {
  test('returns its elements in the order of OSS', async () => {
    const { send, initiate, putPart } = createModelClient();
    const uploadId = await initiate('ä', { headers: { 'x-oss-storage-class': 'IA' } });
    const etag = await putPart('ä', uploadId, 3, 'x');
    const { text } = await send('GET', 'ä', { query: { uploadId, 'encoding-type': 'url' } });
    expect(readChildNames(text)).toEqual(
      'EncodingType Bucket Key UploadId StorageClass PartNumberMarker NextPartNumberMarker MaxParts IsTruncated Part'.split(
        ' ',
      ),
    );
    const part = parseXml(text, 'ListPartsResult').children.get('Part')?.[0];
    expect([...(part?.children.keys() ?? [])]).toEqual([
      'PartNumber',
      'LastModified',
      'ETag',
      'HashCrc64ecma',
      'Size',
    ]);
    expect(part && [getChildText(part, 'LastModified'), getChildText(part, 'ETag')]).toEqual([
      '2026-01-02T03:04:05.000Z',
      etag,
    ]);
    expect(
      ['Key', 'StorageClass', 'NextPartNumberMarker', 'MaxParts'].map((name) => readTag(text, name)),
    ).toEqual(['%C3%A4', 'IA', '3', '1000']);
  });

  test('without parts returns an empty next marker', async () => {
    const { send, initiate } = createModelClient();
    const { text } = await send('GET', 'k', { query: { uploadId: await initiate('k') } });
    expect(text).toContain('<NextPartNumberMarker></NextPartNumberMarker>');
    expect([readTag(text, 'PartNumberMarker'), readTag(text, 'IsTruncated')]).toEqual(['0', 'false']);
  });

  test('returns every part once, ascending, for any page size', async () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(numbers, fc.integer({ min: 1, max: 4 }), async (partNumbers, max) => {
        const { send, initiate, putPart } = createModelClient();
        const uploadId = await initiate('k');
        for (const partNumber of partNumbers) await putPart('k', uploadId, partNumber, 'x');
        const listed: number[] = [];
        for (let marker = '0', isMore = true; isMore; ) {
          const query = { uploadId, 'max-parts': String(max), 'part-number-marker': marker };
          const page = parseXml((await send('GET', 'k', { query })).text, 'ListPartsResult');
          const parts = getChildren(page, 'Part');
          expect(parts.length).toBeLessThanOrEqual(max);
          listed.push(...parts.map((part) => Number(getChildText(part, 'PartNumber'))));
          marker = getChildText(page, 'NextPartNumberMarker') ?? '';
          isMore = getChildText(page, 'IsTruncated') === 'true';
        }
        expect(listed).toEqual(partNumbers.toSorted((a, b) => a - b));
      }),
      { numRuns: 25 },
    );
  });

  test.each([
    ['max-parts', '1001'],
    ['max-parts', '0'],
    ['part-number-marker', '-1'],
    ['part-number-marker', '10001'],
  ])('with %s=%s is rejected', async (name, value) => {
    const { send, initiate } = createModelClient();
    const { status, text } = await send('GET', 'k', {
      query: { uploadId: await initiate('k'), [name]: value },
    });
    expect([status, readTag(text, 'Code'), readTag(text, 'ArgumentName')]).toEqual([
      400,
      'InvalidArgument',
      name,
    ]);
  });
});

test('an aborted upload is removed, and aborting it again is rejected as NoSuchUpload', async () => {
  const { send, initiate, putPart, model } = createModelClient();
  const uploadId = await initiate('k');
  await putPart('k', uploadId, 1, 'x');
  expect(await send('DELETE', 'k', { query: { uploadId } })).toMatchObject({ status: 204, text: '' });
  expect(model.uploads('demo')).toEqual([]);
  for (const method of ['DELETE', 'GET']) {
    const { status, text } = await send(method, 'k', { query: { uploadId } });
    expect([status, readTag(text, 'Code'), readTag(text, 'EC')]).toEqual([
      404,
      'NoSuchUpload',
      '0042-00000002',
    ]);
  }
});

test('chunks of a body may share memory', async () => {
  const { send, model } = createModelClient();
  async function* reused(): AsyncGenerator<Uint8Array> {
    const memory = Buffer.from('a');
    yield memory;
    memory.write('b');
    yield* singleChunk(memory);
  }
  await send('PUT', 'k', { body: reused(), contentLength: 2 });
  expect(await readObjectText(model, 'k')).toBe('ab');
});
