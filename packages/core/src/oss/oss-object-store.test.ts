import { expect, test } from 'vitest';
import type { ObjectStore } from '../object-store-port.ts';
import { createOssObjectStore, type OssObjectStoreOptions } from './oss-object-store.ts';

interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly init: RequestInit;
}

type ScriptedResponse = Response | (() => Response | Promise<Response>);

const NOW = Date.parse('2026-11-21T04:00:00Z');

/** A store with a `fetch` that returns the responses in order and records the requests. */
function createStore(responses: readonly ScriptedResponse[], options: Partial<OssObjectStoreOptions> = {}) {
  const sent: SentRequest[] = [];
  const rest = [...responses];
  const store = createOssObjectStore({
    region: 'cn-hangzhou',
    bucket: 'media',
    credentials: { accessKeyId: 'id', accessKeySecret: 'secret' },
    clock: { now: () => NOW },
    fetch: async (url, init) => {
      const { pathname, searchParams } = new URL(url);
      const body = init.body instanceof Uint8Array ? new TextDecoder().decode(init.body) : undefined;
      const headers = Object.fromEntries(new Headers(init.headers));
      const query = Object.fromEntries(searchParams);
      sent.push({ method: init.method ?? '', path: pathname, query, headers, body, init });
      const next = rest.shift();
      if (next === undefined) throw new Error('unexpected request');
      return next instanceof Response ? next : await next();
    },
    ...options,
  });
  return { store, sent };
}

const ok = (body: string | null, headers: Record<string, string> = {}): Response =>
  new Response(body, { headers: { 'x-oss-request-id': 'REQ', ...headers } });
const refusal = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  new Response(`<Error><Code>${code}</Code><Message>No.</Message></Error>`, { status, headers });

const INITIATED = '<InitiateMultipartUploadResult><UploadId>UP1</UploadId></InitiateMultipartUploadResult>';
const COMPLETED = '<CompleteMultipartUploadResult><ETag>"E-1"</ETag></CompleteMultipartUploadResult>';
const UPLOAD = { key: 'a b', uploadId: 'UP1' };

