import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  childNames,
  type ModelClient,
  modelClient,
  PART,
  START,
  tag,
  textOfObject,
} from '../test/stages/model-client.ts';
import { CREDENTIALS, headerSigned } from '../test/stages/signing.ts';
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
    const { ask } = modelClient();
    for (const { headers } of [await ask('PUT', 'k', { body: 'x' }), await ask('GET', 'none')]) {
      expect(headers).toMatchObject({
        Server: 'AliyunOSS',
        Date: 'Fri, 02 Jan 2026 03:04:05 GMT',
        Connection: 'keep-alive',
        'x-oss-server-time': '0',
      });
      expect(headers['x-oss-request-id']).toMatch(/^[0-9A-F]{24}$/);
    }
  });

  test('says how long it took by the clock', async () => {
    const client = modelClient();
    async function* slow(): AsyncGenerator<Uint8Array> {
      client.pass(40);
      yield Buffer.from('x');
    }
    const { headers } = await client.ask('PUT', 'k', { body: slow(), contentLength: 1 });
    expect(headers['x-oss-server-time']).toBe('40');
  });

  test('is the same again for the same names, time and requests', async () => {
    const run = async (): Promise<readonly unknown[]> => {
      let last = 0;
      const next = (): string => String(++last).padStart(24, '0');
      const client = modelClient({ ids: { requestId: next, uploadId: next, versionId: next } });
      const uploadId = await client.initiate('k');
      const etag = await client.put('k', uploadId, 1, 'x');
      return [uploadId, await client.complete('k', uploadId, [[1, etag]]), await client.ask('GET', 'k')];
    };
    expect(await run()).toEqual(await run());
  });
});

test('in memory everything happens in microtasks, so that a virtual clock stays in command', async () => {
  const client = modelClient();
  let isLoopTurned = false;
  setImmediate(() => {
    isLoopTurned = true;
  });
  const uploadId = await client.initiate('k');
  const etag = await client.put('k', uploadId, 1, PART);
  await client.complete('k', uploadId, [[1, etag]]);
  await client.ask('GET', 'k');
  await client.ask('DELETE', 'k');
  expect(isLoopTurned).toBe(false);
});

