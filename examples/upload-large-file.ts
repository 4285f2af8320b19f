// A Node process uploads a large file through a coordinator: it holds no credentials, only presigned URLs.
import assert from 'node:assert/strict';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { startOssEmulator } from '@partway/emulator';
import { UploadError, uploadFile } from '@partway/node';

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials });

// The server. Omit `endpoint` for the real OSS.
const { endpoint } = emulator;
const store = createOssObjectStore({ region: 'cn-hangzhou', bucket: 'media', credentials, endpoint });
const coordinator = createCoordinator({ store });

// The client.
const folder = await mkdtemp(join(tmpdir(), 'partway-example-'));
const path = join(folder, 'movie.mp4');
await makeFile(path, 300 * 1024 ** 2);

const upload = uploadFile(path, {
  controlPlane: coordinator,
  key: 'movies/1.mp4',
  contentType: 'video/mp4',
  metadata: { title: 'one' },
  concurrency: 8,
  onEvent(event) {
    if (event.type === 'retrying')
      console.log(`part ${event.error.context.partNumber}: ${event.error.message}`);
  },
});
try {
  const object = await upload.result;
  console.log(`${object.size} bytes as oss://${object.bucket}/${object.key}, CRC64 ${object.crc64}`);
  assert.equal(object.size, 300 * 1024 ** 2);
  assert.equal(emulator.model.object('media', 'movies/1.mp4')?.crc64, object.crc64);
} catch (error) {
  if (error instanceof UploadError) console.error(error.code, error.hint, error.context.requestId);
  throw error;
} finally {
  await emulator.close();
  await rm(folder, { recursive: true });
}

/** A sparse file: its zeros need no space on disk. */
async function makeFile(name: string, size: number): Promise<void> {
  const handle = await open(name, 'w');
  await handle.truncate(size);
  await handle.close();
}
