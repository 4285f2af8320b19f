// The server signs one PUT with headers and user metadata. A client with the URL and the headers can send the
// object without credentials: here with curl, and with fetch.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { presign } from '@partway/core/oss';
import { startOssEmulator } from '@partway/emulator';

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials });

function signPut(key: string): { url: string; headers: Readonly<Record<string, string>> } {
  return presign({
    method: 'PUT',
    bucket: 'media',
    key,
    region: 'cn-hangzhou',
    endpoint: emulator.endpoint,
    credentials,
    headers: { 'Content-Type': 'text/plain', 'x-oss-meta-author': 'wei', 'x-oss-storage-class': 'IA' },
    expiresInSeconds: 600,
  });
}

// A client with curl.
const forCurl = signPut('notes/curl.txt');
const headerOptions = Object.entries(forCurl.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
console.log(
  `curl -X PUT ${headerOptions.map((text) => (text === '-H' ? text : `'${text}'`)).join(' ')} -d hello …`,
);
const curlOptions = ['--fail', '--silent', '--max-time', '20', '-X', 'PUT', ...headerOptions, '-d', 'hello'];
await promisify(execFile)('curl', [...curlOptions, forCurl.url]);

// A client with fetch.
const forFetch = signPut('notes/fetch.txt');
const response = await fetch(forFetch.url, { method: 'PUT', headers: forFetch.headers, body: 'hello' });
assert.equal(response.status, 200);

for (const key of ['notes/curl.txt', 'notes/fetch.txt']) {
  const object = emulator.model.object('media', key);
  assert.equal(object?.size, 5);
  assert.equal(object.headers['x-oss-meta-author'], 'wei');
  assert.equal(object.headers['content-type'], 'text/plain');
}

// OSS refuses a request without a signed header, or with an unsigned one.
const refused = await fetch(forFetch.url, { method: 'PUT', body: 'hello' });
assert.equal(refused.status, 403);
console.log(`without the signed headers: ${refused.status}`);
await emulator.close();
