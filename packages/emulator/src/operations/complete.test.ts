import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createCompleteXml,
  createModelClient,
  type ModelClient,
  type ModelResponse,
  PART,
  readChildNames,
  readObjectText,
  readTag,
} from '../../test/stages/model-client.ts';
import { createCrc64 } from '../storage/crc64.ts';
import { createDiscardingBlobs } from '../storage/memory-blobs.ts';

type Part = readonly [number, string];

/** An upload with parts of 100 KiB, a short one last, under the numbers given. */
async function uploaded(
  client: ModelClient,
  partNumbers: readonly number[],
  key = 'k',
): Promise<{ readonly uploadId: string; readonly parts: readonly Part[] }> {
  const uploadId = await client.initiate(key);
  const parts: Part[] = [];
  for (const [index, partNumber] of partNumbers.entries()) {
    const body = index === partNumbers.length - 1 ? 'tail' : PART;
    parts.push([partNumber, await client.putPart(key, uploadId, partNumber, body)]);
  }
  return { uploadId, parts };
}

function refusal({ status, text }: ModelResponse): readonly unknown[] {
  return [status, readTag(text, 'Code'), readTag(text, 'EC')];
}

describe('CompleteMultipartUpload', () => {
  test('creates an object of the listed parts and ends the upload', async () => {
    const client = createModelClient();
    const { uploadId, parts } = await uploaded(client, [2, 5, 9]);
    const reply = await client.complete('k', uploadId, parts);
    const crc = createCrc64();
    for (const body of [PART, PART, Buffer.from('tail')]) crc.update(body);
    const object = client.model.object('demo', 'k');
    expect(reply.status).toBe(200);
    expect(readChildNames(reply.text)).toEqual(['Location', 'Bucket', 'Key', 'ETag']);
    expect(reply.headers.ETag).toMatch(/^"[0-9A-F]{32}-3"$/);
    expect(readTag(reply.text, 'ETag')).toBe(`&quot;${object?.etag}&quot;`);
    expect(reply.headers['x-oss-hash-crc64ecma']).toBe(crc.digest());
    expect(object).toMatchObject({ size: 204_804, crc64: crc.digest() });
    expect(
      Buffer.compare(Buffer.concat([PART, PART, Buffer.from('tail')]), (await object?.bytes()) ?? PART),
    ).toBe(0);
    expect(client.model.uploads('demo')).toEqual([]);
    expect(refusal(await client.complete('k', uploadId, parts)).slice(0, 2)).toEqual([404, 'NoSuchUpload']);
  });

  test('returns an encoded key with encoding-type=url', async () => {
    const client = createModelClient();
    const { uploadId, parts } = await uploaded(client, [1], 'a b');
    const { text } = await client.complete('a b', uploadId, parts, { query: { 'encoding-type': 'url' } });
    expect(readChildNames(text)[0]).toBe('EncodingType');
    expect(readTag(text, 'Key')).toBe('a%20b');
  });

  test.each([
    ['quoted', (etag: string) => etag],
    ['bare', (etag: string) => etag.replaceAll('"', '')],
    ['in lower case', (etag: string) => etag.toLowerCase()],
    ['escaped', (etag: string) => etag.replaceAll('"', '&#34;')],
  ])('accepts ETags %s', async (_, spell) => {
    const client = createModelClient();
    const { uploadId, parts } = await uploaded(client, [1]);
    const spelled = parts.map(([partNumber, etag]) => [partNumber, spell(etag)] as const);
    expect((await client.complete('k', uploadId, spelled)).status).toBe(200);
  });

  test('removes the parts that are not listed', async () => {
    const client = createModelClient();
    const { uploadId, parts } = await uploaded(client, [1, 2, 3]);
    await client.complete('k', uploadId, parts.slice(2));
    expect(await readObjectText(client.model, 'k')).toBe('tail');
  });

  test('keeps other uploads of the key', async () => {
    const client = createModelClient();
    const other = await client.initiate('k');
    const { uploadId, parts } = await uploaded(client, [1]);
    await client.complete('k', uploadId, parts);
    expect(client.model.uploads('demo').map((upload) => upload.uploadId)).toEqual([other]);
  });

  test('sets the headers of Initiate on the object', async () => {
    const client = createModelClient();
    const headers = {
      'content-type': 'text/plain',
      'cache-control': 'no-cache',
      'x-oss-meta-a': 'ä',
      'x-oss-tagging': 'a=1&b=2',
    };
    const uploadId = await client.initiate('k', { headers });
    await client.complete('k', uploadId, [[1, await client.putPart('k', uploadId, 1, 'x')]]);
    expect((await client.send('HEAD', 'k')).headers).toMatchObject({
      'Content-Type': 'text/plain',
      'Cache-Control': 'no-cache',
      'x-oss-meta-a': 'ä',
      'x-oss-tagging-count': '2',
      'x-oss-object-type': 'Multipart',
    });
  });

  test('sets a Content-MD5 on the object of a sequential upload only', async () => {
    for (const [query, md5] of [
      [{ sequential: '' }, 'kAFQmDzST7DWlj99KOF/cg=='],
      [{}, undefined],
    ] as const) {
      const client = createModelClient();
      const uploadId = await client.initiate('k', { query });
      await client.complete('k', uploadId, [[1, await client.putPart('k', uploadId, 1, 'abc')]]);
      expect((await client.send('HEAD', 'k')).headers['Content-MD5']).toBe(md5);
    }
  });

  test('succeeds once for two concurrent requests', async () => {
    const client = createModelClient();
    const { uploadId, parts } = await uploaded(client, [1]);
    const replies = await Promise.all([1, 2].map(() => client.complete('k', uploadId, parts)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 404]);
  });

  test('works with discarded bytes', async () => {
    const client = createModelClient({ blobs: createDiscardingBlobs() });
    const { uploadId, parts } = await uploaded(client, [1, 2]);
    await client.complete('k', uploadId, parts);
    expect(client.model.object('demo', 'k')?.size).toBe(102_404);
  });

  test('returns the CRC64 of the bytes, for any split into parts', async () => {
    const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(bodies, async (tails) => {
        const client = createModelClient();
        const uploadId = await client.initiate('k');
        const crc = createCrc64();
        const parts: Part[] = [];
        for (const [index, tail] of tails.entries()) {
          const body = Buffer.concat([tail, PART]);
          crc.update(body);
          parts.push([index + 1, await client.putPart('k', uploadId, index + 1, body)]);
        }
        expect((await client.complete('k', uploadId, parts)).headers['x-oss-hash-crc64ecma']).toBe(
          crc.digest(),
        );
      }),
      { numRuns: 10 },
    );
  });
});

