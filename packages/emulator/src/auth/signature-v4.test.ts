import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTarget } from '../http/addressing.ts';
import { percentDecode, percentEncode } from '../http/wire-text.ts';
import { OssError } from '../oss-error.ts';
import type { OssRequest } from '../types.ts';
import { type AuthenticatedAs, type AuthenticationCheck, authenticate } from './signature-v4.ts';

/** See OSS.md section 10. */
interface Vector {
  readonly name: string;
  readonly kind: 'query' | 'header';
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly region: string;
  readonly product: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
  readonly date: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | null>>;
  readonly expected: {
    readonly signature: string;
    readonly authorization?: string;
    readonly url?: string;
    readonly canonicalRequest?: string;
    readonly stringToSign?: string;
  };
  readonly sdkUrl?: string;
  readonly agree?: { readonly go?: boolean; readonly js?: boolean; readonly python?: boolean };
  readonly actual?: { readonly goUrl: string; readonly jsUrl: string; readonly pythonUrl: string };
}

const vectorsFile = new URL('../../../../test/vectors/v4-signatures.json', import.meta.url);
const vectors = JSON.parse(readFileSync(vectorsFile, 'utf8')) as readonly Vector[];

function vector(name: string): Vector {
  const found = vectors.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no vector ${name}`);
  return found;
}

type Sent = Pick<OssRequest, 'method' | 'target' | 'headers'>;

function sentTo(url: string, { method, headers }: Pick<Vector, 'method' | 'headers'>): Sent {
  const [, host = '', target = ''] = /^https?:\/\/([^/]*)(.*)$/s.exec(url) ?? [];
  const lowerCased = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { method, target, headers: { ...Object.fromEntries(lowerCased), host } };
}

function sentInHeaderForm({ expected, bucket, key, query, ...rest }: Vector): Sent {
  const pairs = Object.entries(query).map(
    ([name, value]) => `${percentEncode(name)}=${percentEncode(value ?? '')}`,
  );
  const { host = `${bucket}.oss.test` } = rest.headers;
  const url = `http://${host}/${encodePath(key)}${pairs.length > 0 ? '?' : ''}${pairs.join('&')}`;
  const token = rest.securityToken === undefined ? {} : { 'x-oss-security-token': rest.securityToken };
  const authorization = expected.authorization ?? '';
  return sentTo(url, { ...rest, headers: { ...token, ...rest.headers, authorization } });
}

function encodePath(key: string): string {
  return key.split('/').map(percentEncode).join('/');
}

type Circumstances = Partial<Omit<AuthenticationCheck, 'request' | 'target'>>;

function authenticateAs(signer: Vector, sent: Sent, circumstances: Circumstances = {}): AuthenticatedAs {
  const { region, product, accessKeyId, accessKeySecret, securityToken } = signer;
  const request: OssRequest = { ...sent, body: noBody() };
  return authenticate({
    request,
    target: readTarget(request, { cnames: {}, region }),
    region,
    product,
    credentials: [
      { accessKeyId, accessKeySecret, ...(securityToken === undefined ? {} : { securityToken }) },
    ],
    nowMs: Date.parse(signer.date),
    ...circumstances,
  });
}

async function* noBody(): AsyncGenerator<Uint8Array> {}

function refusal(signer: Vector, sent: Sent, circumstances: Circumstances = {}): OssError {
  try {
    authenticateAs(signer, sent, circumstances);
  } catch (reason) {
    if (reason instanceof OssError) return reason;
    throw reason;
  }
  throw new Error('the signature was accepted');
}

const urls = vectors
  .filter(({ kind }) => kind === 'query')
  .flatMap(({ actual, agree, sdkUrl, expected, ...rest }) =>
    [
      { by: 'go', url: agree?.go ? actual?.goUrl : undefined },
      { by: 'js', url: agree?.js ? actual?.jsUrl : undefined },
      { by: 'python', url: agree?.python ? actual?.pythonUrl : undefined },
      { by: 'its SDK', url: sdkUrl },
      { by: 'the expectation', url: expected.url },
    ].flatMap(({ by, url }) => (url === undefined ? [] : [{ ...rest, expected, by, url }])),
  );
const EXPIRES_OVER = 'gen-uploadpart-expires-over';
const UNFIT = ['gen-js-hdr-listParts-empty', 'gen-js-hdr-listUploads-empty'];
const headerVectors = vectors.filter(({ kind }) => kind === 'header');

