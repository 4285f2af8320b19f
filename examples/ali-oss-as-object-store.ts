// An existing ali-oss client as object store: it sends the coordinator's requests, Partway does the rest.
import assert from 'node:assert/strict';
import { createCoordinator } from '@partway/core/coordinator';
import { startOssEmulator } from '@partway/emulator';
import { createAliOssObjectStore, uploadFile } from '@partway/node';
import OSS from 'ali-oss';

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials });

const options = {
  ...credentials,
  region: 'oss-cn-hangzhou',
  bucket: 'media',
  authorizationV4: true,
  // For the emulator: path-style addressing at its own endpoint. Its type declarations do not
  // have `sldEnable`.
  endpoint: emulator.endpoint,
  sldEnable: true,
};
const coordinator = createCoordinator({ store: createAliOssObjectStore(new OSS(options)) });

const object = await uploadFile(process.argv[1] ?? '', {
  controlPlane: coordinator,
  key: 'scripts/example.js',
}).result;

assert.equal(emulator.model.object('media', 'scripts/example.js')?.crc64, object.crc64);
console.log(`${object.size} bytes through ali-oss, CRC64 ${object.crc64}`);
await emulator.close();
