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

function signed(more: Partial<PresignRequest> = {}): PresignedRequest {
  const terms = {
    region: REGION,
    bucket: BUCKET,
    credentials: CREDENTIALS,
    endpoint: emulator.endpoint,
    now: NOW,
  };
  return presign({ method: 'PUT', key: 'a folder/größe+1', ...terms, ...more });
}

/** The request on the wire, which may differ from the signed one. */
interface Sent {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** As it stands: `fetch` would add to it, and put it right. */
async function send({ method = 'PUT', url = '', headers = {}, body = '' }: Sent): Promise<RefusalResponse> {
  const target = url.slice(url.indexOf('/', 'https://'.length));
  const { port } = emulator;
  const host = /^https?:\/\/([^/]*)/.exec(url)?.[1] ?? '';
  const asked = httpRequest({ host: '127.0.0.1', port, path: target, method, headers: { host, ...headers } });
  asked.end(body);
  const [answer] = await once(asked, 'response');
  const text = (await answer.toArray()).join('');
  return { status: answer.statusCode, headers: answer.headers, body: text };
}

/** Sends what was signed, changed on its way, and explains why OSS refuses it. */
async function explained(
  request: PresignedRequest,
  changed: Sent,
  options: InspectOptions = { now: NOW },
): Promise<SignatureExplanation> {
  const answer = await send({ ...request, ...changed });
  expect(answer.status).toBeGreaterThanOrEqual(400);
  return told(explainSignatureMismatch(answer, request, options), request.url, changed.url ?? '');
}

/** Nothing secret may be in it. */
function told(explanation: SignatureExplanation, ...urls: readonly string[]): SignatureExplanation {
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

test('an unchanged request is accepted, so that each refusal below has one cause', async () => {
  const plain = signed();
  expect(await send({ ...plain, body: 'x' })).toMatchObject({ status: 200 });
  const withHeaders = signed({ headers: { 'Content-Type': 'text/plain', 'x-oss-meta-a': '1' } });
  expect(await send(withHeaders)).toMatchObject({ status: 200 });
});

describe('a request that is not what was signed', () => {
  const TYPE = { headers: { 'Content-Type': 'text/plain', 'x-oss-meta-a': '1' } } as const;

  test.each<[string, Partial<PresignRequest>, (request: PresignedRequest) => Sent, SignatureCause, RegExp]>([
    [
      'without a signed header',
      TYPE,
      () => ({ headers: { 'content-type': 'text/plain' } }),
      'missing-header',
      /x-oss-meta-a/,
    ],
    ['without any', TYPE, () => ({ headers: {} }), 'missing-header', /content-type, x-oss-meta-a/],
    [
      'without an additional header',
      { headers: { range: 'bytes=0-1' }, additionalHeaders: ['range'] },
      () => ({ headers: {} }),
      'missing-header',
      /additional/,
    ],
    [
      'with a type of the browser',
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
      'with less',
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
      'without all of it',
      {},
      ({ url }) => ({ url: url.replace(/\?.*/, '') }),
      'changed-url',
      /no signature arrived/,
    ],
  ])('%s', async (_, more, change, cause, detail) => {
    const request = signed(more);
    const explanation = await explained(request, change(request));
    expect(explanation).toMatchObject({ cause, detail: expect.stringMatching(detail) });
  });

  test('in the order of its parameters is still what was signed', async () => {
    const { url, ...request } = signed();
    const [path, query = ''] = url.split('?');
    const reordered = `${path}?${query.split('&').reverse().join('&')}`;
    expect(await send({ ...request, url: reordered })).toMatchObject({ status: 200 });
  });

  test('to the host of another bucket', async () => {
    const endpoint = `http://oss-${REGION}.aliyuncs.com`;
    const request = signed({ endpoint, addressing: 'virtual-host' });
    const changed = { url: request.url.replace('//media.', '//other.') };
    expect(await explained(request, changed)).toMatchObject({
      cause: 'host',
      detail: expect.stringContaining('the bucket media and reached other'),
    });
    const rewritten = { url: request.url.replace(/\/\/[^/]*/, '//127.0.0.1') };
    expect(await explained(request, rewritten)).toMatchObject({
      cause: 'host',
      detail: expect.stringContaining('the bucket media and reached another one'),
    });
  });
});

describe('a request that is what was signed', () => {
  test('with a wrong secret', async () => {
    const request = signed({ credentials: { ...CREDENTIALS, accessKeySecret: 'another' } });
    expect(await explained(request, {})).toMatchObject({ cause: 'secret' });
    // Independent of the local clock: OSS has checked the time already.
    expect(await explained(request, {}, { now: NOW + 10 ** 9 })).toMatchObject({ cause: 'secret' });
  });

  test('with a wrong secret, by header', async () => {
    const terms = { region: REGION, bucket: BUCKET, endpoint: emulator.endpoint, now: NOW };
    const request = signHeaders({
      ...{ method: 'GET', key: 'k', query: { acl: null }, ...terms },
      credentials: { ...CREDENTIALS, accessKeySecret: 'another' },
      headers: { range: 'bytes=0-1' },
      additionalHeaders: ['range'],
    });
    const answer = await send(request);
    expect(told(explainSignatureMismatch(answer, request), request.url)).toMatchObject({ cause: 'secret' });
    const changed = await send({ ...request, headers: { ...request.headers, range: 'bytes=0-9' } });
    expect(told(explainSignatureMismatch(changed, request))).toMatchObject({
      cause: 'changed-header',
      detail: expect.stringContaining('range'),
    });
  });

  test.each<[string, Partial<PresignRequest>, SignatureCause, RegExp]>([
    ['an hour after it expired', { now: NOW - 4_500_000 }, 'expired', /expired 3600 s before it arrived/],
    ['signed by a clock that is ahead', { now: NOW + 3_600_000 }, 'clock', /clock of the signer/],
    ['signed for another region', { region: 'cn-beijing' }, 'region', /another region/],
    ['signed for another product', { product: 'oss-cloudbox' }, 'region', /another product/],
    [
      'signed with an unknown key',
      { credentials: { ...CREDENTIALS, accessKeyId: 'x' } },
      'access-key',
      /access key ID/,
    ],
    [
      'signed without its token',
      { credentials: { ...STS, securityToken: undefined } },
      'security-token',
      /missing/,
    ],
    ['signed with another token', { credentials: { ...STS, securityToken: 'x' } }, 'security-token', /token/],
    [
      'signed with a dead token',
      { credentials: { ...STS, accessKeyId: 'STS.2' } },
      'security-token',
      /token/,
    ],
    ['to a bucket that is not there', { bucket: 'nowhere' }, 'host', /does not exist/],
  ])('%s', async (_, more, cause, detail) => {
    const explanation = await explained(signed(more), {});
    expect(explanation).toMatchObject({ cause, detail: expect.stringMatching(detail) });
  });

  test('by header with a clock that is wrong', async () => {
    const terms = { region: REGION, bucket: BUCKET, credentials: CREDENTIALS, endpoint: emulator.endpoint };
    const request = signHeaders({ method: 'GET', key: 'k', ...terms, now: NOW - 3_600_000 });
    expect(explainSignatureMismatch(await send(request), request)).toMatchObject({
      cause: 'clock',
      detail: 'The clock of the signer is 3600 s behind.',
    });
  });

  test.each([
    [`oss-${REGION}.aliyuncs.com`, 'path', 'host', /OSS requires it in the host/],
    ['oss-cn-beijing.aliyuncs.com', 'virtual-host', 'host', /served at oss-cn-hangzhou\.aliyuncs\.com/],
  ] as const)('to %s with the bucket in the %s', async (endpoint, addressing, cause, detail) => {
    const request = signed({ endpoint, addressing });
    expect(await explained(request, {})).toMatchObject({ cause, detail: expect.stringMatching(detail) });
  });

  test('signed without permission', async () => {
    const effect = { kind: 'refuse', status: 403, code: 'AccessDenied', ec: '0003-00000201' } as const;
    const fault = emulator.faults.add({ effect });
    expect(await explained(signed(), {})).toMatchObject({ cause: 'permission' });
    fault.remove();
  });

  test('of a HEAD, with its error in a header', async () => {
    const request = signed({ method: 'HEAD', credentials: { ...CREDENTIALS, accessKeySecret: 'x' } });
    expect(await explained(request, {})).toMatchObject({ cause: 'secret' });
    expect(await explained(request, { headers: { 'content-type': 'a/b' } })).toMatchObject({
      cause: 'added-header',
    });
  });
});

describe('CORS', () => {
  test('a preflight that is refused, seen from where it can be seen', async () => {
    const headers = { origin: 'https://a.example', 'access-control-request-method': 'PUT' };
    expect(await explained(signed(), { method: 'OPTIONS', headers })).toMatchObject({ cause: 'cors' });
  });

  test('without a response, as a page observes it', () => {
    expect(told(explainSignatureMismatch(undefined, signed()))).toMatchObject({
      cause: 'no-response',
      detail: expect.stringContaining('CORS'),
    });
    expect(explainSignatureMismatch({ status: 0, body: '' }, signed()).cause).toBe('no-response');
  });
});

describe('a response with less information', () => {
  const mismatch = (inside: string): RefusalResponse => ({
    status: 403,
    body: `<Error><Code>SignatureDoesNotMatch</Code>${inside}</Error>`,
  });

  test.each([
    ['a page of a proxy', { status: 502, body: '<html>Bad Gateway</html>' }, /502, which/],
    ['an answer that is no refusal', { status: 200, body: '' }, /200/],
    [
      'an error about something else',
      { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' },
      /404 NoSuchKey/,
    ],
    ['a code that is none', { status: 400, body: '<Error><Code>a b</Code></Error>' }, /responded with 400,/],
    ['a mismatch without a canonical request', mismatch(''), /no canonical request/],
    ['a body that is no error', { status: undefined, body: 'hello' }, /an unknown error,/],
    ['a damaged x-oss-err', { status: 403, body: '', headers: { 'x-oss-err': '***' } }, /403/],
  ])('%s explains no more than it can', (_, answer, detail) => {
    const explanation = told(explainSignatureMismatch(answer, signed(), { now: NOW }));
    expect(explanation).toMatchObject({ cause: 'other', detail: expect.stringMatching(detail) });
  });

  test('a canonical request that is none is not compared', () => {
    for (const text of ['', 'PUT', 'a\nb\nc\nd\ne\nf', '%\n%\n%\n\n\n&#1114112;']) {
      const answer = mismatch(`<CanonicalRequest>${text}</CanonicalRequest>`);
      expect(told(explainSignatureMismatch(answer, signed(), { now: NOW })).cause).toBe('other');
    }
  });

  test('names that may hold a secret are masked', () => {
    const { url, ...request } = signed();
    const signature = /x-oss-signature=(\w+)/.exec(url)?.[1] ?? '';
    const [path = '', query = ''] = new URL(url).pathname.length > 0 ? url.split('?') : [];
    const canonical = [
      'PUT',
      `/${BUCKET}${new URL(path).pathname.slice(BUCKET.length + 1)}`,
      `${signature}&${query}`,
    ];
    const answer = mismatch(
      `<CanonicalRequest>${[...canonical, '', '', 'UNSIGNED-PAYLOAD'].join('\n').replaceAll('&', '&amp;')}</CanonicalRequest>`,
    );
    const explanation = told(explainSignatureMismatch(answer, { ...request, url }, { now: NOW }), url);
    expect(explanation).toMatchObject({
      cause: 'changed-url',
      detail: expect.stringContaining('unusual name'),
    });
  });
});

describe('a presigned request before it is sent', () => {
  test('lists its required headers without a finding', () => {
    const request = signed({
      headers: { range: 'bytes=0-1' },
      additionalHeaders: ['range'],
      expiresInSeconds: 60,
    });
    expect(inspectSignedRequest(request, { now: NOW })).toEqual({
      ...{ accessKeyId: CREDENTIALS.accessKeyId, region: REGION, additionalHeaders: ['range'], problems: [] },
      ...{ signedAt: NOW, expiresAt: NOW + 60_000 },
    });
    const sts = signed({ credentials: STS, addressing: 'virtual-host', endpoint: undefined });
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
    ['cut', 'changed-url', {}, (url) => url.slice(0, -1), {}],
    ['escaped for HTML', 'changed-url', {}, (url) => url.replaceAll('&', '&amp;'), {}],
    ['with a parameter twice', 'changed-url', {}, (url) => `${url}&x-oss-expires=900`, {}],
    ['with a line end', 'changed-url', {}, (url) => url.replace('&', '&\n'), {}],
    ['with dots', 'changed-url', {}, (url) => url.replace('media/', 'media/%2E./'), {}],
    ['with bytes that are no text', 'changed-url', {}, (url) => `${url}&a=%ff`, {}],
    ['with another day', 'changed-url', {}, (url) => url.replace('%2F20260101%2F', '%2F20260102%2F'), {}],
    ['with too long a life', 'changed-url', {}, (url) => url.replace('expires=900', 'expires=604801'), {}],
    ['without a scope', 'changed-url', {}, (url) => url.replace(/%2Faliyun_v4_request/, ''), {}],
    ['without a date', 'changed-url', {}, (url) => url.replace(/x-oss-date=\w+/, 'x-oss-date=1'), {}],
    ['of version 1', 'other', {}, (url) => `${url.split('?')[0]}?OSSAccessKeyId=a&Expires=1&Signature=b`, {}],
    ['that is none', 'changed-url', {}, () => 'https://example.com/', {}],
    ['that is no URL', 'changed-url', {}, () => 'a secret', {}],
  ])('%s is seen', (_, cause, more, change, headers) => {
    const request = signed(more);
    const changed = { ...request, url: change(request.url), headers: { ...request.headers, ...headers } };
    const { problems } = inspectSignedRequest(changed, { now: NOW });
    expect(problems.map((problem) => told(problem, request.url).cause)).toContain(cause);
  });

  test('by header has no finding about the URL', () => {
    const terms = { region: REGION, bucket: BUCKET, credentials: CREDENTIALS };
    const request = signHeaders({ method: 'GET', key: 'k', ...terms });
    expect(inspectSignedRequest(request).problems).toEqual([]);
  });

  test('reports a missing additional header', () => {
    const request = signed({ headers: { range: 'bytes=0-1' }, additionalHeaders: ['range'] });
    const { problems } = inspectSignedRequest({ ...request, headers: {} }, { now: NOW });
    expect(problems).toMatchObject([{ cause: 'missing-header' }]);
  });
});
