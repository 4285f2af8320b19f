import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childNames, modelClient, once, tag, textOfObject } from '../../test/stages/model-client.ts';
import { compareAscii } from '../http/wire-text.ts';
import { getChildren, getChildText, parseXml } from '../http/xml.ts';

describe('InitiateMultipartUpload', () => {
  test('answers bucket, key and an upload ID of 32 upper-case hex digits', async () => {
    const { ask } = modelClient();
    const { status, headers, text } = await ask('POST', 'a b', {
      query: { uploads: '', 'encoding-type': 'url' },
    });
    expect([status, headers['Content-Type']]).toEqual([200, 'application/xml']);
    expect(childNames(text)).toEqual(['EncodingType', 'Bucket', 'Key', 'UploadId']);
    expect([tag(text, 'Bucket'), tag(text, 'Key')]).toEqual(['demo', 'a%20b']);
    expect(tag(text, 'UploadId')).toMatch(/^[0-9A-F]{32}$/);
  });

  test('does not touch an object, and opens as many uploads of a key as are asked for', async () => {
    const { ask, initiate, model } = modelClient();
    await ask('PUT', 'k', { body: 'old' });
    const uploadIds = [await initiate('k'), await initiate('k')];
    expect(model.uploads('demo').map(({ uploadId }) => uploadId)).toEqual(uploadIds.toSorted(compareAscii));
    expect((await ask('GET', 'k')).text).toBe('old');
  });

  test.each([
    [{ 'x-oss-server-side-encryption': 'ROT13' }, 'InvalidEncryptionAlgorithmError'],
    [{ 'x-oss-server-side-data-encryption': 'AES' }, 'InvalidEncryptionAlgorithmError'],
    [{ 'x-oss-storage-class': 'Cellar' }, 'InvalidArgument'],
    [{ 'x-oss-meta-a': 'x'.repeat(8192) }, 'InvalidArgument'],
  ])('with %j is refused as %s', async (headers, code) => {
    const { ask, model } = modelClient();
    const { status, text } = await ask('POST', 'k', { query: { uploads: '' }, headers });
    expect([status, tag(text, 'Code')]).toEqual([400, code]);
    expect(model.uploads('demo')).toEqual([]);
  });

  test('with an encoding type other than url is refused', async () => {
    const { text } = await modelClient().ask('POST', 'k', { query: { uploads: '', 'encoding-type': 'hex' } });
    expect([tag(text, 'Code'), tag(text, 'ArgumentName')]).toEqual(['InvalidArgument', 'encoding-type']);
  });
});

