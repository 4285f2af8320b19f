import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createModelClient,
  type ModelClient,
  PART,
  readChildNames,
  readObjectText,
  readTag,
  START,
} from '../test/stages/model-client.ts';
import { CREDENTIALS, signInHeaders } from '../test/stages/signing.ts';
import type { Blobs } from './storage/blobs.ts';
import { createDirectoryBlobs } from './storage/directory-blobs.ts';
import { createMemoryBlobs } from './storage/memory-blobs.ts';
import { createDirectoryRecords, loadBuckets } from './storage/records.ts';
import type { OssResponse } from './types.ts';

const CORS =
  '<CORSConfiguration><CORSRule><AllowedOrigin>https://a.test</AllowedOrigin>' +
  '<AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader></CORSRule></CORSConfiguration>';

function unsigned(
  { model }: ModelClient,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<OssResponse> {
  return model.handle({ method, target, headers: { host: '127.0.0.1', ...headers }, body: nothing() });
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

describe('every response', () => {
  test('has the headers of OSS', async () => {
    const { send } = createModelClient();
    for (const { headers } of [await send('PUT', 'k', { body: 'x' }), await send('GET', 'none')]) {
      expect(headers).toMatchObject({
        Server: 'AliyunOSS',
        Date: 'Fri, 02 Jan 2026 03:04:05 GMT',
        Connection: 'keep-alive',
        'x-oss-server-time': '0',
      });
      expect(headers['x-oss-request-id']).toMatch(/^[0-9A-F]{24}$/);
    }
  });

  test('has its duration by the model’s clock', async () => {
    const client = createModelClient();
    async function* slow(): AsyncGenerator<Uint8Array> {
      client.advanceClock(40);
      yield Buffer.from('x');
    }
    const { headers } = await client.send('PUT', 'k', { body: slow(), contentLength: 1 });
    expect(headers['x-oss-server-time']).toBe('40');
  });

  test('is repeatable for the same IDs, time and requests', async () => {
    const run = async (): Promise<readonly unknown[]> => {
      let last = 0;
      const next = (): string => String(++last).padStart(24, '0');
      const client = createModelClient({ ids: { requestId: next, uploadId: next, versionId: next } });
      const uploadId = await client.initiate('k');
      const etag = await client.putPart('k', uploadId, 1, 'x');
      return [uploadId, await client.complete('k', uploadId, [[1, etag]]), await client.send('GET', 'k')];
    };
    expect(await run()).toEqual(await run());
  });
});

test('with blobs in memory every request is handled in microtasks', async () => {
  const client = createModelClient();
  let isLoopTurned = false;
  setImmediate(() => {
    isLoopTurned = true;
  });
  const uploadId = await client.initiate('k');
  const etag = await client.putPart('k', uploadId, 1, PART);
  await client.complete('k', uploadId, [[1, etag]]);
  await client.send('GET', 'k');
  await client.send('DELETE', 'k');
  expect(isLoopTurned).toBe(false);
});

describe('an error', () => {
  test('is XML with the element order of OSS', async () => {
    const { headers, text } = await createModelClient().send('GET', 'none');
    expect(readChildNames(text)).toEqual([
      'Code',
      'Message',
      'RequestId',
      'HostId',
      'Key',
      'EC',
      'RecommendDoc',
    ]);
    expect([readTag(text, 'RequestId'), readTag(text, 'HostId')]).toEqual([
      headers['x-oss-request-id'],
      '127.0.0.1:9000',
    ]);
    expect([headers['x-oss-ec'], headers['Content-Type']]).toEqual(['0026-00000001', 'application/xml']);
  });

  test('of HEAD is in a header, without a body', async () => {
    const { status, headers, text } = await createModelClient().send('HEAD', 'none');
    const xml = Buffer.from(headers['x-oss-err'] ?? '', 'base64').toString();
    expect([status, text, headers['x-oss-ec'], readTag(xml, 'Code')]).toEqual([
      404,
      '',
      '0026-00000001',
      'NoSuchKey',
    ]);
  });

  test.each([
    ['GET', 'k', { bucket: 'nowhere' }, 404, 'NoSuchBucket', ['BucketName']],
    ['PUT', '', { bucket: 'No' }, 400, 'InvalidBucketName', ['BucketName']],
    ['PUT', 'k', { query: { acl: '' } }, 405, 'MethodNotAllowed', ['Method', 'ResourceType']],
    ['PATCH', '', {}, 405, 'MethodNotAllowed', ['Method', 'ResourceType']],
    ['GET', '', { query: { cors: '' } }, 404, 'NoSuchCORSConfiguration', []],
    ['GET', '', { query: { lifecycle: '' } }, 404, 'NoSuchLifecycle', []],
    [
      'PUT',
      '',
      { query: { versioning: '' }, body: '<VersioningConfiguration></VersioningConfiguration>' },
      400,
      'MalformedXML',
      [],
    ],
  ] as const)('of %s %j with %j is %i %s', async (method, key, options, status, code, fields) => {
    const reply = await createModelClient().send(method, key, options);
    expect([reply.status, readTag(reply.text, 'Code')]).toEqual([status, code]);
    expect(readChildNames(reply.text)).toEqual(expect.arrayContaining([...fields]));
  });

  test('that is a bug becomes InternalError and is passed to onInternalError', async () => {
    const reasons: unknown[] = [];
    const broken: Blobs = { ...createMemoryBlobs(), write: () => Promise.reject(new Error('disk full')) };
    const { send } = createModelClient({ blobs: broken, onInternalError: (reason) => reasons.push(reason) });
    const { status, text } = await send('PUT', 'k', { body: 'x' });
    expect([status, readTag(text, 'Code'), reasons]).toEqual([
      500,
      'InternalError',
      [new Error('disk full')],
    ]);
    await expect(createModelClient({ blobs: broken }).send('PUT', 'k', { body: 'x' })).rejects.toThrow(
      'disk full',
    );
  });
});

describe('authentication', () => {
  test('rejects a request without a signature', async () => {
    const { status, headers, body } = await unsigned(createModelClient(), 'GET', '/demo/k');
    const text = Buffer.from(body as Uint8Array).toString();
    expect([status, readTag(text, 'Code'), headers['x-oss-ec']]).toEqual([
      403,
      'AccessDenied',
      '0003-00000905',
    ]);
  });

  test('accepts the credentials of the last putCredentials', async () => {
    const client = createModelClient();
    const other = { accessKeyId: 'other', accessKeySecret: 'secret' };
    client.model.putCredentials(other);
    expect((await client.send('GET', 'none')).status).toBe(403);
    client.model.putCredentials([other, CREDENTIALS]);
    expect((await client.send('GET', 'none')).status).toBe(404);
  });

  test('rejects a request with an invalid path', async () => {
    expect(
      (await unsigned(createModelClient(), 'GET', '/demo/%zz', { origin: 'https://a.test' })).status,
    ).toBe(400);
  });
});

describe('an endpoint', () => {
  test.each([
    ['oss-cn-hangzhou.aliyuncs.com', 'SecondLevelDomainForbidden'],
    ['OSS-cn-hangzhou-internal.aliyuncs.com:80', 'SecondLevelDomainForbidden'],
    ['cn-hangzhou.oss.aliyuncs.com', 'SecondLevelDomainForbidden'],
  ])('%s rejects a bucket in the path', async (host, code) => {
    const { status, text } = await createModelClient().send('GET', 'k', { headers: { host } });
    expect([status, readTag(text, 'Code')]).toEqual([403, code]);
  });

  test.each([
    ['demo.oss-cn-hangzhou.aliyuncs.com', ''],
    ['demo.oss-cn-hangzhou-internal.aliyuncs.com', ''],
    ['demo.cn-hangzhou.oss.aliyuncs.com', ''],
    ['demo.oss-accelerate.aliyuncs.com', ''],
    ['demo.localhost:9000', ''],
    ['demo.oss-cn-beijing.aliyuncs.com', 'oss-cn-hangzhou.aliyuncs.com'],
    ['demo.cn-beijing-internal.oss.aliyuncs.com', 'oss-cn-hangzhou.aliyuncs.com'],
  ])('%s responds to a bucket of Hangzhou with the endpoint %j', async (host, endpoint) => {
    const { model } = createModelClient();
    const signed = signInHeaders({ signedAt: START });
    const { body } = await model.handle({
      method: 'GET',
      target: '/key',
      headers: { ...signed.headers, host },
      body: nothing(),
    });
    const text = Buffer.from(body as Uint8Array).toString();
    expect([readTag(text, 'Code'), readTag(text, 'Endpoint')]).toEqual(
      endpoint === '' ? ['NoSuchKey', ''] : ['AccessDenied', endpoint],
    );
  });
});

describe('a web page', () => {
  const origin = 'https://a.test';
  const preflightHeaders = {
    origin,
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'x-oss-meta-a',
  };

  test('gets CORS headers for a preflight without a signature, for responses and for errors', async () => {
    const client = createModelClient();
    await client.send('PUT', '', { query: { cors: '' }, body: CORS });
    const preflight = await unsigned(client, 'OPTIONS', '/demo/k?partNumber=1&uploadId=U', preflightHeaders);
    expect([preflight.status, preflight.headers['Access-Control-Allow-Origin']]).toEqual([200, origin]);
    expect(preflight.headers['Access-Control-Allow-Headers']).toBe('x-oss-meta-a');
    const put = await client.send('PUT', 'k', { headers: { origin }, body: 'x' });
    const refused = await unsigned(client, 'PUT', '/demo/k', { origin });
    for (const { headers } of [put, refused]) {
      expect(headers).toMatchObject({
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': 'ETag',
      });
    }
    expect(
      (await client.send('PUT', 'k', { headers: { origin: 'https://b.test' } })).headers,
    ).not.toHaveProperty('Access-Control-Allow-Origin');
  });

  test('gets no CORS headers without rules, and Vary: Origin with ResponseVary', async () => {
    const client = createModelClient();
    expect((await unsigned(client, 'OPTIONS', '/demo/k', preflightHeaders)).status).toBe(403);
    const body = CORS.replace(
      '</CORSConfiguration>',
      '<ResponseVary>true</ResponseVary></CORSConfiguration>',
    );
    await client.send('PUT', '', { query: { cors: '' }, body });
    expect((await client.send('GET', 'none')).headers.Vary).toBe('Origin');
    expect((await unsigned(client, 'OPTIONS', '/demo/k', preflightHeaders)).headers.Vary).toBe('Origin');
    expect((await client.send('GET', '', { query: { cors: '' } })).text).toContain(
      '<ResponseVary>true</ResponseVary>',
    );
    expect((await client.send('DELETE', '', { query: { cors: '' } })).status).toBe(204);
    expect((await client.send('GET', 'none')).headers.Vary).toBeUndefined();
  });
});

describe('a lifecycle configuration', () => {
  const put = (client: ModelClient, rule: string): ReturnType<ModelClient['send']> => {
    const about = '<Prefix>a/</Prefix><Status>Enabled</Status>';
    const body = `<LifecycleConfiguration><Rule>${about}${rule}</Rule></LifecycleConfiguration>`;
    return client.send('PUT', '', { query: { lifecycle: '' }, body });
  };

  test('aborts uploads older than its days at the next request', async () => {
    const client = createModelClient();
    await put(client, '<AbortMultipartUpload><Days>1</Days></AbortMultipartUpload>');
    const uploadId = await client.initiate('a/k');
    const otherId = await client.initiate('b/k');
    client.advanceClock(86_400_000 - 1);
    expect((await client.send('GET', 'a/k', { query: { uploadId } })).status).toBe(200);
    client.advanceClock(1);
    expect((await client.send('GET', 'a/k', { query: { uploadId } })).status).toBe(404);
    expect(client.model.uploads('demo').map((upload) => upload.uploadId)).toEqual([otherId]);
  });

  test.each([
    '<AbortMultipartUpload><Days>1</Days></AbortMultipartUpload><Tag><Key>a</Key><Value>b</Value></Tag>',
    '<AbortMultipartUpload><Days>1.5</Days></AbortMultipartUpload>',
  ])('with %s is rejected', async (rule) => {
    const { status, text } = await put(createModelClient(), rule);
    expect([status, readTag(text, 'Code')]).toEqual([400, 'MalformedXML']);
  });

  test('with a tag expires no objects', async () => {
    const client = createModelClient();
    await client.send('PUT', 'a/k', { body: 'x' });
    await put(client, '<Tag><Key>a</Key><Value>b</Value></Tag><Expiration><Days>1</Days></Expiration>');
    client.advanceClock(2 * 86_400_000);
    expect((await client.send('HEAD', 'a/k')).status).toBe(200);
    expect((await client.send('DELETE', '', { query: { lifecycle: '' } })).status).toBe(204);
  });
});

test('buckets are created, read and deleted', async () => {
  const { send, model } = createModelClient();
  const bucket = 'another';
  expect((await send('PUT', '', { bucket })).headers.Location).toBe('/another');
  expect((await send('HEAD', '', { bucket })).status).toBe(200);
  const described = ['bucketInfo', 'location', 'acl', 'versioning'];
  const replies = await Promise.all(
    described.map((name) => send('GET', '', { bucket, query: { [name]: '' } })),
  );
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
  await send('PUT', '', { bucket, query: { versioning: '' }, body });
  expect(readTag((await send('GET', '', { bucket, query: { versioning: '' } })).text, 'Status')).toBe(
    'Enabled',
  );
  for (const query of [{ 'list-type': '2' }, {}, { uploads: '' }])
    expect((await send('GET', '', { bucket, query })).status).toBe(200);
  await send('PUT', 'k', { bucket, body: 'x' });
  expect(readTag((await send('DELETE', '', { bucket })).text, 'Code')).toBe('BucketNotEmpty');
  await send('DELETE', 'k', { bucket });
  const [version] = model.keys(bucket);
  expect(version).toBeUndefined();
  expect((await send('DELETE', '', { bucket: 'nowhere' })).status).toBe(404);
});

test('an empty bucket is deleted', async () => {
  const { send, model } = createModelClient();
  expect((await send('DELETE', '')).status).toBe(204);
  expect(model.bucketNames()).toEqual([]);
});

describe('direct access to the state', () => {
  test('corruptPart changes the listed checksums', async () => {
    const { model, initiate, putPart, complete } = createModelClient();
    const uploadId = await initiate('k');
    const etag = await putPart('k', uploadId, 1, 'abc');
    const part = { bucket: 'demo', key: 'k', uploadId, partNumber: 1 };
    await model.corruptPart(part);
    expect(`"${model.uploads('demo')[0]?.parts[0]?.etag}"`).not.toBe(etag);
    expect(readTag((await complete('k', uploadId, [[1, etag]])).text, 'Code')).toBe('InvalidPart');
  });

  test('silent corruptPart changes only the CRC64 of the object', async () => {
    const { model, initiate, putPart, complete } = createModelClient();
    const uploadId = await initiate('k');
    const etag = await putPart('k', uploadId, 1, 'abc');
    const [before] = model.uploads('demo');
    await model.corruptPart({ bucket: 'demo', key: 'k', uploadId, partNumber: 1, silent: true });
    expect(model.uploads('demo')[0]).toEqual(before);
    const { headers } = await complete('k', uploadId, [[1, etag]]);
    expect(headers['x-oss-hash-crc64ecma']).not.toBe(before?.parts[0]?.crc64);
    expect(await readObjectText(model, 'k')).toBe('`bc');
  });

  test('removePart removes a part and ignores an absent one', async () => {
    const { model, initiate, putPart } = createModelClient();
    const uploadId = await initiate('k');
    await putPart('k', uploadId, 1, '');
    const part = { bucket: 'demo', key: 'k', uploadId, partNumber: 1 };
    await model.corruptPart(part);
    for (const _ of [1, 2]) await model.removePart(part);
    expect(model.uploads('demo')[0]?.parts).toEqual([]);
  });

  test('keys and uploads are in the order of their UTF-8 bytes', async () => {
    const { model, send, initiate } = createModelClient();
    for (const key of ['\u{1f600}', '\ufffd', 'a']) {
      await send('PUT', key, { body: 'x' });
      await initiate(key);
    }
    expect(model.keys('demo')).toEqual(['a', '\ufffd', '\u{1f600}']);
    expect(model.uploads('demo').map(({ key }) => key)).toEqual(['a', '\ufffd', '\u{1f600}']);
    expect(model.object('demo', 'none')).toBeUndefined();
  });
});

describe('with a data directory', () => {
  let directory = '';
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function started(): Promise<ModelClient> {
    const records = createDirectoryRecords(join(directory, 'records'));
    const restoredBuckets = await loadBuckets(join(directory, 'records'));
    const blobs = await createDirectoryBlobs(join(directory, 'blobs'));
    return createModelClient({ buckets: [], records, restoredBuckets, blobs });
  }

  test('a restart loads every upload, object and setting', async () => {
    directory = await mkdtemp(join(tmpdir(), 'oss-model-'));
    const before = await started();
    await before.model.createBucket('demo');
    await before.send('PUT', '', { query: { cors: '' }, body: CORS });
    await before.model.setVersioning('demo', 'Enabled');
    await before.send('PUT', 'k', { body: 'old' });
    const uploadId = await before.initiate('k');
    const first = await before.putPart('k', uploadId, 1, PART);
    await before.putPart('k', uploadId, 2, 'lost');

    const after = await started();
    const second = await after.putPart('k', uploadId, 2, 'tail');
    expect(
      (
        await after.complete('k', uploadId, [
          [1, first],
          [2, second],
        ])
      ).status,
    ).toBe(200);
    expect(
      (
        await unsigned(after, 'OPTIONS', '/demo/k', {
          origin: 'https://a.test',
          'access-control-request-method': 'PUT',
        })
      ).status,
    ).toBe(200);

    const { model, send } = await started();
    expect(model.uploads('demo')).toEqual([]);
    expect((await readObjectText(model, 'k'))?.slice(102_398)).toBe('AAtail');
    expect(
      (await send('GET', 'k', { query: { versionId: model.object('demo', 'k')?.versionId ?? '' } })).status,
    ).toBe(200);
    expect(await readdir(join(directory, 'blobs'))).toHaveLength(3);
  });

  test('an upload that is aborted during its parts leaves nothing', async () => {
    directory = await mkdtemp(join(tmpdir(), 'oss-model-'));
    const { model, send, initiate, putPart } = await started();
    await model.createBucket('demo');
    const uploadId = await initiate('k');
    const parts = [1, 2, 3].map((partNumber) => putPart('k', uploadId, partNumber, 'x'));
    await Promise.all([...parts, send('DELETE', 'k', { query: { uploadId } })]);
    expect((await started()).model.uploads('demo')).toEqual([]);
    expect(await readdir(join(directory, 'blobs'))).toEqual([]);
  });
});
