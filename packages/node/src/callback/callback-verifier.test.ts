import { createPublicKey, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Fetch } from '@partway/core/oss';
import { describe, expect, test } from 'vitest';
import type { CallbackRequest } from './callback-request.ts';
import { type CallbackVerifierOptions, createCallbackVerifier } from './callback-verifier.ts';

/** The worked example in OSS's documentation, with the key of OSS. */
const OSS_KEY = [
  '-----BEGIN PUBLIC KEY-----',
  'MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKs/JBGzwUB2aVht4crBx3oIPBLNsjGsC0fTXv+nvlmklvkcolvpvXLTjaxUHR3W9LXxQ2EHXAJfCB+6H2YF1k8CAwEAAQ==',
  '-----END PUBLIC KEY-----',
].join('\n');
const OSS_SIGNATURE =
  'kKQeGTRccDKyHB3H9vF+xYMSrmhMZjzzl2/kdD1ktNVgbWEfYTQG0G2SU/RaHBovRCE8OkQDjC3uG33esH2txA==';
const OSS_KEY_URL = 'http://gosspublic.alicdn.com/callback_pub_key_v1.pem';

const REQUEST = {
  method: 'POST',
  url: '/index.php?id=1&index=2',
  headers: {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: OSS_SIGNATURE,
    'x-oss-pub-key-url': base64(OSS_KEY_URL),
  },
  body: Buffer.from('bucket=yonghu-test'),
} as const satisfies CallbackRequest;

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Where keys are fetched from, and how often. */
function keyHost(pem = OSS_KEY): { readonly fetch: Fetch; readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    fetch: async (url) => {
      asked.push(url);
      return new Response(pem);
    },
  };
}

function verify(changes: Partial<CallbackRequest> = {}, options: CallbackVerifierOptions = keyHost()) {
  return createCallbackVerifier(options).verify({ ...REQUEST, ...changes });
}

const ours = generateKeyPairSync('rsa', { modulusLength: 1024 });

interface ToSign {
  readonly target?: string;
  /** Changes the signed target. Default: unchanged. */
  readonly text?: string;
  readonly body?: string;
  readonly type?: string;
}

/** A request that is signed as OSS signs, by a key of ours. */
function signedRequest(toSign: ToSign, privateKey: KeyObject = ours.privateKey): CallbackRequest {
  const { target = '/done', body = '{}', type = 'application/json' } = toSign;
  const text = `${toSign.text ?? target}\n${body}`;
  const authorization = createSign('RSA-MD5').update(text).sign(privateKey, 'base64');
  return {
    ...REQUEST,
    url: target,
    headers: { ...REQUEST.headers, 'content-type': type, authorization },
    body,
  };
}

function ourHost(): ReturnType<typeof keyHost> {
  return keyHost(String(ours.publicKey.export({ type: 'spki', format: 'pem' })));
}

