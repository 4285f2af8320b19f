import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import {
  explainSignatureMismatch,
  type InspectOptions,
  inspectSignedRequest,
  type PresignedRequest,
  type PresignRequest,
  presign,
  type RefusalResponse,
  type SignatureCause,
  type SignatureExplanation,
  signHeaders,
} from '@partway/core/oss';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUCKET, CREDENTIALS, REGION } from '../stages/emulator-stage.ts';

const NOW = Date.UTC(2026, 0, 1);
const STS = { accessKeyId: 'STS.1', accessKeySecret: 'sts-secret', securityToken: 'sts+token/' };
let emulator: OssEmulator;

beforeAll(async () => {
  const credentials = [CREDENTIALS, STS, { ...STS, accessKeyId: 'STS.2', expiresAt: 1 }];
  const clock = { now: () => NOW };
  emulator = await startOssEmulator({ buckets: [BUCKET, 'other'], region: REGION, credentials, clock });
});
afterAll(() => emulator.close());

function createPresigned(more: Partial<PresignRequest> = {}): PresignedRequest {
  const site = {
    region: REGION,
    bucket: BUCKET,
    credentials: CREDENTIALS,
    endpoint: emulator.endpoint,
    now: NOW,
  };
  return presign({ method: 'PUT', key: 'a folder/größe+1', ...site, ...more });
}

