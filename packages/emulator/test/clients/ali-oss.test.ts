import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OSS from 'ali-oss';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OssEmulator, startOssEmulator } from '../../src/index.ts';
import { CREDENTIALS } from '../stages/signing.ts';

let emulator: OssEmulator;
let client: OSS;
let folder: string;
const bytes = randomBytes(3 * 1024 * 1024 + 12_345);

beforeAll(async () => {
  emulator = await startOssEmulator({ buckets: ['demo'], credentials: CREDENTIALS });
  client = clientFor({});
  folder = await mkdtemp(join(tmpdir(), 'emulator-ali-oss-'));
  await writeFile(join(folder, 'movie.bin'), bytes);
});

afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true, force: true });
});

/** Path style over V4, as anybody points ali-oss at an emulator. */
function clientFor(options: object): OSS {
  return new OSS({
    ...CREDENTIALS,
    region: 'oss-cn-hangzhou',
    bucket: 'demo',
    authorizationV4: true,
    endpoint: emulator.endpoint,
    ...{ sldEnable: true },
    ...options,
  });
}

describe('one object', () => {
  const key = "a folder/中 +%&?#'()*!.bin";

  test('with any key is put, read by HEAD and GET, and deleted', async () => {
    const put = await client.put(key, bytes, { meta: { author: 'wei', uid: 1, pid: 2 }, mime: 'video/mp4' });
    expect(put.res.status).toBe(200);
    const head = await client.head(key);
    expect(head.meta).toMatchObject({ author: 'wei', uid: '1' });
    expect(head.res.headers).toMatchObject({
      'content-length': String(bytes.length),
      'content-type': 'video/mp4',
      'x-oss-object-type': 'Normal',
      'x-oss-hash-crc64ecma': emulator.model.object('demo', key)?.crc64,
    });
    const { content } = await client.get(key);
    expect(bytes.equals(content)).toBe(true);
    const { content: middle } = await client.get(key, { headers: { Range: 'bytes=5-14' } });
    expect(bytes.subarray(5, 15).equals(middle)).toBe(true);
    await client.delete(key);
    await expect(client.head(key)).rejects.toMatchObject({ status: 404, code: 'NoSuchKey' });
  });

  test('is listed', async () => {
    await client.put('list/a', Buffer.from('a'));
    await client.put('list/b', Buffer.from('bb'));
    const { objects } = await client.listV2({ prefix: 'list/', 'max-keys': '10' }, {});
    expect(objects.map(({ name, size }) => [name, size])).toEqual([
      ['list/a', 1],
      ['list/b', 2],
    ]);
    const { deleted } = await client.deleteMulti(['list/a', 'list/b']);
    expect(deleted).toHaveLength(2);
  });
});