describe('a callback', () => {
  test('of the worked example of OSS is genuine, and is read', async () => {
    const host = keyHost();
    const { values, body } = await verify({}, host);
    expect(values).toEqual({ bucket: 'yonghu-test' });
    expect(String(body)).toBe('bucket=yonghu-test');
    expect(host.asked).toEqual(['https://gosspublic.alicdn.com/callback_pub_key_v1.pem']);
  });

  test('may come as a Request, with a full URL, in chunks or as a text', async () => {
    const { method, headers } = REQUEST;
    const url = 'https://app.example.com/index.php?id=1&index=2';
    const request = new Request(url, { method, headers, body: 'bucket=yonghu-test' });
    const verifier = createCallbackVerifier(keyHost());
    expect(await verifier.verify(request)).toMatchObject({ values: { bucket: 'yonghu-test' } });
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('bucket=yong');
      yield Buffer.from('hu-test');
    }
    expect(await verify({ url, body: chunks() })).toHaveProperty('values.bucket');
    expect(await verify({ body: 'bucket=yonghu-test' })).toHaveProperty('values.bucket');
  });

  test.each<[string, Partial<CallbackRequest>]>([
    ['another body', { body: 'bucket=yonghu-tesT' }],
    ['another path', { url: '/index2.php?id=1&index=2' }],
    ['another query', { url: '/index.php?id=1&index=3' }],
    ['a query in another order', { url: '/index.php?index=2&id=1' }],
    ['no query', { url: '/index.php' }],
    [
      'a signature of another text',
      { headers: { ...REQUEST.headers, authorization: base64('x'.repeat(64)) } },
    ],
    ['a signature of another length', { headers: { ...REQUEST.headers, authorization: base64('x') } }],
  ])('with %s is forged', async (_, changes) => {
    await expect(verify(changes)).rejects.toMatchObject({
      code: 'signature_mismatch',
      disposition: 'permanent',
    });
  });

  test('signed by another key than OSS publishes is forged', async () => {
    const stranger = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const verifier = createCallbackVerifier(ourHost());
    await expect(verifier.verify(signedRequest({}, stranger.privateKey))).rejects.toMatchObject({
      code: 'signature_mismatch',
    });
    expect(await verifier.verify(signedRequest({}))).toMatchObject({ values: {} });
  });

  test('has its path decoded and its query as it is in the signed text', async () => {
    const text = '/döne/a b?n=%C3%B6+%20';
    const request = signedRequest({ target: '/d%C3%B6ne/a%20b?n=%C3%B6+%20', text, body: '{"a":[1]}' });
    expect(await createCallbackVerifier(ourHost()).verify(request)).toMatchObject({ values: { a: [1] } });
  });

  test.each([
    'http://gosspublic.alicdn.com.evil.example/key.pem',
    'http://gosspublic.alicdn.com@evil.example/key.pem',
    'http://gosspublic.alicdn.com:80@evil.example/key.pem',
    'http://user:pass@gosspublic.alicdn.com/key.pem',
    'http://gosspublic.alicdn.com:8080/key.pem',
    'http://gosspublic.alicdn.com\\@evil.example/key.pem',
    'http://gosspublic.alicdn.com/\\..\\key.pem',
    'http://gosspublic.alicdn.com/a/../key.pem',
    'http://evil.example/?http://gosspublic.alicdn.com/',
    'http://evil.example/#http://gosspublic.alicdn.com/',
    '//gosspublic.alicdn.com/key.pem',
    ' http://gosspublic.alicdn.com/key.pem',
    'http://gosspublic.alicdn.com/key.pem\n',
    'ftp://gosspublic.alicdn.com/key.pem',
    'file:///etc/key.pem',
    'http://gosspublic.alicdn.com',
  ])('with its key at %j is refused, and no key is fetched', async (keyUrl) => {
    const host = keyHost();
    const headers = { ...REQUEST.headers, 'x-oss-pub-key-url': base64(keyUrl) };
    await expect(verify({ headers }, host)).rejects.toMatchObject({
      code: 'refused',
      disposition: 'permanent',
    });
    expect(host.asked).toEqual([]);
  });

  test.each<[string, Partial<CallbackRequest>]>([
    ['that is no POST', { method: 'GET' }],
    ['without a signature', { headers: { ...REQUEST.headers, authorization: undefined } }],
    ['without the URL of its key', { headers: { ...REQUEST.headers, 'x-oss-pub-key-url': '' } }],
    ['with a signature that is no base64', { headers: { ...REQUEST.headers, authorization: 'Bearer abc' } }],
    [
      'with two signatures',
      { headers: { ...REQUEST.headers, authorization: [OSS_SIGNATURE, OSS_SIGNATURE] } },
    ],
    ['with a header of any length', { headers: { ...REQUEST.headers, authorization: 'A'.repeat(4096) } }],
  ])('%s is refused', async (_, changes) => {
    await expect(verify(changes)).rejects.toMatchObject({ code: 'refused', disposition: 'permanent' });
  });

  test.each([
    ['JSON that is cut', '{"a":', 'application/json'],
    ['JSON that is no object', '[1]', 'application/json; charset=utf-8'],
    ['a form with a name twice', 'a=1&a=2', 'application/x-www-form-urlencoded'],
  ])('with %s is refused, though it is signed', async (_, body, type) => {
    const verifying = createCallbackVerifier(ourHost()).verify(signedRequest({ body, type }));
    await expect(verifying).rejects.toMatchObject({ code: 'refused' });
  });

  test('is read no further than allowed', async () => {
    let read = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        read += 1024;
        yield new Uint8Array(1024);
      }
    }
    const verifying = verify({ body: endless() }, { ...keyHost(), bodySizeMax: 4096 });
    await expect(verifying).rejects.toMatchObject({ code: 'refused' });
    expect(read).toBe(5 * 1024);
    const exact = { ...keyHost(), bodySizeMax: REQUEST.body.length };
    expect(await verify({}, exact)).toHaveProperty('values.bucket');
  });
});

