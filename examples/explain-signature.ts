// A presigned PUT is refused with 403 SignatureDoesNotMatch, each time for a different cause. OSS's response
// contains the request that it computed; compared with the signed request, it shows the cause.
import assert from 'node:assert/strict';
import { explainSignatureMismatch, inspectSignedRequest, presign } from '@partway/core/oss';
import { startOssEmulator } from '@partway/emulator';

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials });

const site = { region: 'cn-hangzhou', bucket: 'media', endpoint: emulator.endpoint };
const signed = presign({
  ...site,
  method: 'PUT',
  key: 'notes/1.txt',
  credentials,
  headers: { 'x-oss-meta-author': 'wei' },
});

async function explainRefusal(url: string, init: RequestInit, request = signed): Promise<string> {
  const response = await fetch(url, { method: 'PUT', ...init });
  assert.ok(response.status >= 400);
  const refusal = { status: response.status, body: await response.text() };
  const { cause, detail, remedy } = explainSignatureMismatch(refusal, request);
  console.log(`${cause}: ${detail}\n  ${remedy}`);
  return cause;
}

const { url, headers } = signed;
const bytes = new Uint8Array([1, 2, 3]);
// `fetch` adds a Content-Type to a text, as to a File in a page.
assert.equal(await explainRefusal(url, { headers, body: 'a text' }), 'added-header');
assert.equal(await explainRefusal(url, { body: bytes }), 'missing-header');
assert.equal(await explainRefusal(url, { headers, body: bytes, method: 'POST' }), 'method');
assert.equal(await explainRefusal(`${url}&version=1`, { headers, body: bytes }), 'changed-url');

const wrongSecret = { accessKeyId: 'AK', accessKeySecret: 'another' };
const mistaken = presign({ ...site, method: 'PUT', key: 'notes/1.txt', credentials: wrongSecret });
assert.equal(await explainRefusal(mistaken.url, { body: bytes }, mistaken), 'secret');

// Some problems can be detected without a request.
const elsewhere = presign({
  ...site,
  method: 'GET',
  key: 'k',
  credentials,
  endpoint: 'oss-cn-beijing.aliyuncs.com',
});
const [problem] = inspectSignedRequest(elsewhere).problems;
assert.equal(problem?.cause, 'region');
console.log(`${problem.cause}: ${problem.detail}`);

assert.equal((await fetch(url, { method: 'PUT', headers, body: bytes })).status, 200);
await emulator.close();
