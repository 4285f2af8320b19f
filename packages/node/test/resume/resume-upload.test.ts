import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createFileCheckpoints,
  createUploader,
  listUnfinishedUploads,
  resumeUpload,
  uploadFile,
} from '../../src/index.ts';

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const bytes = randomBytes(350_000);
let folder: string;
let emulator: OssEmulator;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-resume-'));
  await writeFile(join(folder, 'file'), bytes);
  emulator = await startOssEmulator({ buckets: ['media'], credentials });
});
afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true });
});

function coordinator() {
  const { region, endpoint } = emulator;
  const store = createOssObjectStore({ bucket: 'media', region, endpoint, credentials });
  return createCoordinator({ store, tokenKeys: [{ kid: 'k', key: new Uint8Array(32).fill(1) }] });
}

test('an unfinished upload is listed, and gone on with by its id', async () => {
  const checkpoints = createFileCheckpoints(join(folder, 'checkpoints'));
  const lost = emulator.faults.add({
    operation: 'UploadPart',
    partNumber: 3,
    effect: { kind: 'resetAfterBytes', bytes: 1 },
  });
  const options = { partSize: 102_400, concurrency: 1, contentType: 'video/mp4', checkpoints };
  const failing = uploadFile(join(folder, 'file'), {
    ...options,
    key: 'resumed',
    controlPlane: coordinator(),
    retry: { attemptsMax: 1 },
  });
  await expect(failing.result).rejects.toMatchObject({ code: 'network' });
  lost.remove();
  const [unfinished] = await listUnfinishedUploads(checkpoints);
  expect(unfinished).toMatchObject({
    key: 'resumed',
    size: bytes.length,
    identity: `file:${join(folder, 'file')}`,
  });
  const upload = await resumeUpload(unfinished?.id ?? '', { checkpoints, controlPlane: coordinator() });
  await upload.result;
  const object = emulator.model.object('media', 'resumed');
  expect(Buffer.compare((await object?.bytes()) ?? Buffer.alloc(0), bytes)).toBe(0);
  expect(object?.headers).toMatchObject({ 'content-type': 'video/mp4' });
  expect(await listUnfinishedUploads(checkpoints)).toEqual([]);
  await expect(
    resumeUpload(unfinished?.id ?? '', { checkpoints, controlPlane: coordinator() }),
  ).rejects.toMatchObject({
    code: 'upload_not_found',
  });
});

test('files and streams share one uploader', async () => {
  const uploader = createUploader({ concurrency: 3, filesMax: 2, memoryMax: 8 * 1024 ** 2 });
  const controlPlane = coordinator();
  async function* stream() {
    yield bytes;
  }
  const uploads = [
    uploader.uploadFile(join(folder, 'file'), { controlPlane, key: 'one', partSize: 102_400 }),
    uploader.uploadStream(stream(), { controlPlane, key: 'two', partSize: 102_400 }),
    uploader.uploadFile(join(folder, 'file'), { controlPlane, key: 'three' }),
  ];
  await Promise.all(uploads.map(({ result }) => result));
  for (const key of ['one', 'two', 'three']) {
    const stored = await emulator.model.object('media', key)?.bytes();
    expect(Buffer.compare(stored ?? Buffer.alloc(0), bytes)).toBe(0);
  }
});