test('initiate sends signed headers of the object and no ACL', async () => {
  const { store, sent } = createStore([ok(INITIATED)]);
  const object = { contentType: 'video/mp4', metadata: { a: '1' }, acl: 'private' } as const;
  expect(await store.initiate({ key: 'a b', object })).toEqual({ uploadId: 'UP1' });
  expect(sent).toMatchObject([
    { method: 'POST', path: '/a%20b', query: { uploads: '', 'encoding-type': 'url' } },
  ]);
  expect(sent[0]?.headers).toEqual({
    'accept-encoding': 'identity',
    authorization: expect.stringMatching(/^OSS4-HMAC-SHA256 Credential=id\/20261121\/cn-hangzhou\/oss\//),
    'content-type': 'video/mp4',
    'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
    'x-oss-date': '20261121T040000Z',
    'x-oss-meta-a': '1',
  });
  expect(sent[0]?.init.redirect).toBe('manual');
});

test('complete sends its parts and reads ETag, CRC64, version and request ID', async () => {
  const response = ok(COMPLETED, { 'x-oss-hash-crc64ecma': '12', 'x-oss-version-id': 'V1' });
  const { store, sent } = createStore([response]);
  const parts = [{ partNumber: 1, etag: 'AB' }];
  expect(await store.complete({ ...UPLOAD, parts, acl: 'private', forbidOverwrite: true })).toEqual({
    etag: 'E-1',
    crc64: '12',
    versionId: 'V1',
    requestId: 'REQ',
  });
  expect(sent[0]).toMatchObject({
    method: 'POST',
    query: { uploadId: 'UP1' },
    body: expect.stringContaining('<PartNumber>1</PartNumber><ETag>"AB"</ETag>'),
    headers: {
      'content-type': 'application/xml',
      'x-oss-forbid-overwrite': 'true',
      'x-oss-object-acl': 'private',
    },
  });
});

const CALLBACK = { callback: 'eyJhIjoxfQ==', callbackVar: 'eyJ4OmEiOiIxIn0=' };
const PARTS = [{ partNumber: 1, etag: 'AB' }];

test('complete with a callback sends its headers and accepts JSON instead of XML', async () => {
  const { store, sent } = createStore([ok('{"id":7}', { ETag: '"E-1"', 'x-oss-hash-crc64ecma': '12' })]);
  expect(await store.complete({ ...UPLOAD, parts: PARTS, callback: CALLBACK })).toMatchObject({
    etag: 'E-1',
    crc64: '12',
    requestId: 'REQ',
    callback: { body: '{"id":7}' },
  });
  expect(sent[0]?.headers).toMatchObject({
    'x-oss-callback': CALLBACK.callback,
    'x-oss-callback-var': CALLBACK.callbackVar,
  });
});

test.each([
  ['XML, as a service without callbacks sends', ok(COMPLETED), undefined],
  [
    'JSON that is too long for the result',
    ok(JSON.stringify('x'.repeat(65_536)), { ETag: '"E-1"' }),
    undefined,
  ],
  ['JSON that quotes an <Error>', ok('["<Error>"]', { ETag: '"E-1"' }), { body: '["<Error>"]' }],
])('complete with a callback accepts %s', async (_, response, callback) => {
  const { store } = createStore([response]);
  const completed = await store.complete({ ...UPLOAD, parts: PARTS, callback: CALLBACK });
  expect(completed.etag).toBe('E-1');
  expect(completed.callback).toEqual(callback);
});

test.each([
  ['text that is not JSON', () => ok('fine', { ETag: '"E-1"' })],
  ['an empty body', () => ok('', { ETag: '"E-1"' })],
  ['JSON without an ETag', () => ok('{}')],
])('complete with a callback rejects with malformed_response for %s', async (_, response) => {
  const { store } = createStore([response]);
  const completing = store.complete({ ...UPLOAD, parts: PARTS, callback: CALLBACK });
  await expect(completing).rejects.toMatchObject({ code: 'malformed_response', disposition: 'transient' });
});

test.each([
  ['an <Error> in a 200 response', () => refusal(200, 'InternalError'), 'server_error', 'transient'],
  ['203 CallbackFailed', () => refusal(203, 'CallbackFailed'), 'callback_failed', 'permanent'],
  ['a truncated document', () => ok(COMPLETED.slice(0, 40)), 'malformed_response', 'transient'],
  ['an empty response', () => ok(''), 'malformed_response', 'transient'],
  ['the JSON of a callback', () => ok('{"status":"ok"}'), 'malformed_response', 'transient'],
  [
    'a redirect',
    () => new Response(null, { status: 302, headers: { location: 'https://x.example/' } }),
    'refused',
    'permanent',
  ],
])('complete rejects for %s', async (_, response, code, disposition) => {
  const { store, sent } = createStore([response]);
  await expect(store.complete({ ...UPLOAD, parts: [{ partNumber: 1, etag: 'AB' }] })).rejects.toMatchObject({
    code,
    disposition,
    context: { operation: 'CompleteMultipartUpload', bucket: 'media', key: 'a b', uploadId: 'UP1' },
  });
  expect(sent).toHaveLength(1);
});

const part = (partNumber: number): string =>
  `<Part><PartNumber>${partNumber}</PartNumber><ETag>"A"</ETag><Size>5</Size></Part>`;
const partsPage = (inside: string, next: number | undefined): string =>
  `<ListPartsResult><IsTruncated>${next !== undefined}</IsTruncated>${inside}
   <NextPartNumberMarker>${next ?? ''}</NextPartNumberMarker></ListPartsResult>`;

test('listParts fetches every page', async () => {
  const { store, sent } = createStore([
    ok(partsPage(part(1) + part(2), 2)),
    ok(partsPage(part(5), undefined)),
  ]);
  const parts = await store.listParts(UPLOAD);
  expect(parts.map(({ partNumber }) => partNumber)).toEqual([1, 2, 5]);
  expect(sent.map(({ query }) => query['part-number-marker'])).toEqual([undefined, '2']);
});

test('listParts rejects a page that repeats', async () => {
  const page = (): Response => ok(partsPage(part(1), 1));
  const { store, sent } = createStore([page, page, page]);
  await expect(store.listParts(UPLOAD)).rejects.toMatchObject({ code: 'malformed_response' });
  expect(sent).toHaveLength(2);
});

test('listParts rejects a list of more than 1,000 pages', async () => {
  const page = (): Response => ok(partsPage('', 1));
  const { store, sent } = createStore(Array.from({ length: 1001 }, () => page));
  await expect(store.listParts(UPLOAD)).rejects.toThrow('has more than 1000 pages');
  expect(sent).toHaveLength(1000);
});

const uploadsPage = (key: string, isTruncated: boolean): string =>
  `<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>
   <NextKeyMarker>${key}</NextKeyMarker><NextUploadIdMarker>UP1</NextUploadIdMarker>
   <Upload><Key>${key}</Key><UploadId>UP1</UploadId><Initiated>2026-11-21T03:00:00.000Z</Initiated></Upload>
   </ListMultipartUploadsResult>`;

test('listUploads fetches every page of the prefix', async () => {
  const { store, sent } = createStore([ok(uploadsPage('p%2F1', true)), ok(uploadsPage('p%2F2', false))]);
  const initiatedAt = NOW - 3_600_000;
  expect(await store.listUploads({ prefix: 'p/' })).toEqual([
    { key: 'p/1', uploadId: 'UP1', initiatedAt },
    { key: 'p/2', uploadId: 'UP1', initiatedAt },
  ]);
  expect(sent).toMatchObject([
    { path: '/', query: { uploads: '', prefix: 'p/', 'max-uploads': '1000' } },
    { path: '/', query: { 'key-marker': 'p/1', 'upload-id-marker': 'UP1' } },
  ]);
});

test('listUploads rejects a page that repeats', async () => {
  const page = (): Response => ok(uploadsPage('k', true));
  const { store, sent } = createStore([page, page, page]);
  await expect(store.listUploads({})).rejects.toThrow('names the same page as the next');
  expect(sent).toHaveLength(2);
  expect(sent[0]?.query).not.toHaveProperty('prefix');
});

test('abort sends the upload ID, so that it never deletes the object', async () => {
  const { store, sent } = createStore([new Response(null, { status: 204 }), refusal(404, 'NoSuchUpload')]);
  await store.abort(UPLOAD);
  expect(sent[0]).toMatchObject({ method: 'DELETE', query: { uploadId: 'UP1' } });
  await expect(store.abort(UPLOAD)).rejects.toMatchObject({ code: 'upload_not_found' });
  await expect(store.abort({ key: 'a', uploadId: '' })).rejects.toThrow('uploadId must not be empty');
  expect(sent).toHaveLength(2);
});

test('delete sends the version ID of the request', async () => {
  const { store, sent } = createStore([
    new Response(null, { status: 204 }),
    new Response(null, { status: 204 }),
  ]);
  await store.delete({ key: 'a' });
  await store.delete({ key: 'a', versionId: 'V1' });
  expect(sent.map(({ query }) => query)).toEqual([{}, { versionId: 'V1' }]);
  await expect(store.delete({ key: 'a', versionId: '' })).rejects.toThrow('versionId must not be empty');
});

const HEAD = {
  'content-length': '5',
  etag: '"E"',
  'last-modified': 'Sat, 21 Nov 2026 03:00:00 GMT',
  'x-oss-hash-crc64ecma': '12',
  'content-type': 'a/b',
  'x-oss-meta-nonce': 'n',
  'x-oss-version-id': 'V1',
};

test('head reads the headers of the object', async () => {
  const { store, sent } = createStore([ok(null, HEAD)]);
  expect(await store.head({ key: 'a', versionId: 'V1' })).toEqual({
    size: 5,
    etag: 'E',
    crc64: '12',
    contentType: 'a/b',
    metadata: { nonce: 'n' },
    versionId: 'V1',
    lastModifiedAt: NOW - 3_600_000,
    requestId: 'REQ',
  });
  expect(sent[0]).toMatchObject({ method: 'HEAD', query: { versionId: 'V1' } });
});

const headRefusal = (code: string): Response =>
  new Response(null, { status: 404, headers: { 'x-oss-err': btoa(`<Error><Code>${code}</Code></Error>`) } });

test('head of a missing object or version is undefined, of a missing bucket an error', async () => {
  const absent = new Response(null, { status: 404, headers: { 'x-oss-ec': '0026-00000001' } });
  const answers = [
    headRefusal('NoSuchKey'),
    headRefusal('NoSuchVersion'),
    absent,
    headRefusal('NoSuchBucket'),
  ];
  const { store } = createStore(answers);
  expect(await store.head({ key: 'a' })).toBeUndefined();
  expect(await store.head({ key: 'a' })).toBeUndefined();
  expect(await store.head({ key: 'a' })).toBeUndefined();
  await expect(store.head({ key: 'a' })).rejects.toMatchObject({ context: { ossCode: 'NoSuchBucket' } });
});

test('head rejects for a 404 without an error of OSS', async () => {
  const { store } = createStore([new Response(null, { status: 404 })]);
  await expect(store.head({ key: 'a' })).rejects.toMatchObject({ code: 'refused', context: { status: 404 } });
});

test('head rejects with malformed_response without a Content-Length', async () => {
  const { store } = createStore([ok(null, { etag: 'E' })]);
  await expect(store.head({ key: 'a' })).rejects.toMatchObject({ code: 'malformed_response' });
});

test('a lost connection rejects with network and the code of its cause, without its text', async () => {
  const cause = Object.assign(new Error('connect to https://secret.example failed'), {
    code: 'ECONNREFUSED',
  });
  const { store } = createStore([
    () => {
      throw new TypeError('fetch failed', { cause });
    },
    () => {
      throw 'a string';
    },
  ]);
  const error: unknown = await store.listParts(UPLOAD).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: 'network',
    disposition: 'transient',
    message: '[network] ListParts got no response from OSS (ECONNREFUSED)',
  });
  expect(error).not.toHaveProperty('cause');
  await expect(store.listParts(UPLOAD)).rejects.toThrow('[network] ListParts got no response from OSS');
});

