import OSS from 'ali-oss';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createAliOssObjectStore } from './ali-oss-object-store.ts';

const HOST = 'http://media.oss-cn-hangzhou.aliyuncs.com';
const UPLOAD = { key: 'video/a b.mp4', uploadId: 'UP1' };
const PATH = '/video/a%20b.mp4';

beforeAll(() => nock.disableNetConnect());
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
  vi.useRealTimers();
});
afterAll(() => {
  nock.enableNetConnect();
  nock.restore();
});

/** Options that @types/ali-oss does not contain. */
type ClientOptions = Partial<OSS.Options> & { retryMax?: number; sldEnable?: boolean; cloudBoxId?: string };

function createClient(options: ClientOptions = {}): OSS {
  const known = {
    region: 'oss-cn-hangzhou',
    bucket: 'media',
    accessKeyId: 'id',
    accessKeySecret: 'secret',
    authorizationV4: true,
    refreshSTSTokenInterval: 300_000,
    ...options,
  };
  return new OSS(known);
}

const errorBody = (code: string, more = ''): string =>
  `<Error><Code>${code}</Code><Message>No.</Message><RequestId>REQ</RequestId>${more}</Error>`;

test('initiate without contentType sends no Content-Type', async () => {
  const store = createAliOssObjectStore(createClient());
  const result = '<InitiateMultipartUploadResult><UploadId>007</UploadId></InitiateMultipartUploadResult>';
  nock(HOST, { badheaders: ['content-type', 'content-md5'] })
    .post(`${PATH}?uploads=&encoding-type=url`)
    .matchHeader(
      'authorization',
      /^OSS4-HMAC-SHA256 Credential=id\/\d{8}\/cn-hangzhou\/oss\/aliyun_v4_request,/,
    )
    .matchHeader('x-oss-meta-a', '1')
    .reply(200, result);
  const { uploadId } = await store.initiate({ key: UPLOAD.key, object: { metadata: { a: '1' } } });
  expect(uploadId).toBe('007');
});

test('initiate with contentType sends it as Content-Type', async () => {
  const store = createAliOssObjectStore(createClient());
  const result = '<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>';
  nock(HOST)
    .post(/uploads/)
    .matchHeader('content-type', 'text/x-odd')
    .reply(200, result);
  await store.initiate({ key: UPLOAD.key, object: { contentType: 'text/x-odd' } });
});

const part = (n: number): string =>
  `<Part><PartNumber>${n}</PartNumber><ETag>"E${n}"</ETag><HashCrc64ecma>5</HashCrc64ecma><Size>9</Size></Part>`;
const page = (parts: string, next: string): string =>
  `<ListPartsResult><IsTruncated>${next !== ''}</IsTruncated><NextPartNumberMarker>${next}</NextPartNumberMarker>
   ${parts}</ListPartsResult>`;

test('listParts returns a single part as a list, and requests every page [pain-45]', async () => {
  const store = createAliOssObjectStore(createClient());
  nock(HOST)
    .get(`${PATH}?uploadId=UP1&max-parts=1000&encoding-type=url`)
    .reply(200, page(part(1), '1'))
    .get(`${PATH}?uploadId=UP1&max-parts=1000&encoding-type=url&part-number-marker=1`)
    .reply(200, page(part(2), ''));
  expect(await store.listParts(UPLOAD)).toEqual([
    { partNumber: 1, size: 9, etag: 'E1', crc64: '5' },
    { partNumber: 2, size: 9, etag: 'E2', crc64: '5' },
  ]);
});

const PARTS = [{ partNumber: 1, etag: 'E1' }];
const COMPLETED = '<CompleteMultipartUploadResult><ETag>"E-1"</ETag></CompleteMultipartUploadResult>';

test('complete sends the parts and returns the CRC64', async () => {
  const store = createAliOssObjectStore(createClient());
  nock(HOST)
    .post(`${PATH}?uploadId=UP1&encoding-type=url`, /<PartNumber>1<\/PartNumber><ETag>"E1"<\/ETag>/)
    .matchHeader('content-type', 'application/xml')
    .matchHeader('x-oss-forbid-overwrite', 'true')
    .reply(200, COMPLETED, { 'x-oss-hash-crc64ecma': '12', 'x-oss-request-id': 'REQ' });
  expect(await store.complete({ ...UPLOAD, parts: PARTS, forbidOverwrite: true })).toEqual({
    etag: 'E-1',
    crc64: '12',
    versionId: undefined,
    requestId: 'REQ',
  });
});

