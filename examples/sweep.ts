// Removes unfinished uploads of crashed processes: those without activity for a week, with their parts. Here
// the bucket's clock is advanced instead of waiting.
import assert from 'node:assert/strict';
import { sweep } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { startOssEmulator } from '@partway/emulator';

const DAY = 24 * 60 * 60 * 1000;
const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
let now = Date.now();
const clock = { now: () => now };
const emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials, clock });
const { endpoint } = emulator;
const store = createOssObjectStore({ region: 'cn-hangzhou', bucket: 'media', credentials, endpoint, clock });

async function sendFirstPart(key: string): Promise<void> {
  const { uploadId } = await store.initiate({ key, object: {} });
  const { url } = await store.presign({ method: 'PUT', key, query: { partNumber: 1, uploadId } });
  assert.equal((await fetch(url, { method: 'PUT', body: new Uint8Array(100_000) })).status, 200);
}

await sendFirstPart('uploads/abandoned.mp4');
await sendFirstPart('uploads/paused.mp4');
now += 8 * DAY;
await sendFirstPart('uploads/just-started.mp4');

const options = {
  prefix: 'uploads/',
  olderThanMs: 7 * DAY,
  // An application with a record of its uploads can spare those that will be resumed.
  isLive: ({ key }: { key: string }) => key === 'uploads/paused.mp4',
};
const dry = await sweep(store, { ...options, dryRun: true });
console.log(`would remove ${dry.swept} of ${dry.uploads} uploads: ${dry.bytes} bytes`);
assert.equal(emulator.model.uploads('media').length, 3);

const report = await sweep(store, {
  ...options,
  onUpload: ({ upload, outcome }) => console.log(`${upload.key}: ${outcome}`),
});
assert.deepEqual(report, dry);
assert.deepEqual(report, {
  uploads: 3,
  swept: 1,
  kept: 2,
  gone: 0,
  parts: 1,
  bytes: 100_000,
  failures: [],
});
const left = emulator.model.uploads('media').map(({ key }) => key);
assert.deepEqual(left, ['uploads/just-started.mp4', 'uploads/paused.mp4']);
await emulator.close();