test('a response that is cut while it is read rejects with network', async () => {
  const body = new ReadableStream({
    pull(controller) {
      controller.error(new Error('terminated'));
    },
  });
  const { store } = createStore([new Response(body)]);
  await expect(store.listParts(UPLOAD)).rejects.toMatchObject({ code: 'network' });
});

test('a response is read up to 8 MiB', async () => {
  const pulls = { count: 0 };
  const endless = new ReadableStream({
    pull(controller) {
      pulls.count++;
      controller.enqueue(new Uint8Array(1024 * 1024));
    },
  });
  const { store } = createStore([new Response(endless)]);
  await expect(store.listParts(UPLOAD)).rejects.toThrow('is longer than 8388608 bytes');
  expect(pulls.count).toBeLessThan(12);
});

test('abort rejects with the reason of the signal', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const { store } = createStore([
    () => {
      stop.abort(reason);
      throw new DOMException('aborted', 'AbortError');
    },
  ]);
  await expect(store.listParts({ ...UPLOAD, signal: stop.signal })).rejects.toBe(reason);
  await expect(store.listParts({ ...UPLOAD, signal: stop.signal })).rejects.toBe(reason);
});

test('abort while credentials are loaded rejects immediately', async () => {
  const { store, sent } = createStore([], { credentials: () => new Promise(() => undefined) });
  const stop = new AbortController();
  const head = store.head({ key: 'a', signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(head).rejects.toThrow('enough');
  expect(sent).toEqual([]);
});

test('RequestTimeTooSkewed corrects the clock for later requests and URLs', async () => {
  const skewed = refusal(403, 'RequestTimeTooSkewed', { date: 'Sat, 21 Nov 2026 05:00:00 GMT' });
  const { store, sent } = createStore([skewed, new Response(null, { status: 204 })]);
  await expect(store.abort(UPLOAD)).rejects.toMatchObject({ code: 'clock_skewed', disposition: 'transient' });
  await store.abort(UPLOAD);
  expect(sent.map(({ headers }) => headers['x-oss-date'])).toEqual(['20261121T040000Z', '20261121T050000Z']);
  const { url, expiresAt } = await store.presign({ method: 'PUT', key: 'a' });
  expect(new URL(url).searchParams.get('x-oss-date')).toBe('20261121T050000Z');
  expect(expiresAt).toBe(NOW + 900_000);
});

test('without a Date header the time is read from the error', async () => {
  const body = `<Error><Code>RequestTimeTooSkewed</Code><ServerTime>2026-11-21T03:00:00.000Z</ServerTime></Error>`;
  const answers = [new Response(body, { status: 403 }), new Response(null, { status: 204 })];
  const { store, sent } = createStore(answers);
  await expect(store.abort(UPLOAD)).rejects.toMatchObject({ code: 'clock_skewed' });
  await store.abort(UPLOAD);
  expect(sent[1]?.headers['x-oss-date']).toBe('20261121T030000Z');
});

test('expired credentials are loaded again', async () => {
  let given = 0;
  const credentials = () => {
    given++;
    return { accessKeyId: `id${given}`, accessKeySecret: 's', securityToken: `t${given}` };
  };
  const answers = [refusal(403, 'SecurityTokenExpired'), new Response(null, { status: 204 })];
  const { store, sent } = createStore(answers, { credentials });
  await expect(store.abort(UPLOAD)).rejects.toMatchObject({ code: 'credentials_expired' });
  await store.abort(UPLOAD);
  expect(sent.map(({ headers }) => headers['x-oss-security-token'])).toEqual(['t1', 't2']);
  expect(sent[1]?.headers.authorization).toContain('Credential=id2/');
});

test('presign sends nothing and returns the URL and headers to send', async () => {
  const { store, sent } = createStore([], { endpoint: 'http://127.0.0.1:9000' });
  const request = {
    method: 'PUT',
    key: 'a b',
    query: { partNumber: 1, uploadId: 'U' },
    expiresInSeconds: 60,
  } as const;
  const { url, headers, expiresAt } = await store.presign(request);
  expect(url).toMatch(
    /^http:\/\/127\.0\.0\.1:9000\/media\/a%20b\?partNumber=1&uploadId=U&x-oss-credential=id%2F/,
  );
  expect(headers).toEqual({});
  expect(expiresAt).toBe(NOW + 60_000);
  expect(sent).toEqual([]);
});

test.each<[string, (store: ObjectStore) => Promise<unknown>]>([
  ['initiate', (store) => store.initiate({ key: '/a', object: {} })],
  ['presign', (store) => store.presign({ method: 'PUT', key: '/a' })],
  ['listParts', (store) => store.listParts({ key: '/a', uploadId: 'U' })],
  ['complete', (store) => store.complete({ key: '/a', uploadId: 'U', parts: [] })],
  ['abort', (store) => store.abort({ key: '/a', uploadId: 'U' })],
  ['head', (store) => store.head({ key: '/a' })],
  ['delete', (store) => store.delete({ key: '/a' })],
])('%s rejects an invalid key and sends nothing', async (_, call) => {
  const { store, sent } = createStore([]);
  await expect(call(store)).rejects.toThrow('key must not start with a slash');
  expect(sent).toEqual([]);
});

test('an invalid option throws when the store is created', () => {
  expect(() => createStore([], { bucket: 'A' })).toThrow('bucket must have');
  expect(() => createStore([], { region: 'oss-cn-hangzhou' })).toThrow("use 'cn-hangzhou'");
  expect(() => createStore([], { credentials: { accessKeyId: '', accessKeySecret: '' } })).toThrow(
    'accessKeyId',
  );
});

test("the platform's fetch is read at each request", async () => {
  const { fetch } = globalThis;
  const store = createOssObjectStore({
    region: 'cn-hangzhou',
    bucket: 'media',
    credentials: { accessKeyId: 'id', accessKeySecret: 'secret' },
    accelerate: true,
    internal: false,
    addressing: 'virtual-host',
  });
  const urls: string[] = [];
  globalThis.fetch = async (url) => {
    urls.push(String(url));
    return new Response(null, { status: 204 });
  };
  try {
    await store.delete({ key: 'a' });
  } finally {
    globalThis.fetch = fetch;
  }
  expect(urls).toEqual(['https://media.oss-accelerate.aliyuncs.com/a']);
});