describe('a multipart upload', () => {
  test('of a file in parallel parts creates one object', async () => {
    const { etag, res } = await client.multipartUpload('movies/1.bin', join(folder, 'movie.bin'), {
      partSize: 100 * 1024,
      parallel: 5,
    });
    expect(res.status).toBe(200);
    expect(etag).toMatch(/^"[0-9A-F]{32}-31"$/);
    const { content } = await client.get('movies/1.bin');
    expect(bytes.equals(content)).toBe(true);
    expect(emulator.model.uploads('demo')).toEqual([]);
  });

  test('can be initiated, listed and aborted step by step', async () => {
    const { uploadId } = await client.initMultipartUpload('movies/2.bin');
    await client.uploadPart('movies/2.bin', uploadId, 1, join(folder, 'movie.bin'), 0, 102_400);
    await client.uploadPart('movies/2.bin', uploadId, 2, join(folder, 'movie.bin'), 102_400, 204_800);
    const page = { 'max-parts': 10, 'part-number-marker': 0, 'encoding-type': 'url' };
    const { parts } = await client.listParts('movies/2.bin', uploadId, page, {});
    expect(parts).toMatchObject([
      { PartNumber: '1', Size: '102400' },
      { PartNumber: '2', Size: '102400' },
    ]);
    const { uploads } = await client.listUploads({ 'max-uploads': 10 });
    expect(uploads.map(({ name }) => name)).toEqual(['movies/2.bin']);
    await client.abortMultipartUpload('movies/2.bin', uploadId);
    const again = client.abortMultipartUpload('movies/2.bin', uploadId);
    await expect(again).rejects.toMatchObject({ status: 404, code: 'NoSuchUpload' });
  });

  test('accepts a part by presigned URL from a client without credentials', async () => {
    const key = 'movies/中 3.bin';
    const { uploadId } = await client.initMultipartUpload(key);
    const queries = { partNumber: '1', uploadId };
    const url = await client.signatureUrlV4('PUT', 60, { queries }, key);
    const response = await fetch(url, { method: 'PUT', body: bytes });
    expect(response.status).toBe(200);
    const etag = response.headers.get('etag') ?? '';
    await client.completeMultipartUpload(key, uploadId, [{ number: 1, etag }]);
    expect(emulator.model.object('demo', key)?.size).toBe(bytes.length);
    const otherPart = await fetch(url.replace('partNumber=1', 'partNumber=2'), {
      method: 'PUT',
      body: Buffer.from('x'),
    });
    expect(otherPart.status).toBe(403);
  });

  test('with an empty marker is rejected, because ali-oss signs `k=` for it and OSS does not', async () => {
    const query = JSON.parse('{ "max-parts": 1, "part-number-marker": "", "encoding-type": "url" }');
    const listing = client.listParts('a', 'U', query, {});
    await expect(listing).rejects.toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
  });
});

describe('CORS rules', () => {
  test('set by the client apply to browsers', async () => {
    await client.putBucketCORS('demo', [
      {
        allowedOrigin: 'https://app.example',
        allowedMethod: 'PUT',
        allowedHeader: '*',
        exposeHeader: 'ETag',
      },
    ]);
    const { rules } = await client.getBucketCORS('demo');
    expect(rules).toMatchObject([{ allowedOrigin: 'https://app.example', exposeHeader: 'ETag' }]);
    const url = await client.signatureUrlV4('PUT', 60, undefined, 'from-a-page');
    const headers = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'PUT' };
    const preflight = await fetch(url, { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(200);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example');
    const put = await fetch(url, {
      method: 'PUT',
      body: Buffer.from('x'),
      headers: { Origin: 'https://app.example' },
    });
    expect(put.status).toBe(200);
    expect(put.headers.get('access-control-expose-headers')).toBe('ETag');
  });
});

describe('a client', () => {
  test('without sldEnable has the bucket in its Host header', async () => {
    const virtualHost = clientFor({ sldEnable: false });
    await virtualHost.put('by-host', Buffer.from('x'));
    expect(emulator.model.object('demo', 'by-host')?.size).toBe(1);
  });

  test('that signs with V1 gets an error with the switch to V4', async () => {
    const old = clientFor({ authorizationV4: false });
    await expect(old.head('x')).rejects.toMatchObject({ status: 400 });
    await expect(old.get('x')).rejects.toThrow('authorizationV4: true');
  });

  test('with temporary credentials sends its token', async () => {
    const sts = { accessKeyId: 'STS.1', accessKeySecret: 's', securityToken: 'tok+en/=' };
    emulator.model.putCredentials(sts);
    const temporary = clientFor({ ...sts, stsToken: sts.securityToken });
    await temporary.put('by-sts', Buffer.from('x'));
    const url = await temporary.signatureUrlV4('GET', 60, undefined, 'by-sts');
    expect((await fetch(url)).status).toBe(200);
    const mistaken = clientFor({ ...sts, stsToken: 'another' });
    await expect(mistaken.get('by-sts')).rejects.toMatchObject({ status: 403, code: 'InvalidSecurityToken' });
  });
});
