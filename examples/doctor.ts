// Checks a bucket before the first upload: credentials, clock, region, permissions, CORS and lifecycle. With
// `fix`, missing rules are added to the existing ones.
import assert from 'node:assert/strict';
import { examineBucket } from '@partway/core/doctor';
import { createBucketAdmin } from '@partway/core/oss';
import { startOssEmulator } from '@partway/emulator';

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials });
const site = { region: 'cn-hangzhou', bucket: 'media', credentials, endpoint: emulator.endpoint };

const admin = createBucketAdmin(site);
const shop = {
  allowedOrigins: ['https://shop.example.com'],
  allowedMethods: ['GET'],
  allowedHeaders: [],
  exposeHeaders: [],
};
await admin.addCorsRule(shop);

async function examine(fix: boolean): Promise<string[]> {
  const checks = await examineBucket({ ...site, origin: 'https://app.example.com', fix });
  for (const { name, status, detail, remedy = '' } of checks)
    console.log(`${status} ${name}: ${detail} ${remedy}`);
  return checks.filter(({ status }) => status !== 'ok').map(({ name }) => name);
}

assert.deepEqual(await examine(false), ['cors', 'lifecycle']);
console.log('-- with `fix`');
assert.deepEqual(await examine(true), []);

const [added, ...others] = await admin.corsRules();
assert.deepEqual(added?.allowedOrigins, ['https://app.example.com']);
assert.deepEqual(others, [{ ...shop, maxAgeSeconds: undefined }]);
assert.equal((await admin.lifecycleRules())[0]?.abortAfterDays, 7);
assert.deepEqual(emulator.model.uploads('media'), []);
await emulator.close();