/** The request on the wire, which may differ from the presigned one. */
interface SentRequest {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends the request unchanged: `fetch` would add headers and normalise the URL. */
async function send({
  method = 'PUT',
  url = '',
  headers = {},
  body = '',
}: SentRequest): Promise<RefusalResponse> {
  const target = url.slice(url.indexOf('/', 'https://'.length));
  const { port } = emulator;
  const host = /^https?:\/\/([^/]*)/.exec(url)?.[1] ?? '';
  const outgoing = httpRequest({
    host: '127.0.0.1',
    port,
    path: target,
    method,
    headers: { host, ...headers },
  });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  const text = (await response.toArray()).join('');
  return { status: response.statusCode, headers: response.headers, body: text };
}

/** Sends a presigned request with changes, and explains the rejection by OSS. */
async function sendAndExplain(
  request: PresignedRequest,
  changed: SentRequest,
  options: InspectOptions = { now: NOW },
): Promise<SignatureExplanation> {
  const response = await send({ ...request, ...changed });
  expect(response.status).toBeGreaterThanOrEqual(400);
  return withoutSecrets(explainSignatureMismatch(response, request, options), request.url, changed.url ?? '');
}

/** Asserts that the explanation contains no secret, and returns it. */
function withoutSecrets(explanation: SignatureExplanation, ...urls: readonly string[]): SignatureExplanation {
  const text = JSON.stringify(explanation);
  const signatures = urls.flatMap((url) => /x-oss-signature=(\w*)/.exec(url)?.[1] ?? []);
  for (const secret of [
    CREDENTIALS.accessKeySecret,
    STS.accessKeySecret,
    'sts+token',
    'sts%2Btoken',
    ...signatures,
  ]) {
    if (secret !== '') expect(text).not.toContain(secret);
  }
  expect(text).not.toMatch(/[0-9a-f]{32}/);
  expect(explanation.detail).toMatch(/^[A-Z].+\.$/);
  expect(explanation.remedy).toMatch(/^[A-Z].+\.$/);
  return explanation;
}

test('an unchanged request is accepted, so each rejection below has one cause', async () => {
  const plain = createPresigned();
  expect(await send({ ...plain, body: 'x' })).toMatchObject({ status: 200 });
  const withHeaders = createPresigned({ headers: { 'Content-Type': 'text/plain', 'x-oss-meta-a': '1' } });
  expect(await send(withHeaders)).toMatchObject({ status: 200 });
});

describe('a request that was changed after signing', () => {
  const TYPE = { headers: { 'Content-Type': 'text/plain', 'x-oss-meta-a': '1' } } as const;

  test.each<
    [string, Partial<PresignRequest>, (request: PresignedRequest) => SentRequest, SignatureCause, RegExp]
  >([
    [
      'without a signed header',
      TYPE,
      () => ({ headers: { 'content-type': 'text/plain' } }),
      'missing-header',
      /x-oss-meta-a/,
    ],
    ['without any header', TYPE, () => ({ headers: {} }), 'missing-header', /content-type, x-oss-meta-a/],
    [
      'without an additional header',
      { headers: { range: 'bytes=0-1' }, additionalHeaders: ['range'] },
      () => ({ headers: {} }),
      'missing-header',
      /additional/,
    ],
    [
      'with a content type added by the browser',
      {},
      () => ({ headers: { 'content-type': 'video/mp4' } }),
      'added-header',
      /video\/mp4/,
    ],
    ['with metadata', {}, () => ({ headers: { 'x-oss-meta-b': 'hush' } }), 'added-header', /x-oss-meta-b/],
    [
      'with an MD5',
      {},
      () => ({ headers: { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' } }),
      'added-header',
      /content-md5/,
    ],
    [
      'with another value',
      TYPE,
      () => ({ headers: { 'content-type': 'text/html', 'x-oss-meta-a': '1' } }),
      'changed-header',
      /content-type/,
    ],
    ['with another method', {}, () => ({ method: 'DELETE' }), 'method', /for PUT and sent with DELETE/],
    [
      'with a further parameter',
      {},
      ({ url }) => ({ url: `${url}&v=1` }),
      'changed-url',
      /parameter v was added/,
    ],
    [
      'with one parameter less',
      { query: { 'x-oss-traffic-limit': 819200, acl: null } },
      ({ url }) => ({ url: url.replace('acl&', '') }),
      'changed-url',
      /parameter acl was removed/,
    ],
    [
      'with another expiry',
      {},
      ({ url }) => ({ url: url.replace('expires=900', 'expires=9000') }),
      'changed-url',
      /x-oss-expires was changed/,
    ],
    [
      'with another key',
      {},
      ({ url }) => ({ url: url.replace('folder', 'file') }),
      'changed-url',
      /its path differs/,
    ],
    ['with a plus for a space', {}, ({ url }) => ({ url: url.replace('%20', '+') }), 'plus-sign', /the path/],
    [
      'with a space for a plus',
      {},
      ({ url }) => ({ url: url.replace('%2B', '%20') }),
      'plus-sign',
      /the path/,
    ],
    [
      'with a plus in its query',
      { method: 'GET', query: { 'response-content-disposition': 'attachment; filename=a b' } },
      ({ url }) => ({ url: url.replaceAll('%20', '+') }),
      'plus-sign',
      /./,
    ],
    [
      'without its signature',
      {},
      ({ url }) => ({ url: url.replace(/&x-oss-signature=\w+/, '') }),
      'changed-url',
      /malformed/,
    ],
    [
      'without its query',
      {},
      ({ url }) => ({ url: url.replace(/\?.*/, '') }),
      'changed-url',
      /no signature arrived/,
    ],
  ])('%s', async (_, more, change, cause, detail) => {
    const request = createPresigned(more);
    const explanation = await sendAndExplain(request, change(request));
    expect(explanation).toMatchObject({ cause, detail: expect.stringMatching(detail) });
  });

  test('with its parameters in another order is accepted', async () => {
    const { url, ...request } = createPresigned();
    const [path, query = ''] = url.split('?');
    const reordered = `${path}?${query.split('&').reverse().join('&')}`;
    expect(await send({ ...request, url: reordered })).toMatchObject({ status: 200 });
  });

  test('to the host of another bucket', async () => {
    const endpoint = `http://oss-${REGION}.aliyuncs.com`;
    const request = createPresigned({ endpoint, addressing: 'virtual-host' });
    const changed = { url: request.url.replace('//media.', '//other.') };
    expect(await sendAndExplain(request, changed)).toMatchObject({
      cause: 'host',
      detail: expect.stringContaining('the bucket media and reached other'),
    });
    const rewritten = { url: request.url.replace(/\/\/[^/]*/, '//127.0.0.1') };
    expect(await sendAndExplain(request, rewritten)).toMatchObject({
      cause: 'host',
      detail: expect.stringContaining('the bucket media and reached another one'),
    });
  });
});

describe('a request that is sent as it was signed', () => {
  test('with a wrong secret', async () => {
    const request = createPresigned({ credentials: { ...CREDENTIALS, accessKeySecret: 'another' } });
    expect(await sendAndExplain(request, {})).toMatchObject({ cause: 'secret' });
    // Independent of the local clock: OSS has checked the time already.
    expect(await sendAndExplain(request, {}, { now: NOW + 10 ** 9 })).toMatchObject({ cause: 'secret' });
  });

  test('with a wrong secret, with its signature in a header', async () => {
    const site = { region: REGION, bucket: BUCKET, endpoint: emulator.endpoint, now: NOW };
    const request = signHeaders({
      ...{ method: 'GET', key: 'k', query: { acl: null }, ...site },
      credentials: { ...CREDENTIALS, accessKeySecret: 'another' },
      headers: { range: 'bytes=0-1' },
      additionalHeaders: ['range'],
    });
    const response = await send(request);
    expect(withoutSecrets(explainSignatureMismatch(response, request), request.url)).toMatchObject({
      cause: 'secret',
    });
    const changed = await send({ ...request, headers: { ...request.headers, range: 'bytes=0-9' } });
    expect(withoutSecrets(explainSignatureMismatch(changed, request))).toMatchObject({
      cause: 'changed-header',
      detail: expect.stringContaining('range'),
    });
  });

  test.each<[string, Partial<PresignRequest>, SignatureCause, RegExp]>([
    ['an hour after it expired', { now: NOW - 4_500_000 }, 'expired', /expired 3600 s before it arrived/],
    ['presigned by a fast clock', { now: NOW + 3_600_000 }, 'clock', /clock of the signer/],
    ['presigned for another region', { region: 'cn-beijing' }, 'region', /another region/],
    ['presigned for another product', { product: 'oss-cloudbox' }, 'region', /another product/],
    [
      'presigned with an unknown key',
      { credentials: { ...CREDENTIALS, accessKeyId: 'x' } },
      'access-key',
      /access key ID/,
    ],
    [
      'presigned without its token',
      { credentials: { ...STS, securityToken: undefined } },
      'security-token',
      /missing/,
    ],
    [
      'presigned with another token',
      { credentials: { ...STS, securityToken: 'x' } },
      'security-token',
      /token/,
    ],
    [
      'presigned with an expired token',
      { credentials: { ...STS, accessKeyId: 'STS.2' } },
      'security-token',
      /token/,
    ],
    ['to a bucket that does not exist', { bucket: 'nowhere' }, 'host', /does not exist/],
  ])('%s', async (_, more, cause, detail) => {
    const explanation = await sendAndExplain(createPresigned(more), {});
    expect(explanation).toMatchObject({ cause, detail: expect.stringMatching(detail) });
  });

  test('with a signature in a header, made by a slow clock', async () => {
    const site = { region: REGION, bucket: BUCKET, credentials: CREDENTIALS, endpoint: emulator.endpoint };
    const request = signHeaders({ method: 'GET', key: 'k', ...site, now: NOW - 3_600_000 });
    expect(explainSignatureMismatch(await send(request), request)).toMatchObject({
      cause: 'clock',
      detail: 'The clock of the signer is 3600 s behind.',
    });
  });

  test.each([
    [`oss-${REGION}.aliyuncs.com`, 'path', 'host', /OSS requires it in the host/],
    ['oss-cn-beijing.aliyuncs.com', 'virtual-host', 'host', /served at oss-cn-hangzhou\.aliyuncs\.com/],
  ] as const)('to %s with the bucket in the %s', async (endpoint, addressing, cause, detail) => {
    const request = createPresigned({ endpoint, addressing });
    expect(await sendAndExplain(request, {})).toMatchObject({ cause, detail: expect.stringMatching(detail) });
  });

  test('without permission', async () => {
    const effect = { kind: 'refuse', status: 403, code: 'AccessDenied', ec: '0003-00000201' } as const;
    const fault = emulator.faults.add({ effect });
    expect(await sendAndExplain(createPresigned(), {})).toMatchObject({ cause: 'permission' });
    fault.remove();
  });

  test('of a HEAD, with its error in a header', async () => {
    const request = createPresigned({
      method: 'HEAD',
      credentials: { ...CREDENTIALS, accessKeySecret: 'x' },
    });
    expect(await sendAndExplain(request, {})).toMatchObject({ cause: 'secret' });
    expect(await sendAndExplain(request, { headers: { 'content-type': 'a/b' } })).toMatchObject({
      cause: 'added-header',
    });
  });
});

describe('CORS', () => {
  test('a rejected preflight, with its response', async () => {
    const headers = { origin: 'https://a.example', 'access-control-request-method': 'PUT' };
    expect(await sendAndExplain(createPresigned(), { method: 'OPTIONS', headers })).toMatchObject({
      cause: 'cors',
    });
  });

  test('without a response, as a page observes it', () => {
    expect(withoutSecrets(explainSignatureMismatch(undefined, createPresigned()))).toMatchObject({
      cause: 'no-response',
      detail: expect.stringContaining('CORS'),
    });
    expect(explainSignatureMismatch({ status: 0, body: '' }, createPresigned()).cause).toBe('no-response');
  });
});

describe('a response with less information', () => {
  const mismatch = (inside: string): RefusalResponse => ({
    status: 403,
    body: `<Error><Code>SignatureDoesNotMatch</Code>${inside}</Error>`,
  });

  test.each([
    ['a page of a proxy', { status: 502, body: '<html>Bad Gateway</html>' }, /502, which/],
    ['a response that is not an error', { status: 200, body: '' }, /200/],
    [
      'an error about something else',
      { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' },
      /404 NoSuchKey/,
    ],
    [
      'an invalid error code',
      { status: 400, body: '<Error><Code>a b</Code></Error>' },
      /responded with 400,/,
    ],
    ['a mismatch without a canonical request', mismatch(''), /no canonical request/],
    ['a body that is not an error', { status: undefined, body: 'hello' }, /an unknown error,/],
    ['a damaged x-oss-err', { status: 403, body: '', headers: { 'x-oss-err': '***' } }, /403/],
  ])('%s has the cause other', (_, response, detail) => {
    const explanation = withoutSecrets(explainSignatureMismatch(response, createPresigned(), { now: NOW }));
    expect(explanation).toMatchObject({ cause: 'other', detail: expect.stringMatching(detail) });
  });

  test('an invalid canonical request is not compared', () => {
    for (const text of ['', 'PUT', 'a\nb\nc\nd\ne\nf', '%\n%\n%\n\n\n&#1114112;']) {
      const response = mismatch(`<CanonicalRequest>${text}</CanonicalRequest>`);
      expect(withoutSecrets(explainSignatureMismatch(response, createPresigned(), { now: NOW })).cause).toBe(
        'other',
      );
    }
  });

  test('parameter names that may contain a secret are masked', () => {
    const { url, ...request } = createPresigned();
    const signature = /x-oss-signature=(\w+)/.exec(url)?.[1] ?? '';
    const [path = '', query = ''] = new URL(url).pathname.length > 0 ? url.split('?') : [];
    const canonical = [
      'PUT',
      `/${BUCKET}${new URL(path).pathname.slice(BUCKET.length + 1)}`,
      `${signature}&${query}`,
    ];
    const response = mismatch(
      `<CanonicalRequest>${[...canonical, '', '', 'UNSIGNED-PAYLOAD'].join('\n').replaceAll('&', '&amp;')}</CanonicalRequest>`,
    );
    const explanation = withoutSecrets(
      explainSignatureMismatch(response, { ...request, url }, { now: NOW }),
      url,
    );
    expect(explanation).toMatchObject({
      cause: 'changed-url',
      detail: expect.stringContaining('unusual name'),
    });
  });
});

describe('a presigned request before it is sent', () => {
  test('lists its required headers without a finding', () => {
    const request = createPresigned({
      headers: { range: 'bytes=0-1' },
      additionalHeaders: ['range'],
      expiresInSeconds: 60,
    });
    expect(inspectSignedRequest(request, { now: NOW })).toEqual({
      ...{ accessKeyId: CREDENTIALS.accessKeyId, region: REGION, additionalHeaders: ['range'], problems: [] },
      ...{ signedAt: NOW, expiresAt: NOW + 60_000 },
    });
    const sts = createPresigned({ credentials: STS, addressing: 'virtual-host', endpoint: undefined });
    expect(inspectSignedRequest(sts, { now: NOW }).problems).toEqual([]);
  });

  const withoutToken = { credentials: { ...STS, securityToken: undefined } };
  test.each<[string, SignatureCause, Partial<PresignRequest>, (url: string) => string, object]>([
    ['expired', 'expired', { now: NOW - 1_000_000 }, (url) => url, {}],
    ['too early', 'clock', { now: NOW + 1_000_000 }, (url) => url, {}],
    ['for another region', 'region', { endpoint: 'oss-cn-beijing.aliyuncs.com' }, (url) => url, {}],
    [
      'path style',
      'host',
      { endpoint: 'oss-cn-hangzhou.aliyuncs.com', addressing: 'path' },
      (url) => url,
      {},
    ],
    ['without its token', 'security-token', withoutToken, (url) => url, {}],
    ['with its token in a header', 'security-token', {}, (url) => url, { 'X-Oss-Security-Token': 'x' }],
    ['signed twice', 'added-header', {}, (url) => url, { Authorization: 'OSS4-HMAC-SHA256 x' }],
    ['with a plus', 'plus-sign', { query: { a: 'b c' } }, (url) => url.replace('b%20c', 'b+c'), {}],
    ['truncated', 'changed-url', {}, (url) => url.slice(0, -1), {}],
    ['escaped for HTML', 'changed-url', {}, (url) => url.replaceAll('&', '&amp;'), {}],
    ['with a parameter twice', 'changed-url', {}, (url) => `${url}&x-oss-expires=900`, {}],
    ['with a line break', 'changed-url', {}, (url) => url.replace('&', '&\n'), {}],
    ['with dots', 'changed-url', {}, (url) => url.replace('media/', 'media/%2E./'), {}],
    ['with invalid UTF-8', 'changed-url', {}, (url) => `${url}&a=%ff`, {}],
    ['with another day', 'changed-url', {}, (url) => url.replace('%2F20260101%2F', '%2F20260102%2F'), {}],
    [
      'with too long a lifetime',
      'changed-url',
      {},
      (url) => url.replace('expires=900', 'expires=604801'),
      {},
    ],
    ['without a scope', 'changed-url', {}, (url) => url.replace(/%2Faliyun_v4_request/, ''), {}],
    ['without a date', 'changed-url', {}, (url) => url.replace(/x-oss-date=\w+/, 'x-oss-date=1'), {}],
    ['of version 1', 'other', {}, (url) => `${url.split('?')[0]}?OSSAccessKeyId=a&Expires=1&Signature=b`, {}],
    ['without a signature', 'changed-url', {}, () => 'https://example.com/', {}],
    ['that is not a URL', 'changed-url', {}, () => 'a secret', {}],
  ])('%s is reported', (_, cause, more, change, headers) => {
    const request = createPresigned(more);
    const changed = { ...request, url: change(request.url), headers: { ...request.headers, ...headers } };
    const { problems } = inspectSignedRequest(changed, { now: NOW });
    expect(problems.map((problem) => withoutSecrets(problem, request.url).cause)).toContain(cause);
  });

  test('with its signature in a header has no finding about the URL', () => {
    const site = { region: REGION, bucket: BUCKET, credentials: CREDENTIALS };
    const request = signHeaders({ method: 'GET', key: 'k', ...site });
    expect(inspectSignedRequest(request).problems).toEqual([]);
  });

  test('reports a missing additional header', () => {
    const request = createPresigned({ headers: { range: 'bytes=0-1' }, additionalHeaders: ['range'] });
    const { problems } = inspectSignedRequest({ ...request, headers: {} }, { now: NOW });
    expect(problems).toMatchObject([{ cause: 'missing-header' }]);
  });
});