describe('a list of parts', () => {
  test.each([
    ['that is not XML', '{"Parts":[]}', 'MalformedXML', '0042-00000205'],
    ['that is empty', '', 'MalformedXML', '0042-00000205'],
    ['without a part', createCompleteXml([]), 'MalformedXML', '0042-00000205'],
    ['of another document', '<Complete></Complete>', 'MalformedXML', '0042-00000205'],
    ['with an invalid number', createCompleteXml([[1.5, 'E']]), 'MalformedXML', '0042-00000205'],
    [
      'without an ETag',
      '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>',
      'MalformedXML',
      '0042-00000205',
    ],
    ['over 4 MiB', ' '.repeat(4 * 1024 ** 2 + 1), 'MalformedXML', ''],
    [
      'out of order',
      createCompleteXml([
        [2, 'E'],
        [1, 'E'],
      ]),
      'InvalidPartOrder',
      '0042-00000209',
    ],
    [
      'with a part twice',
      createCompleteXml([
        [1, 'E'],
        [1, 'E'],
      ]),
      'InvalidPartOrder',
      '0042-00000209',
    ],
    ['with an unknown part', createCompleteXml([[7, 'E']]), 'InvalidPart', ''],
    ['with another ETag', createCompleteXml([[1, '0'.repeat(32)]]), 'InvalidPart', ''],
  ])('%s is rejected, and the upload can be completed later', async (_, body, code, ec) => {
    const client = createModelClient();
    const { uploadId, parts } = await uploaded(client, [1]);
    expect(refusal(await client.send('POST', 'k', { query: { uploadId }, body }))).toEqual([400, code, ec]);
    expect((await client.complete('k', uploadId, parts)).status).toBe(200);
  });

  test('with a small part before the last is rejected as EntityTooSmall', async () => {
    const client = createModelClient();
    const uploadId = await client.initiate('k');
    const parts: Part[] = [];
    for (const [partNumber, size] of [
      [1, 102_400],
      [2, 102_399],
      [3, 1],
    ] as const) {
      parts.push([partNumber, await client.putPart('k', uploadId, partNumber, PART.subarray(0, size))]);
    }
    expect(refusal(await client.complete('k', uploadId, parts))).toEqual([
      400,
      'EntityTooSmall',
      '0042-00000213',
    ]);
    expect(
      (
        await client.complete(
          'k',
          uploadId,
          parts.filter(([partNumber]) => partNumber !== 2),
        )
      ).status,
    ).toBe(200);
  });

  test('is checked in the order upload, XML, part order, parts, sizes, overwriting', async () => {
    const client = createModelClient();
    await client.send('PUT', 'k', { body: 'old' });
    const uploadId = await client.initiate('k');
    const small: Part = [1, await client.putPart('k', uploadId, 1, 'x')];
    const last: Part = [2, await client.putPart('k', uploadId, 2, 'x')];
    const headers = { 'x-oss-forbid-overwrite': 'true' };
    const codeOf = async (id: string, parts: readonly Part[]): Promise<string> =>
      readTag((await client.complete('k', id, parts, { headers })).text, 'Code');
    expect(await codeOf('U', [])).toBe('NoSuchUpload');
    expect(await codeOf(uploadId, [])).toBe('MalformedXML');
    expect(await codeOf(uploadId, [last, [1, 'wrong']])).toBe('InvalidPartOrder');
    expect(await codeOf(uploadId, [small, [2, 'wrong']])).toBe('InvalidPart');
    expect(await codeOf(uploadId, [small, last])).toBe('EntityTooSmall');
    expect(await codeOf(uploadId, [last])).toBe('FileAlreadyExists');
  });

  test('must match its Content-MD5', async () => {
    const client = createModelClient();
    const { uploadId, parts } = await uploaded(client, [1]);
    const headers = { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' };
    expect(refusal(await client.complete('k', uploadId, parts, { headers }))).toEqual([
      400,
      'InvalidDigest',
      '',
    ]);
    const options = { query: { uploadId }, headers: { ...headers, 'x-oss-complete-all': 'yes' } };
    expect((await client.send('POST', 'k', options)).status).toBe(200);
  });
});

describe('x-oss-complete-all', () => {
  const headers = { 'x-oss-complete-all': 'yes' };

  test('completes with all parts in the order of their numbers', async () => {
    const client = createModelClient();
    const uploadId = await client.initiate('k');
    await client.putPart('k', uploadId, 10_000, 'end');
    await client.putPart('k', uploadId, 2, PART);
    expect((await client.send('POST', 'k', { query: { uploadId }, headers })).status).toBe(200);
    expect((await client.send('GET', 'k', { headers: { range: 'bytes=102399-102402' } })).text).toBe('Aend');
  });

  test('with a list of parts is rejected', async () => {
    const client = createModelClient();
    const { uploadId, parts } = await uploaded(client, [1]);
    const reply = await client.complete('k', uploadId, parts, { headers });
    expect(refusal(reply)).toEqual([400, 'InvalidArgument', '0042-00000216']);
    expect([readTag(reply.text, 'ArgumentName'), readTag(reply.text, 'ArgumentValue')]).toEqual([
      'x-oss-complete-all',
      'yes',
    ]);
  });

  test('without parts or with another value is rejected', async () => {
    const { send, initiate } = createModelClient();
    const query = { uploadId: await initiate('k') };
    expect(refusal(await send('POST', 'k', { query, headers })).slice(1)).toEqual([
      'MalformedXML',
      '0042-00000205',
    ]);
    const other = await send('POST', 'k', { query, headers: { 'x-oss-complete-all': 'no' } });
    expect(refusal(other).slice(0, 2)).toEqual([400, 'InvalidArgument']);
  });
});

describe('x-oss-forbid-overwrite', () => {
  const headers = { 'x-oss-forbid-overwrite': 'true' };

  test('rejects an existing key at Initiate, and at Complete one that was created since', async () => {
    const client = createModelClient();
    const uploadId = await client.initiate('k', { headers });
    const etag = await client.putPart('k', uploadId, 1, 'new');
    await client.send('PUT', 'k', { body: 'old' });
    const expected = [409, 'FileAlreadyExists', '0026-00000002'];
    expect(refusal(await client.complete('k', uploadId, [[1, etag]]))).toEqual(expected);
    expect(refusal(await client.send('POST', 'k', { query: { uploads: '' }, headers }))).toEqual(expected);
  });

  test.each(['Enabled', 'Suspended'] as const)('has no effect if versioning is %s', async (versioning) => {
    const client = createModelClient();
    await client.send('PUT', 'k', { body: 'old' });
    await client.model.setVersioning('demo', versioning);
    const uploadId = await client.initiate('k', { headers });
    const etag = await client.putPart('k', uploadId, 1, 'new');
    const { headers: answered } = await client.complete('k', uploadId, [[1, etag]], { headers });
    expect(answered['x-oss-version-id']).toBe((await client.send('HEAD', 'k')).headers['x-oss-version-id']);
    expect(await readObjectText(client.model, 'k')).toBe('new');
  });
});

test('a known ACL is accepted, an unknown one is rejected', async () => {
  const client = createModelClient();
  const { uploadId, parts } = await uploaded(client, [1]);
  const completeWithAcl = (acl: string): Promise<ModelResponse> =>
    client.complete('k', uploadId, parts, { headers: { 'x-oss-object-acl': acl } });
  expect(refusal(await completeWithAcl('everybody')).slice(0, 2)).toEqual([400, 'InvalidArgument']);
  expect((await completeWithAcl('public-read')).status).toBe(200);
});