test.each([
  ['an <Error> with status 200', 200, errorBody('InternalError'), 'server_error'],
  ['203 CallbackFailed', 203, errorBody('CallbackFailed'), 'callback_failed'],
  ['a truncated document', 200, COMPLETED.slice(0, 50), 'malformed_response'],
  ['no document', 200, '', 'malformed_response'],
])('complete rejects %s', async (_, status, body, code) => {
  const store = createAliOssObjectStore(createClient());
  nock(HOST)
    .post(/uploadId=UP1/)
    .reply(status, body, { etag: '"E-1"' });
  await expect(store.complete({ ...UPLOAD, parts: PARTS })).rejects.toMatchObject({ code });
});

test('an error contains the code, EC and request ID of OSS', async () => {
  const store = createAliOssObjectStore(createClient());
  nock(HOST)
    .delete(/uploadId=UP1/)
    .reply(404, errorBody('NoSuchUpload', '<EC>0042-00000002</EC>'));
  await expect(store.abort(UPLOAD)).rejects.toMatchObject({
    code: 'upload_not_found',
    message: '[upload_not_found] OSS responded to AbortMultipartUpload with 404 NoSuchUpload: No.',
    context: { ...UPLOAD, bucket: 'media', status: 404, ec: '0042-00000002', requestId: 'REQ' },
  });
});

test('a throttled request is sent once and rejects with retryAfterMs', async () => {
  const store = createAliOssObjectStore(createClient({ retryMax: 3 }));
  nock(HOST)
    .get(/uploadId=UP1/)
    .reply(503, errorBody('ServiceUnavailable'), { 'x-oss-qos-delay-time': '70' });
  await expect(store.listParts(UPLOAD)).rejects.toMatchObject({
    code: 'throttled',
    disposition: 'transient',
    context: { retryAfterMs: 70 },
  });
});

test('a lost connection rejects with a network error without URL, and the client does not retry', async () => {
  const store = createAliOssObjectStore(createClient({ retryMax: 3 }));
  nock(HOST)
    .get(/uploadId=UP1/)
    .twice()
    .replyWithError(Object.assign(new Error('lost'), { code: 'ECONNRESET' }));
  const error: unknown = await store.listParts(UPLOAD).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'network', disposition: 'transient', context: UPLOAD });
  expect(error).toHaveProperty(
    'message',
    expect.stringMatching(/^\[network\] ListParts got no response from OSS/),
  );
  expect(String(error)).not.toContain('http');
  expect(error).not.toHaveProperty('cause');
  expect(nock.pendingMocks()).toHaveLength(1);
  nock.cleanAll();
});

test('head returns undefined for a missing object, but rejects for a missing bucket', async () => {
  const store = createAliOssObjectStore(createClient());
  const notFound = (code: string): Record<string, string> => ({
    'x-oss-err': Buffer.from(errorBody(code)).toString('base64'),
  });
  nock(HOST)
    .head(PATH)
    .reply(404, '', notFound('NoSuchKey'))
    .head(PATH)
    .reply(404, '', notFound('NoSuchBucket'))
    .head(`${PATH}?versionId=V1`)
    .reply(200, '', {
      'content-length': '5',
      'last-modified': 'Sat, 21 Nov 2026 04:00:00 GMT',
      'x-oss-hash-crc64ecma': '12',
      'x-oss-meta-a': '1',
    });
  expect(await store.head({ key: UPLOAD.key })).toBeUndefined();
  await expect(store.head({ key: UPLOAD.key })).rejects.toMatchObject({
    context: { ossCode: 'NoSuchBucket' },
  });
  expect(await store.head({ key: UPLOAD.key, versionId: 'V1' })).toMatchObject({
    size: 5,
    crc64: '12',
    metadata: { a: '1' },
    lastModifiedAt: Date.UTC(2026, 10, 21, 4),
  });
});

test('delete sends the version ID', async () => {
  const store = createAliOssObjectStore(createClient());
  nock(HOST).delete(`${PATH}?versionId=V1`).reply(204);
  await store.delete({ key: UPLOAD.key, versionId: 'V1' });
});

