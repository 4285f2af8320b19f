// Presigned downloads: an image processed on the way (x-oss-process), and an older version of an object.
import assert from 'node:assert/strict';
import { createOssObjectStore } from '@partway/core/oss';
import { startOssEmulator } from '@partway/emulator';

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials });
const { endpoint } = emulator;
const store = createOssObjectStore({ region: 'cn-hangzhou', bucket: 'media', credentials, endpoint });
emulator.model.setVersioning('media', 'Enabled');

const first = await put('images/cat.png', 'first');
await put('images/cat.png', 'second');

// The process is part of the signature: this URL is not valid for another one.
const process = 'image/resize,w_200';
const resized = await store.presign({
  method: 'GET',
  key: 'images/cat.png',
  query: { 'x-oss-process': process, 'response-content-disposition': 'attachment; filename="cat.png"' },
});
const download = await fetch(resized.url);
assert.equal(download.status, 200);
assert.equal(download.headers.get('content-disposition'), 'attachment; filename="cat.png"');
assert.equal(await download.text(), 'second');
const larger = resized.url.replace('w_200', 'w_4000');
assert.equal((await fetch(larger)).status, 403);

const versionId = first;
const older = await store.presign({ method: 'GET', key: 'images/cat.png', query: { versionId } });
assert.equal(await (await fetch(older.url)).text(), 'first');
console.log(`downloaded the newest version, processed, and version ${versionId}`);
await emulator.close();

async function put(key: string, text: string): Promise<string> {
  const { url, headers } = await store.presign({ method: 'PUT', key });
  const response = await fetch(url, { method: 'PUT', headers, body: new TextEncoder().encode(text) });
  assert.equal(response.status, 200);
  return response.headers.get('x-oss-version-id') ?? '';
}
