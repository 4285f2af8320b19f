import { expect, test } from 'vitest';
import { assertBucket, type EndpointOptions, objectUrl, resolveEndpoint } from './endpoint.ts';

const region = 'cn-hangzhou';

test.each<[Omit<EndpointOptions, 'region'>, string]>([
  [{}, 'https://media.oss-cn-hangzhou.aliyuncs.com/a%20b'],
  [{ internal: true }, 'https://media.oss-cn-hangzhou-internal.aliyuncs.com/a%20b'],
  [{ accelerate: true }, 'https://media.oss-accelerate.aliyuncs.com/a%20b'],
  [{ accelerate: 'overseas' }, 'https://media.oss-accelerate-overseas.aliyuncs.com/a%20b'],
  [{ endpoint: 'oss.example' }, 'https://media.oss.example/a%20b'],
  [{ endpoint: 'http://oss.example/' }, 'http://media.oss.example/a%20b'],
  [{ endpoint: 'HTTPS://OSS.example:443' }, 'https://media.oss.example/a%20b'],
  [{ endpoint: 'oss.example', addressing: 'path' }, 'https://oss.example/media/a%20b'],
  [{ endpoint: 'cdn.example', addressing: 'cname' }, 'https://cdn.example/a%20b'],
  [{ endpoint: 'http://127.0.0.1:9000' }, 'http://127.0.0.1:9000/media/a%20b'],
  [{ endpoint: '127.0.0.1:9000', addressing: 'cname' }, 'https://127.0.0.1:9000/a%20b'],
  [{ endpoint: 'http://[::1]:9000' }, 'http://[::1]:9000/media/a%20b'],
  [{ endpoint: 'localhost:9000' }, 'https://localhost:9000/media/a%20b'],
  [{ endpoint: 'localhost:9000', addressing: 'virtual-host' }, 'https://media.localhost:9000/a%20b'],
])('%j leads to %s', (options, url) => {
  expect(objectUrl(resolveEndpoint({ region, ...options }), 'media', 'a b')).toBe(url);
});

test.each<[Partial<EndpointOptions> | Record<string, unknown>, string]>([
  [{ region: 'oss-us-west-1' }, "region must not start with 'oss-': use 'us-west-1'"],
  [{ region: 'cn_hangzhou' }, 'region must be the ID of a region'],
  [{ region: 'cn-hangzhou.evil.example' }, 'region must be the ID of a region'],
  [{ internal: true, accelerate: true }, 'internal and accelerate exclude each other'],
  [{ endpoint: 'oss.example', internal: true }, 'endpoint excludes internal and accelerate'],
  [{ endpoint: 'oss.example', accelerate: true }, 'endpoint excludes internal and accelerate'],
  [{ endpoint: 'ftp://oss.example' }, 'endpoint must be a host, or a URL with http or https'],
  [{ endpoint: 'https://' }, 'endpoint must be a host, or a URL with http or https'],
  [{ endpoint: 'https://user:pass@oss.example' }, 'endpoint must be a host, or a URL with http or https'],
  [{ endpoint: 'oss.example/bucket' }, 'endpoint must have no path, query or fragment'],
  [{ endpoint: 'oss.example?x=1' }, 'endpoint must have no path, query or fragment'],
  [{ endpoint: '10.0.0.1', addressing: 'virtual-host' }, 'addressing must be path or cname'],
  [{ addressing: 'cname' }, 'addressing cname requires endpoint'],
  [{ addressing: 'third-level' }, 'addressing must be virtual-host, path or cname'],
])('%j is rejected', (options, message) => {
  expect(() => resolveEndpoint({ region, ...options } as EndpointOptions)).toThrow(message);
});

test('names that no bucket can have are rejected', () => {
  for (const bucket of ['ab', '-ab', 'ab-', 'Abc', 'a.b', 'a_b', 'x'.repeat(64), '']) {
    expect(() => assertBucket(bucket)).toThrow('bucket must have 3 to 63');
  }
  for (const bucket of ['abc', '0-9', 'x'.repeat(63)]) assertBucket(bucket);
});
