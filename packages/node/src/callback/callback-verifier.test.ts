import { createPublicKey, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Fetch } from '@partway/core/oss';
import { describe, expect, test } from 'vitest';
import type { CallbackRequest } from './callback-request.ts';
import { type CallbackVerifierOptions, createCallbackVerifier } from './callback-verifier.ts';

/** The example in OSS's documentation, with the key of OSS. */
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

/** A `fetch` that returns the key and records the requested URLs. */
function keyHost(pem = OSS_KEY): { readonly fetch: Fetch; readonly requestedUrls: string[] } {
  const requestedUrls: string[] = [];
  return {
    requestedUrls,
    fetch: async (url) => {
      requestedUrls.push(url);
      return new Response(pem);
    },
  };
}

function verify(changes: Partial<CallbackRequest> = {}, options: CallbackVerifierOptions = keyHost()) {
  return createCallbackVerifier(options).verify({ ...REQUEST, ...changes });
}

const testKey = generateKeyPairSync('rsa', { modulusLength: 1024 });

interface ToSign {
  readonly target?: string;
  /** The target in the signed text. Default: `target`. */
  readonly text?: string;
  readonly body?: string;
  readonly type?: string;
}

/** A request that is signed as OSS does, with the key of this test. */
function signedRequest(toSign: ToSign, privateKey: KeyObject = testKey.privateKey): CallbackRequest {
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

function testKeyHost(): ReturnType<typeof keyHost> {
  return keyHost(String(testKey.publicKey.export({ type: 'spki', format: 'pem' })));
}

describe('a callback', () => {
  test('of the example of OSS is valid', async () => {
    const host = keyHost();
    const { values, body } = await verify({}, host);
    expect(values).toEqual({ bucket: 'yonghu-test' });
    expect(String(body)).toBe('bucket=yonghu-test');
    expect(host.requestedUrls).toEqual(['https://gosspublic.alicdn.com/callback_pub_key_v1.pem']);
  });

  test('can be a Request, have a full URL, and have a body of chunks or text', async () => {
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
  ])('with %s rejects with `signature_mismatch`', async (_, changes) => {
    await expect(verify(changes)).rejects.toMatchObject({
      code: 'signature_mismatch',
      disposition: 'permanent',
    });
  });

  test('signed by a key that OSS does not publish rejects with `signature_mismatch`', async () => {
    const otherKey = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const verifier = createCallbackVerifier(testKeyHost());
    await expect(verifier.verify(signedRequest({}, otherKey.privateKey))).rejects.toMatchObject({
      code: 'signature_mismatch',
    });
    expect(await verifier.verify(signedRequest({}))).toMatchObject({ values: {} });
  });

  test('is signed over its decoded path and its query as sent', async () => {
    const text = '/döne/a b?n=%C3%B6+%20';
    const request = signedRequest({ target: '/d%C3%B6ne/a%20b?n=%C3%B6+%20', text, body: '{"a":[1]}' });
    expect(await createCallbackVerifier(testKeyHost()).verify(request)).toMatchObject({ values: { a: [1] } });
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
  ])('with a key at %j rejects with `refused`, and no key is fetched', async (keyUrl) => {
    const host = keyHost();
    const headers = { ...REQUEST.headers, 'x-oss-pub-key-url': base64(keyUrl) };
    await expect(verify({ headers }, host)).rejects.toMatchObject({
      code: 'refused',
      disposition: 'permanent',
    });
    expect(host.requestedUrls).toEqual([]);
  });

  test.each<[string, Partial<CallbackRequest>]>([
    ['that is not a POST', { method: 'GET' }],
    ['without a signature', { headers: { ...REQUEST.headers, authorization: undefined } }],
    ['without the URL of its key', { headers: { ...REQUEST.headers, 'x-oss-pub-key-url': '' } }],
    ['with a signature that is not base64', { headers: { ...REQUEST.headers, authorization: 'Bearer abc' } }],
    [
      'with two signatures',
      { headers: { ...REQUEST.headers, authorization: [OSS_SIGNATURE, OSS_SIGNATURE] } },
    ],
    [
      'with a header of 4096 characters',
      { headers: { ...REQUEST.headers, authorization: 'A'.repeat(4096) } },
    ],
  ])('%s rejects with `refused`', async (_, changes) => {
    await expect(verify(changes)).rejects.toMatchObject({ code: 'refused', disposition: 'permanent' });
  });

  test.each([
    ['truncated JSON', '{"a":', 'application/json'],
    ['JSON that is not an object', '[1]', 'application/json; charset=utf-8'],
    ['a form that repeats a name', 'a=1&a=2', 'application/x-www-form-urlencoded'],
  ])('with %s and a valid signature rejects with `refused`', async (_, body, type) => {
    const verifying = createCallbackVerifier(testKeyHost()).verify(signedRequest({ body, type }));
    await expect(verifying).rejects.toMatchObject({ code: 'refused' });
  });

  test('is read up to bodySizeMax bytes', async () => {
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
  test('is fetched once for many callbacks, and again after keyLifetimeMs', async () => {
    const host = keyHost();
    let now = 1_000_000;
    const verifier = createCallbackVerifier({ ...host, clock: { now: () => now }, keyLifetimeMs: 60_000 });
    await Promise.all([verifier.verify(REQUEST), verifier.verify(REQUEST)]);
    now += 59_999;
    await verifier.verify(REQUEST);
    expect(host.requestedUrls).toHaveLength(1);
    now += 1;
    await verifier.verify(REQUEST);
    expect(host.requestedUrls).toHaveLength(2);
  });

  test('stays cached when an attacker names many other keys', async () => {
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
    expect(host.requestedUrls).toHaveLength(21);
    await verifier.verify(named(OSS_KEY_URL));
    expect(host.requestedUrls).toHaveLength(21);
    for (const tail of ['?1', '#1', '?']) {
      await expect(verifier.verify(named(OSS_KEY_URL + tail))).rejects.toMatchObject({ code: 'refused' });
    }
    expect(host.requestedUrls).toHaveLength(21);
  });

  test.each<[string, Fetch]>([
    ['does not exist', async () => new Response('', { status: 404 })],
    ['is redirected', async () => new Response('', { status: 302, headers: { Location: 'https://evil/' } })],
    ['is not PEM', async () => new Response('<html>')],
    ['is too long', async () => new Response(OSS_KEY.padEnd(10_000, '\n'))],
    ['is not RSA', async () => new Response(ed25519())],
    ['cannot be fetched', () => Promise.reject(new TypeError('fetch failed'))],
  ])('that %s rejects with `network`, and is fetched again for the next callback', async (_, failing) => {
    const responses = [failing];
    const fetch: Fetch = (url, init) => (responses.shift() ?? keyHost().fetch)(url, init);
    const verifier = createCallbackVerifier({ fetch });
    await expect(verifier.verify(REQUEST)).rejects.toMatchObject({
      code: 'network',
      disposition: 'transient',
    });
    expect(await verifier.verify(REQUEST)).toHaveProperty('values.bucket');
  });

  test('is fetched within keyTimeoutMs and without redirects', async () => {
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
])('an invalid %s throws an error that names it: %j', (option, options) => {
  expect(() => createCallbackVerifier(options)).toThrow(option);
});