describe('an error', () => {
  test('is XML in the order of OSS', async () => {
    const { headers, text } = await modelClient().ask('GET', 'none');
    expect(childNames(text)).toEqual(['Code', 'Message', 'RequestId', 'HostId', 'Key', 'EC', 'RecommendDoc']);
    expect([tag(text, 'RequestId'), tag(text, 'HostId')]).toEqual([
      headers['x-oss-request-id'],
      '127.0.0.1:9000',
    ]);
    expect([headers['x-oss-ec'], headers['Content-Type']]).toEqual(['0026-00000001', 'application/xml']);
  });

  test('of HEAD is in a header, and has no body', async () => {
    const { status, headers, text } = await modelClient().ask('HEAD', 'none');
    const xml = Buffer.from(headers['x-oss-err'] ?? '', 'base64').toString();
    expect([status, text, headers['x-oss-ec'], tag(xml, 'Code')]).toEqual([
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
  ] as const)('of %s %j with %j is %i %s', async (method, key, wanted, status, code, fields) => {
    const reply = await modelClient().ask(method, key, wanted);
    expect([reply.status, tag(reply.text, 'Code')]).toEqual([status, code]);
    expect(childNames(reply.text)).toEqual(expect.arrayContaining([...fields]));
  });

  test('of our own making is InternalError, and is told of', async () => {
    const reasons: unknown[] = [];
    const broken: Blobs = { ...createMemoryBlobs(), write: () => Promise.reject(new Error('disk full')) };
    const { ask } = modelClient({ blobs: broken, onInternalError: (reason) => reasons.push(reason) });
    const { status, text } = await ask('PUT', 'k', { body: 'x' });
    expect([status, tag(text, 'Code'), reasons]).toEqual([500, 'InternalError', [new Error('disk full')]]);
    await expect(modelClient({ blobs: broken }).ask('PUT', 'k', { body: 'x' })).rejects.toThrow('disk full');
  });
});

describe('who may ask', () => {
  test('is not somebody without a signature', async () => {
    const { status, headers, body } = await unsigned(modelClient(), 'GET', '/demo/k');
    const text = Buffer.from(body as Uint8Array).toString();
    expect([status, tag(text, 'Code'), headers['x-oss-ec']]).toEqual([403, 'AccessDenied', '0003-00000905']);
  });

  test('is whom the model was last told', async () => {
    const client = modelClient();
    const other = { accessKeyId: 'other', accessKeySecret: 'secret' };
    client.model.putCredentials(other);
    expect((await client.ask('GET', 'none')).status).toBe(403);
    client.model.putCredentials([other, CREDENTIALS]);
    expect((await client.ask('GET', 'none')).status).toBe(404);
  });

  test('is nobody by an address that cannot be read', async () => {
    expect((await unsigned(modelClient(), 'GET', '/demo/%zz', { origin: 'https://a.test' })).status).toBe(
      400,
    );
  });
});

describe('an endpoint', () => {
  test.each([
    ['oss-cn-hangzhou.aliyuncs.com', 'SecondLevelDomainForbidden'],
    ['OSS-cn-hangzhou-internal.aliyuncs.com:80', 'SecondLevelDomainForbidden'],
    ['cn-hangzhou.oss.aliyuncs.com', 'SecondLevelDomainForbidden'],
  ])('%s takes no bucket in the path', async (host, code) => {
    const { status, text } = await modelClient().ask('GET', 'k', { headers: { host } });
    expect([status, tag(text, 'Code')]).toEqual([403, code]);
  });

  test.each([
    ['demo.oss-cn-hangzhou.aliyuncs.com', ''],
    ['demo.oss-cn-hangzhou-internal.aliyuncs.com', ''],
    ['demo.cn-hangzhou.oss.aliyuncs.com', ''],
    ['demo.oss-accelerate.aliyuncs.com', ''],
    ['demo.localhost:9000', ''],
    ['demo.oss-cn-beijing.aliyuncs.com', 'oss-cn-hangzhou.aliyuncs.com'],
    ['demo.cn-beijing-internal.oss.aliyuncs.com', 'oss-cn-hangzhou.aliyuncs.com'],
  ])('%s sends a bucket of Hangzhou to %j', async (host, endpoint) => {
    const { model } = modelClient();
    const signed = headerSigned({ signedAt: START });
    const { body } = await model.handle({
      method: 'GET',
      target: '/key',
      headers: { ...signed.headers, host },
      body: nothing(),
    });
    const text = Buffer.from(body as Uint8Array).toString();
    expect([tag(text, 'Code'), tag(text, 'Endpoint')]).toEqual(
      endpoint === '' ? ['NoSuchKey', ''] : ['AccessDenied', endpoint],
    );
  });
});

describe('a page', () => {
  const origin = 'https://a.test';
  const asked = {
    origin,
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'x-oss-meta-a',
  };

  test('asks first, without a signature, and may read answers and refusals alike', async () => {
    const client = modelClient();
    await client.ask('PUT', '', { query: { cors: '' }, body: CORS });
    const preflight = await unsigned(client, 'OPTIONS', '/demo/k?partNumber=1&uploadId=U', asked);
    expect([preflight.status, preflight.headers['Access-Control-Allow-Origin']]).toEqual([200, origin]);
    expect(preflight.headers['Access-Control-Allow-Headers']).toBe('x-oss-meta-a');
    const put = await client.ask('PUT', 'k', { headers: { origin }, body: 'x' });
    const refused = await unsigned(client, 'PUT', '/demo/k', { origin });
    for (const { headers } of [put, refused]) {
      expect(headers).toMatchObject({
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': 'ETag',
      });
    }
    expect(
      (await client.ask('PUT', 'k', { headers: { origin: 'https://b.test' } })).headers,
    ).not.toHaveProperty('Access-Control-Allow-Origin');
  });

  test('is refused without rules, and told that answers vary when the rules say so', async () => {
    const client = modelClient();
    expect((await unsigned(client, 'OPTIONS', '/demo/k', asked)).status).toBe(403);
    const body = CORS.replace(
      '</CORSConfiguration>',
      '<ResponseVary>true</ResponseVary></CORSConfiguration>',
    );
    await client.ask('PUT', '', { query: { cors: '' }, body });
    expect((await client.ask('GET', 'none')).headers.Vary).toBe('Origin');
    expect((await unsigned(client, 'OPTIONS', '/demo/k', asked)).headers.Vary).toBe('Origin');
    expect((await client.ask('GET', '', { query: { cors: '' } })).text).toContain(
      '<ResponseVary>true</ResponseVary>',
    );
    expect((await client.ask('DELETE', '', { query: { cors: '' } })).status).toBe(204);
    expect((await client.ask('GET', 'none')).headers.Vary).toBeUndefined();
  });
});

describe('a lifecycle', () => {
  const put = (client: ModelClient, rule: string): ReturnType<ModelClient['ask']> => {
    const about = '<Prefix>a/</Prefix><Status>Enabled</Status>';
    const body = `<LifecycleConfiguration><Rule>${about}${rule}</Rule></LifecycleConfiguration>`;
    return client.ask('PUT', '', { query: { lifecycle: '' }, body });
  };

  test('ends uploads that are older than its days, when the next request comes', async () => {
    const client = modelClient();
    await put(client, '<AbortMultipartUpload><Days>1</Days></AbortMultipartUpload>');
    const uploadId = await client.initiate('a/k');
    const kept = await client.initiate('b/k');
    client.pass(86_400_000 - 1);
    expect((await client.ask('GET', 'a/k', { query: { uploadId } })).status).toBe(200);
    client.pass(1);
    expect((await client.ask('GET', 'a/k', { query: { uploadId } })).status).toBe(404);
    expect(client.model.uploads('demo').map((upload) => upload.uploadId)).toEqual([kept]);
  });

  test.each([
    '<AbortMultipartUpload><Days>1</Days></AbortMultipartUpload><Tag><Key>a</Key><Value>b</Value></Tag>',
    '<AbortMultipartUpload><Days>1.5</Days></AbortMultipartUpload>',
  ])('with %s is refused', async (rule) => {
    const { status, text } = await put(modelClient(), rule);
    expect([status, tag(text, 'Code')]).toEqual([400, 'MalformedXML']);
  });

  test('that expires objects by tag leaves them: not all of the prefix are meant', async () => {
    const client = modelClient();
    await client.ask('PUT', 'a/k', { body: 'x' });
    await put(client, '<Tag><Key>a</Key><Value>b</Value></Tag><Expiration><Days>1</Days></Expiration>');
    client.pass(2 * 86_400_000);
    expect((await client.ask('HEAD', 'a/k')).status).toBe(200);
    expect((await client.ask('DELETE', '', { query: { lifecycle: '' } })).status).toBe(204);
  });
});

test('buckets are made, described and removed', async () => {
  const { ask, model } = modelClient();
  const bucket = 'another';
  expect((await ask('PUT', '', { bucket })).headers.Location).toBe('/another');
  expect((await ask('HEAD', '', { bucket })).status).toBe(200);
  const described = ['bucketInfo', 'location', 'acl', 'versioning'];
  const replies = await Promise.all(
    described.map((name) => ask('GET', '', { bucket, query: { [name]: '' } })),
  );
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
  await ask('PUT', '', { bucket, query: { versioning: '' }, body });
  expect(tag((await ask('GET', '', { bucket, query: { versioning: '' } })).text, 'Status')).toBe('Enabled');
  for (const query of [{ 'list-type': '2' }, {}, { uploads: '' }])
    expect((await ask('GET', '', { bucket, query })).status).toBe(200);
  await ask('PUT', 'k', { bucket, body: 'x' });
  expect(tag((await ask('DELETE', '', { bucket })).text, 'Code')).toBe('BucketNotEmpty');
  await ask('DELETE', 'k', { bucket });
  const [version] = model.keys(bucket);
  expect(version).toBeUndefined();
  expect((await ask('DELETE', '', { bucket: 'nowhere' })).status).toBe(404);
});

test('an empty bucket is removed', async () => {
  const { ask, model } = modelClient();
  expect((await ask('DELETE', '')).status).toBe(204);
  expect(model.bucketNames()).toEqual([]);
});

describe('behind the back of the protocol', () => {
  test('a part that rots is listed with its new checksums', async () => {
    const { model, initiate, put, complete } = modelClient();
    const uploadId = await initiate('k');
    const etag = await put('k', uploadId, 1, 'abc');
    const part = { bucket: 'demo', key: 'k', uploadId, partNumber: 1 };
    await model.corruptPart(part);
    expect(`"${model.uploads('demo')[0]?.parts[0]?.etag}"`).not.toBe(etag);
    expect(tag((await complete('k', uploadId, [[1, etag]])).text, 'Code')).toBe('InvalidPart');
  });

  test('a part that rots in silence is found out by the CRC64 of the object', async () => {
    const { model, initiate, put, complete } = modelClient();
    const uploadId = await initiate('k');
    const etag = await put('k', uploadId, 1, 'abc');
    const [before] = model.uploads('demo');
    await model.corruptPart({ bucket: 'demo', key: 'k', uploadId, partNumber: 1, silent: true });
    expect(model.uploads('demo')[0]).toEqual(before);
    const { headers } = await complete('k', uploadId, [[1, etag]]);
    expect(headers['x-oss-hash-crc64ecma']).not.toBe(before?.parts[0]?.crc64);
    expect(await textOfObject(model, 'k')).toBe('`bc');
  });

  test('a part is lost, and one that is not there stays so', async () => {
    const { model, initiate, put } = modelClient();
    const uploadId = await initiate('k');
    await put('k', uploadId, 1, '');
    const part = { bucket: 'demo', key: 'k', uploadId, partNumber: 1 };
    await model.corruptPart(part);
    for (const _ of [1, 2]) await model.removePart(part);
    expect(model.uploads('demo')[0]?.parts).toEqual([]);
  });

  test('keys and uploads are in the order of their bytes', async () => {
    const { model, ask, initiate } = modelClient();
    for (const key of ['\u{1f600}', '\ufffd', 'a']) {
      await ask('PUT', key, { body: 'x' });
      await initiate(key);
    }
    expect(model.keys('demo')).toEqual(['a', '\ufffd', '\u{1f600}']);
    expect(model.uploads('demo').map(({ key }) => key)).toEqual(['a', '\ufffd', '\u{1f600}']);
    expect(model.object('demo', 'none')).toBeUndefined();
  });
});

describe('with a directory', () => {
  let directory = '';
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function started(): Promise<ModelClient> {
    const records = createDirectoryRecords(join(directory, 'records'));
    const restoredBuckets = await loadBuckets(join(directory, 'records'));
    const blobs = await createDirectoryBlobs(join(directory, 'blobs'));
    return modelClient({ buckets: [], records, restoredBuckets, blobs });
  }

  test('a restart goes on with every upload, object and setting', async () => {
    directory = await mkdtemp(join(tmpdir(), 'oss-model-'));
    const before = await started();
    await before.model.createBucket('demo');
    await before.ask('PUT', '', { query: { cors: '' }, body: CORS });
    await before.model.setVersioning('demo', 'Enabled');
    await before.ask('PUT', 'k', { body: 'old' });
    const uploadId = await before.initiate('k');
    const first = await before.put('k', uploadId, 1, PART);
    await before.put('k', uploadId, 2, 'lost');

    const after = await started();
    const second = await after.put('k', uploadId, 2, 'tail');
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

    const { model, ask } = await started();
    expect(model.uploads('demo')).toEqual([]);
    expect((await textOfObject(model, 'k'))?.slice(102_398)).toBe('AAtail');
    expect(
      (await ask('GET', 'k', { query: { versionId: model.object('demo', 'k')?.versionId ?? '' } })).status,
    ).toBe(200);
    expect(await readdir(join(directory, 'blobs'))).toHaveLength(3);
  });

  test('an upload that was aborted beside its parts leaves nothing', async () => {
    directory = await mkdtemp(join(tmpdir(), 'oss-model-'));
    const { model, ask, initiate, put } = await started();
    await model.createBucket('demo');
    const uploadId = await initiate('k');
    const parts = [1, 2, 3].map((partNumber) => put('k', uploadId, partNumber, 'x'));
    await Promise.all([...parts, ask('DELETE', 'k', { query: { uploadId } })]);
    expect((await started()).model.uploads('demo')).toEqual([]);
    expect(await readdir(join(directory, 'blobs'))).toEqual([]);
  });
});
