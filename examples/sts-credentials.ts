// The coordinator signs with STS credentials that expire: they are fetched once for all callers, and again
// before they expire. No URL outlives its token.
import assert from 'node:assert/strict';
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { startOssEmulator } from '@partway/emulator';
import { uploadFile } from '@partway/node';

const expiresAt = Date.now() + 3_600_000;
const token = { accessKeyId: 'STS.AK', accessKeySecret: 'SK', securityToken: 'a-security-token', expiresAt };
const emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials: token });

let fetched = 0;
const { endpoint } = emulator;
const store = createOssObjectStore({
  region: 'cn-hangzhou',
  bucket: 'media',
  endpoint,
  // In production: AssumeRole, or the metadata service of the machine.
  async credentials() {
    fetched += 1;
    return token;
  },
});
const coordinator = createCoordinator({ store });

const controlPlane = coordinator;
const path = process.argv[1] ?? '';
const keys = ['a.js', 'b.js', 'c.js'];
const objects = await Promise.all(keys.map((key) => uploadFile(path, { controlPlane, key }).result));
assert.equal(new Set(objects.map((object) => object.crc64)).size, 1);
assert.equal(fetched, 1);

const week = 604_800;
const presigned = await store.presign({ method: 'GET', key: 'a.js', expiresInSeconds: week });
assert.equal((await fetch(presigned.url)).status, 200);
assert.ok(presigned.expiresAt <= expiresAt);
console.log(
  `credentials fetched ${fetched} time; a URL requested for a week expires with its token after an hour`,
);
await emulator.close();