describe('UploadPart', () => {
  test('answers with the ETag, MD5 and CRC64 of the part, and no body', async () => {
    const { ask, initiate } = modelClient();
    const uploadId = await initiate('k');
    const { status, headers, text } = await ask('PUT', 'k', {
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

  test('re-sent under the same number replaces the first', async () => {
    const { initiate, put, complete, model } = modelClient();
    const uploadId = await initiate('k');
    await put('k', uploadId, 1, 'first');
    const etag = await put('k', uploadId, 1, 'second');
    expect(model.uploads('demo')[0]?.parts).toMatchObject([{ partNumber: 1, size: 6 }]);
    await complete('k', uploadId, [[1, etag]]);
    expect(await textOfObject(model, 'k')).toBe('second');
  });

  test.each(['0', '10001', '', 'one', '1.0', '-1', '0x1', '1e1'])(
    'with the number %j is refused',
    async (partNumber) => {
      const { ask, initiate } = modelClient();
      const uploadId = await initiate('k');
      const { status, text } = await ask('PUT', 'k', { query: { uploadId, partNumber } });
      expect(status).toBe(400);
      expect(childNames(text).slice(4)).toEqual(['ArgumentName', 'ArgumentValue', 'EC', 'RecommendDoc']);
      expect([tag(text, 'ArgumentName'), tag(text, 'ArgumentValue')]).toEqual(['PartNumber', partNumber]);
      expect([tag(text, 'Code'), tag(text, 'EC')]).toEqual(['InvalidArgument', '0017-00000220']);
    },
  );

  test.each([[{ uploadId: 'U' }], [{ partNumber: '1' }]])('with nothing but %j is refused', async (query) => {
    const { text } = await modelClient().ask('PUT', 'k', { query });
    expect([tag(text, 'Code'), tag(text, 'EC'), tag(text, 'ArgumentName')]).toEqual([
      'InvalidArgument',
      '0017-00000219',
      'ResourceType',
    ]);
  });

  test.each([
    ['shorter than its Content-Length', 'ab', { contentLength: 3 }, 'IncompleteBody'],
    [
      'with an MD5 of other bytes',
      'ab',
      { headers: { 'content-md5': 'kAFQmDzST7DWlj99KOF/cg==' } },
      'InvalidDigest',
    ],
    ['with an MD5 that is none', 'ab', { headers: { 'content-md5': 'YWI=' } }, 'InvalidDigest'],
    ['with a CRC64 of other bytes', 'ab', { headers: { 'x-oss-hash-crc64ecma': '1' } }, 'InvalidCRC64'],
    ['said to be over 5 GB', 'ab', { contentLength: 5 * 1024 ** 3 + 1 }, 'EntityTooLarge'],
    ['of a length that is no number', 'ab', { contentLength: Number.NaN }, 'InvalidArgument'],
  ])('%s is refused, and nothing is kept', async (_, body, wanted, code) => {
    const { ask, initiate, model } = modelClient();
    const uploadId = await initiate('k');
    const { status, text } = await ask('PUT', 'k', { query: { uploadId, partNumber: '1' }, body, ...wanted });
    expect([status, tag(text, 'Code')]).toEqual([400, code]);
    expect(model.uploads('demo')[0]?.parts).toEqual([]);
  });

  test('without a length is refused, chunked it is taken', async () => {
    const { ask, initiate } = modelClient();
    const query = { uploadId: await initiate('k'), partNumber: '1' };
    const refused = await ask('PUT', 'k', { query, body: 'ab', contentLength: null });
    expect([refused.status, tag(refused.text, 'Code')]).toEqual([411, 'MissingContentLength']);
    const headers = { 'transfer-encoding': 'chunked' };
    expect((await ask('PUT', 'k', { query, headers, body: 'ab', contentLength: null })).status).toBe(200);
  });

  test('whose body breaks off is incomplete, also when it is chunked', async () => {
    const { ask, initiate, model } = modelClient();
    const query = { uploadId: await initiate('k'), partNumber: '1' };
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a');
      throw new Error('ECONNRESET');
    }
    const headers = { 'transfer-encoding': 'chunked' };
    const { status, text } = await ask('PUT', 'k', { query, headers, body: breaking() });
    expect([status, tag(text, 'Code')]).toEqual([400, 'IncompleteBody']);
    expect(model.uploads('demo')[0]?.parts).toEqual([]);
  });

  test.each(['245759', '838860801', 'fast'])('with the traffic limit %s is refused', async (limit) => {
    const { ask, initiate } = modelClient();
    const query = { uploadId: await initiate('k'), partNumber: '1' };
    const inQuery = await ask('PUT', 'k', { query: { ...query, 'x-oss-traffic-limit': limit } });
    const inHeader = await ask('PUT', 'k', { query, headers: { 'x-oss-traffic-limit': limit } });
    expect([inQuery, inHeader].map(({ text }) => tag(text, 'Code'))).toEqual([
      'InvalidArgument',
      'InvalidArgument',
    ]);
  });

  test('may have a traffic limit in its header or its query, not in both', async () => {
    const { ask, initiate } = modelClient();
    const query = { uploadId: await initiate('k'), partNumber: '1' };
    const limit = { 'x-oss-traffic-limit': '245760' };
    const asked = [
      { query: { ...query, ...limit } },
      { query, headers: limit },
      { query: { ...query, ...limit }, headers: limit },
    ];
    const replies = await Promise.all(asked.map((each) => ask('PUT', 'k', each)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 400]);
  });

  test.each([
    ['that never was', 'k', 'U'],
    ['of another key', 'other', undefined],
  ])('of an upload %s is NoSuchUpload', async (_, key, named) => {
    const { ask, initiate } = modelClient();
    const uploadId = named ?? (await initiate('k'));
    const { status, text } = await ask('PUT', key, { query: { uploadId, partNumber: '1' }, body: 'x' });
    expect([status, tag(text, 'Code'), tag(text, 'EC')]).toEqual([404, 'NoSuchUpload', '0042-00000104']);
    expect(tag(text, 'UploadId')).toBe(uploadId);
  });

  test('whose upload is aborted while its body comes in is NoSuchUpload', async () => {
    const { ask, initiate } = modelClient();
    const uploadId = await initiate('k');
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a');
      await ask('DELETE', 'k', { query: { uploadId } });
      yield Buffer.from('b');
    }
    const { text } = await ask('PUT', 'k', {
      query: { uploadId, partNumber: '1' },
      body: slow(),
      contentLength: 2,
    });
    expect(tag(text, 'Code')).toBe('NoSuchUpload');
  });
});

describe('an upload initiated with sequential', () => {
  test('takes its parts in order, each once', async () => {
    const { ask, initiate } = modelClient();
    const uploadId = await initiate('k', { query: { sequential: '' } });
    const put = (partNumber: string): ReturnType<typeof ask> =>
      ask('PUT', 'k', { query: { uploadId, partNumber }, body: 'x' });
    const early = await put('2');
    expect([early.status, tag(early.text, 'Code')]).toEqual([400, 'PartNotSequential']);
    expect((await put('1')).status).toBe(200);
    const again = await put('1');
    expect([again.status, tag(again.text, 'Code'), tag(again.text, 'EC')]).toEqual([
      409,
      'PartAlreadyExist',
      '0042-00000108',
    ]);
    expect((await put('2')).status).toBe(200);
  });

  test('takes one of two bodies that come at once for the same part', async () => {
    const { ask, initiate } = modelClient();
    const uploadId = await initiate('k', { query: { sequential: '' } });
    const put = (body: string): ReturnType<typeof ask> =>
      ask('PUT', 'k', { query: { uploadId, partNumber: '1' }, body });
    const replies = await Promise.all([put('a'), put('b')]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
  });
});

describe('ListParts', () => {
  test('has its elements in the order of OSS', async () => {
    const { ask, initiate, put } = modelClient();
    const uploadId = await initiate('ä', { headers: { 'x-oss-storage-class': 'IA' } });
    const etag = await put('ä', uploadId, 3, 'x');
    const { text } = await ask('GET', 'ä', { query: { uploadId, 'encoding-type': 'url' } });
    expect(childNames(text)).toEqual(
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
      ['Key', 'StorageClass', 'NextPartNumberMarker', 'MaxParts'].map((name) => tag(text, name)),
    ).toEqual(['%C3%A4', 'IA', '3', '1000']);
  });

  test('of no parts has an empty next marker', async () => {
    const { ask, initiate } = modelClient();
    const { text } = await ask('GET', 'k', { query: { uploadId: await initiate('k') } });
    expect(text).toContain('<NextPartNumberMarker></NextPartNumberMarker>');
    expect([tag(text, 'PartNumberMarker'), tag(text, 'IsTruncated')]).toEqual(['0', 'false']);
  });

  test('shows every part once, ascending, whatever the pages', async () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(numbers, fc.integer({ min: 1, max: 4 }), async (partNumbers, max) => {
        const { ask, initiate, put } = modelClient();
        const uploadId = await initiate('k');
        for (const partNumber of partNumbers) await put('k', uploadId, partNumber, 'x');
        const listed: number[] = [];
        for (let marker = '0', isMore = true; isMore; ) {
          const query = { uploadId, 'max-parts': String(max), 'part-number-marker': marker };
          const page = parseXml((await ask('GET', 'k', { query })).text, 'ListPartsResult');
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
  ])('with %s=%s is refused', async (name, value) => {
    const { ask, initiate } = modelClient();
    const { status, text } = await ask('GET', 'k', {
      query: { uploadId: await initiate('k'), [name]: value },
    });
    expect([status, tag(text, 'Code'), tag(text, 'ArgumentName')]).toEqual([400, 'InvalidArgument', name]);
  });
});

test('an aborted upload is gone, and aborting it again is NoSuchUpload', async () => {
  const { ask, initiate, put, model } = modelClient();
  const uploadId = await initiate('k');
  await put('k', uploadId, 1, 'x');
  expect(await ask('DELETE', 'k', { query: { uploadId } })).toMatchObject({ status: 204, text: '' });
  expect(model.uploads('demo')).toEqual([]);
  for (const method of ['DELETE', 'GET']) {
    const { status, text } = await ask(method, 'k', { query: { uploadId } });
    expect([status, tag(text, 'Code'), tag(text, 'EC')]).toEqual([404, 'NoSuchUpload', '0042-00000002']);
  }
});

test('a chunk of a body may be memory that is used again', async () => {
  const { ask, model } = modelClient();
  async function* reused(): AsyncGenerator<Uint8Array> {
    const memory = Buffer.from('a');
    yield memory;
    memory.write('b');
    yield* once(memory);
  }
  await ask('PUT', 'k', { body: reused(), contentLength: 2 });
  expect(await textOfObject(model, 'k')).toBe('ab');
});