describe('the vectors of the official SDKs', () => {
  test('are complete', () => {
    expect(vectors).toHaveLength(95);
    expect(urls.length).toBeGreaterThan(130);
  });

  test.each(urls.filter(({ name }) => name !== EXPIRES_OVER))(
    'the URL of $name by $by is accepted',
    (each) => {
      expect(authenticateAs(each, sentTo(each.url, each))).toEqual({ accessKeyId: each.accessKeyId });
    },
  );

  test('a URL with a lifetime of more than seven days is rejected, even with a valid signature', () => {
    const each = vector(EXPIRES_OVER);
    const error = refusal(each, sentTo(each.actual?.goUrl ?? '', each));
    expect(error).toMatchObject({ status: 400, code: 'InvalidArgument', ec: '0002-00000232' });
  });

  test.each(headerVectors.filter(({ name }) => !UNFIT.includes(name)))(
    'the header of $name is accepted',
    (each) => {
      expect(authenticateAs(each, sentInHeaderForm(each))).toEqual({ accessKeyId: each.accessKeyId });
    },
  );

  test.each(UNFIT.map(vector))('$name signs `k=` for an empty value and is rejected', (each) => {
    expect(refusal(each, sentInHeaderForm(each))).toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  test.each([...urls, ...headerVectors.filter(({ expected }) => expected.canonicalRequest)])(
    'another signature of $name is rejected with the expected StringToSign and CanonicalRequest',
    (each) => {
      const sent = 'url' in each ? sentTo(each.url, each) : sentInHeaderForm(each);
      const otherSecret = { credentials: [{ ...each, accessKeySecret: 'another' }] };
      if (each.name === EXPIRES_OVER) return;
      const error = refusal(each, sent, otherSecret);
      expect(error).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch', ec: '0002-00000201' });
      expect(error.fields).toEqual([
        ['OSSAccessKeyId', each.accessKeyId],
        ['SignatureProvided', each.expected.signature],
        ['StringToSign', each.expected.stringToSign],
        ['CanonicalRequest', each.expected.canonicalRequest],
      ]);
    },
  );
});

describe('a signature is valid for one request only', () => {
  const anyUrl = fc.constantFrom(...urls.filter(({ name }) => name !== EXPIRES_OVER));
  const anyHeader = fc.constantFrom(...headerVectors.filter(({ name }) => !UNFIT.includes(name)));
  const anySent = fc.oneof(
    anyUrl.map((each) => ({ each: each as Vector, sent: sentTo(each.url, each) })),
    anyHeader.map((each) => ({ each, sent: sentInHeaderForm(each) })),
  );
  const change = fc.record({ at: fc.nat(), by: fc.constantFrom(...'abzAZ0189-_.') });

  /** Another text, one character longer, shorter or different. */
  function changed(text: string, { at, by }: { readonly at: number; readonly by: string }): string {
    const characters = [...text];
    const index = at % (characters.length + 1);
    if (characters[index] === by) characters.splice(index, 1);
    else characters.splice(index, at % 2, by);
    return characters.join('');
  }

  test('one changed character of method, key, query, signed header or signature is rejected', () => {
    fc.assert(
      fc.property(anySent, change, fc.nat(), ({ each, sent }, difference, choice) => {
        const question = sent.target.indexOf('?');
        const path = question < 0 ? sent.target : sent.target.slice(0, question);
        const query = question < 0 ? [] : sent.target.slice(question + 1).split('&');
        const signedHeaders = Object.keys(sent.headers).filter((name) =>
          /^(x-oss-|content-(type|md5)|authorization)/.test(name),
        );
        const parts: readonly (() => Sent)[] = [
          () => ({ ...sent, method: changed(sent.method, difference) }),
          () => {
            const key = changed(percentDecode(path.slice(1)) ?? '', difference);
            return { ...sent, target: [`/${encodePath(key)}`, query.join('&')].join('?') };
          },
          ...query.map((pair, index) => () => {
            const encoded = percentEncode(changed(percentDecode(pair) ?? '', difference));
            const pairs = query.with(index, encoded.replace('%3D', '='));
            return { ...sent, target: `${path}?${pairs.join('&')}` };
          }),
          ...signedHeaders.map((name) => () => {
            const value = changed(sent.headers[name] ?? '', difference);
            return { ...sent, headers: { ...sent.headers, [name]: value } };
          }),
        ];
        const tampered = parts[choice % parts.length]?.() ?? sent;
        expect(() => authenticateAs(each, tampered)).toThrow(OssError);
      }),
      { numRuns: 1500 },
    );
  });

  test('another bucket, an added or removed parameter or an added signed header is rejected', () => {
    const each = vector('gen-uploadpart-sts');
    const sent = sentTo(each.actual?.goUrl ?? '', each);
    const others: readonly Sent[] = [
      { ...sent, headers: { ...sent.headers, host: 'other.oss.test' } },
      { ...sent, target: `${sent.target}&x=1` },
      { ...sent, target: sent.target.replace('partNumber=1&', '') },
      { ...sent, target: sent.target.replace('partNumber=1&', 'partNumber=1&partNumber=1&') },
      { ...sent, headers: { ...sent.headers, 'content-type': 'text/plain' } },
      { ...sent, headers: { ...sent.headers, 'x-oss-meta-a': 'b' } },
    ];
    for (const other of others) expect(refusal(each, other).code).toBe('SignatureDoesNotMatch');
  });

  test('another endpoint, parameter order or unsigned header is accepted', () => {
    const each = vector('gen-uploadpart-sts');
    const sent = sentTo(each.actual?.goUrl ?? '', each);
    const [path = '', query = ''] = sent.target.split('?');
    const reordered = `${path}?${query.split('&').reverse().join('&')}`;
    const headers = { host: '127.0.0.1:9000', 'user-agent': 'x', 'content-length': '5' };
    const same: Sent = { method: sent.method, target: `/examplebucket${reordered}`, headers };
    expect(authenticateAs(each, same)).toEqual({ accessKeyId: each.accessKeyId });
  });
});