describe('a key', () => {
  test('is fetched once for many callbacks, and again when it is old', async () => {
    const host = keyHost();
    let now = 1_000_000;
    const verifier = createCallbackVerifier({ ...host, clock: { now: () => now }, keyLifetimeMs: 60_000 });
    await Promise.all([verifier.verify(REQUEST), verifier.verify(REQUEST)]);
    now += 59_999;
    await verifier.verify(REQUEST);
    expect(host.asked).toHaveLength(1);
    now += 1;
    await verifier.verify(REQUEST);
    expect(host.asked).toHaveLength(2);
  });

  test('a stranger who names many keys does not push out the one that is kept', async () => {
    const host = keyHost();
    const verifier = createCallbackVerifier(host);
    const named = (keyUrl: string): CallbackRequest => ({
      ...REQUEST,
      headers: { ...REQUEST.headers, 'x-oss-pub-key-url': base64(keyUrl) },
    });
    await verifier.verify(named(OSS_KEY_URL));
    for (let number = 0; number < 20; number++) {
      await verifier.verify(named(OSS_KEY_URL.replace('v1', `v${number + 2}`)));
    }
    expect(host.asked).toHaveLength(21);
    await verifier.verify(named(OSS_KEY_URL));
    expect(host.asked).toHaveLength(21);
    for (const tail of ['?1', '#1', '?']) {
      await expect(verifier.verify(named(OSS_KEY_URL + tail))).rejects.toMatchObject({ code: 'refused' });
    }
    expect(host.asked).toHaveLength(21);
  });

  test.each<[string, Fetch]>([
    ['is not there', async () => new Response('', { status: 404 })],
    ['is elsewhere', async () => new Response('', { status: 302, headers: { Location: 'https://evil/' } })],
    ['is none', async () => new Response('<html>')],
    ['is longer than any', async () => new Response(OSS_KEY.padEnd(10_000, '\n'))],
    ['is of another kind', async () => new Response(ed25519())],
    ['cannot be fetched', () => Promise.reject(new TypeError('fetch failed'))],
  ])('that %s may be fetched the next time', async (_, failing) => {
    const answers = [failing];
    const fetch: Fetch = (url, init) => (answers.shift() ?? keyHost().fetch)(url, init);
    const verifier = createCallbackVerifier({ fetch });
    await expect(verifier.verify(REQUEST)).rejects.toMatchObject({
      code: 'network',
      disposition: 'transient',
    });
    expect(await verifier.verify(REQUEST)).toHaveProperty('values.bucket');
  });

  test('is not waited for longer than allowed, and no redirect is followed', async () => {
    const inits: RequestInit[] = [];
    const hanging: Fetch = (_, init) => {
      inits.push(init);
      return new Promise((_resolve, reject) => {
        init.signal?.addEventListener('abort', () => reject(init.signal?.reason));
      });
    };
    const verifying = verify({}, { fetch: hanging, keyTimeoutMs: 1 });
    await expect(verifying).rejects.toMatchObject({ code: 'network', cause: { name: 'TimeoutError' } });
    expect(inits).toMatchObject([{ redirect: 'error' }]);
  });
});

function ed25519(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return String(createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }));
}

test.each<[string, CallbackVerifierOptions]>([
  ['bodySizeMax', { bodySizeMax: 0 }],
  ['keyTimeoutMs', { keyTimeoutMs: 5001 }],
  ['keyLifetimeMs', { keyLifetimeMs: 1.5 }],
  ['allowedKeyUrls', { allowedKeyUrls: ['gosspublic.alicdn.com'] }],
  ['allowedKeyUrls', { allowedKeyUrls: ['https://gosspublic.alicdn.com'] }],
  ['allowedKeyUrls', { allowedKeyUrls: ['https://user@gosspublic.alicdn.com/'] }],
  ['allowedKeyUrls', { allowedKeyUrls: ['file:///'] }],
])('a wrong %s is refused by its name: %j', (option, options) => {
  expect(() => createCallbackVerifier(options)).toThrow(option);
});
