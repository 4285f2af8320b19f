// The multipart flow of OSS, step by step, with the low-level API: initiate, presign each part, PUT, list,
// complete. `uploadFile` does all of this, and handles failures.
import assert from 'node:assert/strict';
import { combineCrc64, crc64 } from '@partway/core';
import { createOssObjectStore } from '@partway/core/oss';
import { planParts } from '@partway/core/ports';
import { startOssEmulator } from '@partway/emulator';

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials });
const { endpoint } = emulator;
const store = createOssObjectStore({ region: 'cn-hangzhou', bucket: 'media', credentials, endpoint });

const bytes = new Uint8Array(1_000_000).map((_, index) => index % 251);
const key = 'movies/step-by-step.mp4';

const { uploadId } = await store.initiate({ key, object: { contentType: 'video/mp4' } });

const plan = planParts(bytes.length, 400_000);
for (const { partNumber, offset, size } of plan) {
  const { url, headers } = await store.presign({ method: 'PUT', key, query: { partNumber, uploadId } });
  const body = bytes.subarray(offset, offset + size);
  const response = await fetch(url, { method: 'PUT', headers, body });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('x-oss-hash-crc64ecma'), crc64(body));
  console.log(`part ${partNumber}: ${response.headers.get('etag')}`);
}

const parts = await store.listParts({ key, uploadId });
assert.deepEqual(
  parts.map(({ partNumber, size }) => ({ partNumber, size })),
  plan.map(({ partNumber, size }) => ({ partNumber, size })),
);

const completed = await store.complete({ key, uploadId, parts });
assert.equal(completed.crc64, crc64(bytes));
const proven = combineCrc64(parts.map(({ size, crc64: checksum = '' }) => ({ size, crc64: checksum })));
assert.equal(completed.crc64, proven);

const head = await store.head({ key });
assert.equal(head?.contentType, 'video/mp4');
console.log(`completed: ${completed.etag}, CRC64 ${completed.crc64}`);
await emulator.close();
