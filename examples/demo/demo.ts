// Uploads a real file of about 100 MB, the running Node binary, through presigned parts to an OSS emulator in
// another process, prints the proof, downloads the object and compares its SHA-256 with the file's.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { uploadFile } from '@partway/node';
import { startEmulatorProcess } from './emulator-process.ts';
import { showProgress } from './progress.ts';

const file = process.execPath;
const key = 'demo/node';

const emulator = await startEmulatorProcess();
try {
  const { region, bucket, credentials, endpoint } = emulator;
  const store = createOssObjectStore({ region, bucket, credentials, endpoint });
  const coordinator = createCoordinator({ store });

  console.log(`${file} → oss://${bucket}/${key} (${endpoint})\n`);
  const progress = showProgress();
  const upload = uploadFile(file, { controlPlane: coordinator, key, partSize: 4 * 1024 ** 2 });
  upload.subscribe(() => progress.update(upload.snapshot()));
  const object = await upload.result.finally(progress.end);

  const { partCount, retries } = upload.snapshot();
  const head = await store.head({ key });
  console.log(`
  size    ${object.size} bytes in ${partCount} parts, ${retries} retries
  CRC64   ${object.crc64} of the bytes sent, combined from the parts
          ${head?.crc64} of the object in OSS
  ETag    ${object.etag}`);

  const { url } = await store.presign({ method: 'GET', key });
  const [sent, stored] = await Promise.all([sha256(createReadStream(file)), sha256(await download(url))]);
  console.log(`  SHA-256 ${sent} of the file\n          ${stored} of the object, downloaded`);
  if (head?.crc64 !== object.crc64 || sent !== stored) throw new Error('the object differs from the file');
  console.log('\nproven: OSS stored the bytes of the file');
} finally {
  await emulator.stop();
}

async function download(url: string): Promise<AsyncIterable<Uint8Array>> {
  const response = await fetch(url);
  if (!response.ok || response.body === null)
    throw new Error(`the download failed with status ${response.status}`);
  return response.body;
}

async function sha256(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}
