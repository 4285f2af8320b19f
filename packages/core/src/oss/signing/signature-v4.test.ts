import fc from 'fast-check';
import { expect, test } from 'vitest';
import vectors from '../../../../../test/vectors/v4-signatures.json' with { type: 'json' };
import { canonicalQuery, canonicalUri, signedHeaders, signV4 } from './signature-v4.ts';

/** Their expected signatures are a defect of ali-oss, which a correct server rejects. */
const MISTAKES = ['gen-js-hdr-listParts-empty', 'gen-js-hdr-listUploads-empty'];

test.each(MISTAKES)('does not repeat the defect of %s', (name) => {
  const vector = vectors.find((each) => each.name === name);
  expect(vector?.agree?.strictCanonicalisation).toBe(false);
  expect(canonicalQuery(asRecord(vector?.query ?? {}))).not.toContain('=&');
});

for (const vector of vectors.filter(({ name }) => !MISTAKES.includes(name))) {
  const { kind, method, bucket, key, region, product, accessKeyId, accessKeySecret, expected } = vector;
  test(`computes the signature of ${vector.name}`, () => {
    const headers = signedHeaders(asRecord(vector.headers), vector.additionalHeaders);
    const credential = `${accessKeyId}/${vector.timestamp.slice(0, 8)}/${region}/${product}/aliyun_v4_request`;
    const query = {
      ...asRecord(vector.query),
      ...(kind === 'query' && {
        'x-oss-signature-version': 'OSS4-HMAC-SHA256',
        'x-oss-date': vector.timestamp,
        'x-oss-expires': vector.expires,
        'x-oss-credential': credential,
        ...(headers.additional !== '' && { 'x-oss-additional-headers': headers.additional }),
        ...(vector.securityToken !== undefined && { 'x-oss-security-token': vector.securityToken }),
      }),
    };
    const made = signV4(
      { method, uri: canonicalUri(bucket, key), query: canonicalQuery(query), headers },
      { accessKeySecret, region, product, signedAt: Date.parse(vector.date) },
    );
    if (expected.canonicalRequest !== undefined)
      expect(made.canonicalRequest).toBe(expected.canonicalRequest);
    if (expected.stringToSign !== undefined) expect(made.stringToSign).toBe(expected.stringToSign);
    expect(made.signature).toBe(expected.signature);
  });
}

const PIECES = {
  method: 'PUT',
  uri: '/bucket/key',
  query: 'partNumber=1&uploadId=A',
  headers: signedHeaders({}, []),
};
const TERMS = { accessKeySecret: 'sk', region: 'cn-hangzhou', product: 'oss', signedAt: 1_718_870_950_000 };

test('a changed character changes the signature', () => {
  const { signature } = signV4(PIECES, TERMS);
  const others = [
    signV4({ ...PIECES, method: 'GET' }, TERMS),
    signV4({ ...PIECES, uri: '/bucket/kez' }, TERMS),
    signV4({ ...PIECES, query: 'partNumber=2&uploadId=A' }, TERMS),
    signV4({ ...PIECES, headers: signedHeaders({ 'content-type': 'a/b' }, []) }, TERMS),
    signV4(PIECES, { ...TERMS, accessKeySecret: 'sl' }),
    signV4(PIECES, { ...TERMS, region: 'cn-hangzhot' }),
    signV4(PIECES, { ...TERMS, product: 'oss-cloudbox' }),
    signV4(PIECES, { ...TERMS, signedAt: TERMS.signedAt + 1000 }),
    signV4(PIECES, { ...TERMS, signedAt: TERMS.signedAt + 86_400_000 }),
  ];
  expect(new Set([signature, ...others.map((other) => other.signature)]).size).toBe(others.length + 1);
});

test('a signing key computed again after its removal from the cache is equal', () => {
  const { signature } = signV4(PIECES, TERMS);
  for (let tenant = 0; tenant < 40; tenant++) signV4(PIECES, { ...TERMS, accessKeySecret: `sk${tenant}` });
  expect(signV4(PIECES, TERMS).signature).toBe(signature);
});

test('a query is encoded, sorted by encoded name, with bare names for empty values', () => {
  const query = { b: 'x/y', a: 1, _u: '', Z: undefined, 'p+q': "!'()*~", 'a b': '+' };
  expect(canonicalQuery(query)).toBe('Z&_u&a=1&a%20b=%2B&b=x%2Fy&p%2Bq=%21%27%28%29%2A~');
});

test('every reserved character in a query is encoded', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string()), (query) => {
      expect(canonicalQuery(query)).toMatch(/^(?:[\w.~-]|%[0-9A-F]{2}|[=&])*$/);
    }),
  );
});

test('additional headers are filtered, sorted and deduplicated', () => {
  const headers = {
    Range: 'bytes=0-4',
    Host: ' h ',
    'Content-Type': 'a/b',
    'X-Oss-Meta-A': '1',
    Cookie: 'c',
    etag: '',
  };
  const names = ['Range', 'range', 'HOST', 'content-type', 'x-oss-meta-a', 'absent', 'etag'];
  expect(signedHeaders(headers, names)).toEqual({
    values: { 'content-type': 'a/b', host: 'h', range: 'bytes=0-4', 'x-oss-meta-a': '1' },
    canonical: 'content-type:a/b\nhost:h\nrange:bytes=0-4\nx-oss-meta-a:1\n',
    additional: 'host;range',
  });
});

function asRecord(record: object): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, String(value ?? '')]));
}