const uploads = (key: string, isTruncated: boolean): string =>
  `<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>
   <NextKeyMarker>${key}</NextKeyMarker><NextUploadIdMarker>U</NextUploadIdMarker><Upload><Key>${key}</Key>
   <UploadId>U</UploadId><Initiated>2026-11-21T04:00:00.000Z</Initiated></Upload></ListMultipartUploadsResult>`;

test('listUploads requests every page and sends no empty parameter', async () => {
  const store = createAliOssObjectStore(createClient());
  nock(HOST)
    .get('/?uploads=&max-uploads=1000&encoding-type=url')
    .reply(200, uploads('a%2Bb', true))
    .get('/?uploads=&max-uploads=1000&encoding-type=url&key-marker=a%2Bb&upload-id-marker=U')
    .reply(200, uploads('c', false));
  expect((await store.listUploads({})).map(({ key }) => key)).toEqual(['a+b', 'c']);
});

test('abort does not stop other uploads of the client [pain-18]', async () => {
  const client = createClient();
  const stop = vi.fn();
  Object.assign(client, { _stop: stop });
  nock(HOST)
    .delete(/uploadId=UP1/)
    .reply(204);
  await createAliOssObjectStore(client).abort(UPLOAD);
  expect(stop).not.toHaveBeenCalled();
});

