import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlPlane } from '@partway/core';
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createFileCheckpoints,
  createUploader,
  listUnfinishedUploads,
  removeUpload,
  resumeUpload,
  type UploadFileOptions,
  uploadFile,
} from '../../src/index.ts';
import { type CoordinatorServer, startCoordinatorServer } from '../stages/coordinator-server.ts';

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const bytes = randomBytes(350_000);
let folder: string;
let path: string;
let emulator: OssEmulator;
let server: CoordinatorServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-resume-'));
  path = join(folder, 'file');
  await writeFile(path, bytes);
  emulator = await startOssEmulator({ buckets: ['media'], credentials });
  server = await startCoordinatorServer(emulator, credentials);
});
afterAll(async () => {
  server.close();
  await emulator.close();
  await rm(folder, { recursive: true });
});

function openCoordinator(): ControlPlane {
  const { region, endpoint } = emulator;
  const store = createOssObjectStore({ bucket: 'media', region, endpoint, credentials });
  return createCoordinator({ store, tokenKeys: [{ kid: 'k', key: new Uint8Array(32).fill(1) }] });
}

/** Uploads the file until its third part fails. */
async function leaveUnfinished(options: UploadFileOptions): Promise<void> {
  const fault = emulator.faults.add({
    operation: 'UploadPart',
    partNumber: 3,
    effect: { kind: 'resetAfterBytes', bytes: 1 },
  });
  const { result } = uploadFile(path, {
    ...options,
    partSize: 102_400,
    concurrency: 1,
    retry: { attemptsMax: 1 },
  });
  await expect(result).rejects.toMatchObject({ code: 'network' });
  fault.remove();
}

test('an unfinished upload is listed and can be resumed by its id', async () => {
  const checkpoints = createFileCheckpoints(join(folder, 'checkpoints'));
  await leaveUnfinished({
    controlPlane: openCoordinator(),
    checkpoints,
    key: 'resumed',
    contentType: 'video/mp4',
  });
  const [unfinished] = await listUnfinishedUploads(checkpoints);
  expect(unfinished).toMatchObject({ key: 'resumed', size: bytes.length, identity: `file:${path}` });
  const id = unfinished?.id ?? '';
  const upload = await resumeUpload(id, { checkpoints, controlPlane: openCoordinator() });
  await upload.result;
  const object = emulator.model.object('media', 'resumed');
  expect(Buffer.compare((await object?.bytes()) ?? Buffer.alloc(0), bytes)).toBe(0);
  expect(object?.headers).toMatchObject({ 'content-type': 'video/mp4' });
  expect(await listUnfinishedUploads(checkpoints)).toEqual([]);
  await expect(resumeUpload(id, { checkpoints, controlPlane: openCoordinator() })).rejects.toMatchObject({
    code: 'upload_not_found',
  });
});

test('an unfinished upload can be resumed with an endpoint, without parts that OSS has', async () => {
  const { endpoint, headers } = server;
  const checkpoints = createFileCheckpoints(join(folder, 'checkpoints-of-endpoint'));
  await leaveUnfinished({ endpoint, headers, checkpoints, key: 'resumed' });
  const [unfinished] = await listUnfinishedUploads(checkpoints);
  const upload = await resumeUpload(unfinished?.id ?? '', { endpoint, headers, checkpoints });
  const sentPartNumbers: number[] = [];
  upload.subscribe((event) => {
    if (event.type === 'part-attempt') sentPartNumbers.push(event.partNumber);
  });
  await upload.result;
  expect(sentPartNumbers).toEqual([3, 4]);
  expect(emulator.model.object('media', 'wei/resumed')?.size).toBe(bytes.length);
});

test.each([
  ['no connection', () => ({})],
  ['both endpoint and controlPlane', () => ({ ...server, controlPlane: openCoordinator() })],
])('%s rejects with a TypeError', async (_, connection) => {
  const { endpoint, headers } = server;
  const checkpoints = createFileCheckpoints(join(folder, 'checkpoints-of-type-errors'));
  await leaveUnfinished({ endpoint, headers, checkpoints, key: 'wrong' });
  const [unfinished] = await listUnfinishedUploads(checkpoints);
  const id = unfinished?.id ?? '';
  await expect(resumeUpload(id, { ...connection(), checkpoints })).rejects.toThrow(TypeError);
  await (await resumeUpload(id, { endpoint, headers, checkpoints })).result;
});

test('removeUpload removes an unfinished upload from OSS, and its checkpoint', async () => {
  const { endpoint, headers } = server;
  const checkpoints = createFileCheckpoints(join(folder, 'checkpoints-of-removed'));
  await leaveUnfinished({ endpoint, headers, checkpoints, key: 'removed' });
  const [unfinished] = await listUnfinishedUploads(checkpoints);
  const id = unfinished?.id ?? '';
  const { uploadId } = unfinished ?? {};
  expect(emulator.model.uploads('media')).toContainEqual(expect.objectContaining({ uploadId }));
  await expect(removeUpload(id, { checkpoints })).rejects.toThrow(TypeError);
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(removeUpload(id, { endpoint, headers, checkpoints, signal })).rejects.toThrow('stopped');
  await removeUpload(id, { endpoint, headers, checkpoints });
  expect(emulator.model.uploads('media')).toEqual([]);
  expect(await listUnfinishedUploads(checkpoints)).toEqual([]);
  await removeUpload(id, { endpoint, headers, checkpoints });
});

test('removeUpload rejects with `upload_locked` during the upload', async () => {
  const { endpoint, headers } = server;
  const checkpoints = createFileCheckpoints(join(folder, 'checkpoints-of-locked'));
  await leaveUnfinished({ endpoint, headers, checkpoints, key: 'locked' });
  const [unfinished] = await listUnfinishedUploads(checkpoints);
  const id = unfinished?.id ?? '';
  const fault = emulator.faults.add({ operation: 'UploadPart', effect: { kind: 'silent' } });
  const upload = await resumeUpload(id, { endpoint, headers, checkpoints });
  await fault.whenFired();
  await expect(removeUpload(id, { endpoint, headers, checkpoints })).rejects.toMatchObject({
    code: 'upload_locked',
  });
  fault.remove();
  await upload.abort();
  await expect(upload.result).rejects.toMatchObject({ code: 'aborted' });
  expect(emulator.model.uploads('media')).toEqual([]);
});

test('files and streams share one uploader', async () => {
  const uploader = createUploader({ concurrency: 3, filesMax: 2, memoryMax: 8 * 1024 ** 2 });
  const controlPlane = openCoordinator();
  async function* stream() {
    yield bytes;
  }
  const uploads = [
    uploader.uploadFile(path, { controlPlane, key: 'one', partSize: 102_400 }),
    uploader.uploadStream(stream(), { controlPlane, key: 'two', partSize: 102_400 }),
    uploader.uploadFile(path, { controlPlane, key: 'three' }),
  ];
  await Promise.all(uploads.map(({ result }) => result));
  for (const key of ['one', 'two', 'three']) {
    const stored = await emulator.model.object('media', key)?.bytes();
    expect(Buffer.compare(stored ?? Buffer.alloc(0), bytes)).toBe(0);
  }
});