test('a signal rejects with its reason; a request aborted before its start is not sent', async () => {
  const store = createAliOssObjectStore(createClient());
  const reason = new Error('aborted by the test');
  await expect(store.abort({ ...UPLOAD, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const stop = new AbortController();
  nock(HOST)
    .delete(/uploadId=UP1/)
    .reply(() => {
      stop.abort(reason);
      return [204];
    });
  await expect(store.abort({ ...UPLOAD, signal: stop.signal })).rejects.toBe(reason);
});

test('after RequestTimeTooSkewed the clock is corrected for requests and URLs', async () => {
  const now = Date.parse('2026-11-21T04:00:00Z');
  vi.useFakeTimers({ toFake: ['Date'], now });
  const store = createAliOssObjectStore(createClient());
  const date = new Date(now + 3_600_000).toUTCString();
  nock(HOST)
    .delete(/uploadId=UP1/)
    .matchHeader('x-oss-date', '20261121T040000Z')
    .reply(403, errorBody('RequestTimeTooSkewed'), { date })
    .delete(/uploadId=UP1/)
    .matchHeader('x-oss-date', '20261121T050000Z')
    .reply(204);
  await expect(store.abort(UPLOAD)).rejects.toMatchObject({ code: 'clock_skewed' });
  await store.abort(UPLOAD);
  const { url, expiresAt } = await store.presign({ method: 'PUT', key: 'a' });
  expect(new URL(url).searchParams.get('x-oss-date')).toBe('20261121T050000Z');
  expect(expiresAt).toBe(now + 900_000);
});

test.each<[ClientOptions, string]>([
  [{}, 'http://media.oss-cn-hangzhou.aliyuncs.com/a?'],
  [{ secure: true }, 'https://media.oss-cn-hangzhou.aliyuncs.com/a?'],
  [{ secure: true, internal: true }, 'https://media.oss-cn-hangzhou-internal.aliyuncs.com/a?'],
  [{ endpoint: 'https://cdn.example', cname: true }, 'https://cdn.example/a?'],
  [{ endpoint: 'http://127.0.0.1:9000' }, 'http://127.0.0.1:9000/media/a?'],
  [{ endpoint: 'http://oss.example:9000', sldEnable: true }, 'http://oss.example:9000/media/a?'],
])('presigns for %j with the address of the client', async (options, start) => {
  const { url, headers } = await createAliOssObjectStore(createClient(options)).presign({
    method: 'PUT',
    key: 'a',
  });
  expect(url.slice(0, start.length)).toBe(start);
  expect(new URL(url).searchParams.get('x-oss-credential')).toMatch(/^id\/\d{8}\/cn-hangzhou\/oss\//);
  expect(headers).toEqual({});
});

test('presigns for a CloudBox', async () => {
  const client = createClient({ cloudBoxId: 'cb-123', endpoint: 'http://cb-123.example' });
  const { url } = await createAliOssObjectStore(client).presign({ method: 'PUT', key: 'a' });
  const credential = new URL(url).searchParams.get('x-oss-credential');
  expect(credential).toMatch(/\/cb-123\/oss-cloudbox\/aliyun_v4_request$/);
});

test.each<[() => unknown, string]>([
  [() => createClient({ authorizationV4: false }), 'client must have the option authorizationV4: true'],
  [() => createClient({ bucket: undefined }), 'client must have the option bucket'],
  [() => ({}), 'client must be a client of ali-oss 6'],
])('client %# throws a TypeError', (create, message) => {
  expect(() => Reflect.apply(createAliOssObjectStore, undefined, [create()])).toThrow(message);
});

const tokenSet = (n: number) => ({
  accessKeyId: `id${n}`,
  accessKeySecret: `secret${n}`,
  stsToken: `token${n}`,
});

/** The access key and the token a URL was signed with. */
function signedWith(url: string): string {
  const { searchParams } = new URL(url);
  return `${searchParams.get('x-oss-credential')?.split('/')[0]} ${searchParams.get('x-oss-security-token')}`;
}

test('concurrent callers refresh the STS token once, and no URL mixes two sets of credentials [pain-3]', async () => {
  const refreshSTSToken = vi.fn(async () => {
    await Promise.resolve();
    return tokenSet(2);
  });
  const client = createClient({ ...tokenSet(1), refreshSTSToken, refreshSTSTokenInterval: 0 });
  const store = createAliOssObjectStore(client);
  const presigned = await Promise.all([1, 2, 3].map(() => store.presign({ method: 'PUT', key: 'a' })));
  expect(presigned.map(({ url }) => signedWith(url))).toEqual(['id2 token2', 'id2 token2', 'id2 token2']);
  expect(refreshSTSToken).toHaveBeenCalledTimes(1);
});

test('a token younger than the interval is not refreshed, also for requests', async () => {
  const refreshSTSToken = vi.fn(async () => tokenSet(2));
  const store = createAliOssObjectStore(createClient({ ...tokenSet(1), refreshSTSToken }));
  nock(HOST)
    .delete(/uploadId=UP1/)
    .matchHeader('x-oss-security-token', 'token1')
    .matchHeader('authorization', /Credential=id1\//)
    .reply(204);
  await store.abort(UPLOAD);
  expect(refreshSTSToken).not.toHaveBeenCalled();
});

test('a token that OSS rejects as expired is refreshed before the next request', async () => {
  const capitals = { AccessKeyId: 'id2', AccessKeySecret: 'secret2', SecurityToken: 'token2' };
  const refreshSTSToken = vi
    .fn()
    .mockRejectedValueOnce(new Error('STS is unavailable'))
    .mockResolvedValueOnce(capitals);
  const store = createAliOssObjectStore(createClient({ ...tokenSet(1), refreshSTSToken }));
  nock(HOST)
    .delete(/uploadId=UP1/)
    .reply(403, errorBody('SecurityTokenExpired'))
    .delete(/uploadId=UP1/)
    .matchHeader('x-oss-security-token', 'token2')
    .matchHeader('authorization', /Credential=id2\//)
    .reply(204);
  await expect(store.abort(UPLOAD)).rejects.toMatchObject({ code: 'credentials_expired' });
  await expect(store.abort(UPLOAD)).rejects.toMatchObject({
    code: 'credentials_expired',
    disposition: 'transient',
    cause: new Error('STS is unavailable'),
  });
  await store.abort(UPLOAD);
  expect(refreshSTSToken).toHaveBeenCalledTimes(2);
});

test('after a failed refresh the old credentials are used, and the next call refreshes again', async () => {
  const refreshSTSToken = vi
    .fn()
    .mockResolvedValueOnce({ accessKeyId: 'half' })
    .mockResolvedValueOnce(tokenSet(2));
  const client = createClient({ ...tokenSet(1), refreshSTSToken, refreshSTSTokenInterval: 0 });
  const store = createAliOssObjectStore(client);
  expect(signedWith((await store.presign({ method: 'PUT', key: 'a' })).url)).toBe('id1 token1');
  expect(signedWith((await store.presign({ method: 'PUT', key: 'a' })).url)).toBe('id2 token2');
});
