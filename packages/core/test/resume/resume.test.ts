import type { Upload, UploadOptions } from '@partway/core';
import {
  countStoredBytes,
  listUnfinishedUploads,
  loadUnfinishedUpload,
  type Source,
  startUpload,
} from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createWorld, KEY, type World } from '../stages/world.ts';

const PART = 102_400;
const random = createSeededRandom(3);
const bytes = new Uint8Array(5 * PART + 1).map(() => random.next() * 256);

/** Starts a resumable upload with one part in flight. */
function start(
  world: World,
  options: Partial<UploadOptions> = {},
  source: Source = createInMemorySource(bytes),
): Upload {
  return world.start(source, { partSize: PART, concurrency: 1, ...options }, true);
}

/** Uploads until part 4 fails for good, as when the network goes away, and leaves the rest to a resume. */
async function interrupt(world: World): Promise<void> {
  const fault = world.faults.add({
    operation: 'UploadPart',
    partNumber: 4,
    effect: { kind: 'resetAfterBytes', bytes: 1 },
  });
  const failing = world.settled(start(world, { retry: { attemptsMax: 2 } }).result);
  await expect(failing).rejects.toMatchObject({ code: 'network', disposition: 'exhausted' });
  fault.remove();
  world.operations.length = 0;
}

function partsSent({ operations }: World): string[] {
  return operations.filter((name) => name.startsWith('UploadPart'));
}

async function expectStored({ model, checkpoints }: World, content = bytes): Promise<void> {
  const stored = await model.object(BUCKET, KEY)?.bytes();
  expect(stored !== undefined && Buffer.compare(stored, content) === 0).toBe(true);
  expect(model.uploads(BUCKET)).toEqual([]);
  expect(await checkpoints.list()).toEqual([]);
}

test('stored parts of a failed upload are proven, not sent again [pain-11]', async () => {
  const world = createWorld();
  await interrupt(world);
  expect(await world.checkpoints.list()).toHaveLength(1);
  await world.settled(start(world).result);
  expect(partsSent(world)).toEqual(['UploadPart 4', 'UploadPart 5', 'UploadPart 6']);
  expect(world.operations).not.toContain('InitiateMultipartUpload');
  await expectStored(world);
});

test('a listed part with other bytes, or of another size, is sent again [pain-15]', async () => {
  const world = createWorld();
  await interrupt(world);
  const [upload] = world.model.uploads(BUCKET);
  await world.model.corruptPart({
    bucket: BUCKET,
    key: KEY,
    uploadId: upload?.uploadId ?? '',
    partNumber: 2,
  });
  await world.settled(start(world).result);
  expect(partsSent(world)).toEqual(['UploadPart 2', 'UploadPart 4', 'UploadPart 5', 'UploadPart 6']);
  await expectStored(world);
});

test('parts beyond a hole are adopted too', async () => {
  const world = createWorld();
  await interrupt(world);
  const [upload] = world.model.uploads(BUCKET);
  await world.model.removePart({ bucket: BUCKET, key: KEY, uploadId: upload?.uploadId ?? '', partNumber: 1 });
  await world.settled(start(world).result);
  expect(partsSent(world)).toEqual(['UploadPart 1', 'UploadPart 4', 'UploadPart 5', 'UploadPart 6']);
  await expectStored(world);
});

test('a pause stops all traffic, and a resume sends no proven part again', async () => {
  const world = createWorld();
  const upload = start(world);
  const unsubscribe = upload.subscribe((event) => {
    if (event.type === 'part-confirmed' && event.partNumber === 3) upload.pause();
    if (event.type === 'paused') world.operations.push('paused');
  });
  while (upload.snapshot().phase !== 'paused') await new Promise((resolve) => setImmediate(resolve));
  expect(world.operations.at(-1)).toBe('paused');
  expect(upload.snapshot()).toMatchObject({ confirmedBytes: 3 * PART, sentBytes: 3 * PART });
  expect(world.sleepersLeft()).toBe(0);
  unsubscribe();
  upload.resume();
  await world.settled(upload.result);
  expect(new Set(partsSent(world)).size).toBe(partsSent(world).length);
  expect(upload.snapshot()).toMatchObject({ phase: 'completed', confirmedBytes: bytes.length });
  await expectStored(world);
});

test('a pause during Initiate forgets no upload [pain-40]', async () => {
  const world = createWorld();
  const slow = world.faults.add({
    operation: 'InitiateMultipartUpload',
    effect: { kind: 'latency', ms: 500 },
  });
  const upload = start(world);
  upload.subscribe((event) => {
    if (event.type === 'paused') upload.resume();
  });
  const pausing = slow.whenFired().then(() => upload.pause());
  await world.settled(upload.result);
  await pausing;
  expect(world.operations.filter((name) => name === 'InitiateMultipartUpload')).toHaveLength(1);
  await expectStored(world);
});

test('an abort while paused leaves nothing', async () => {
  const world = createWorld();
  const upload = start(world);
  upload.subscribe((event) => {
    if (event.type === 'part-confirmed') upload.pause();
    if (event.type === 'paused') void upload.abort();
  });
  await expect(world.settled(upload.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(world.model.uploads(BUCKET)).toEqual([]);
  expect(await world.checkpoints.list()).toEqual([]);
});

test('an abort of a resumed upload leaves nothing, however early it comes', async () => {
  const world = createWorld();
  await interrupt(world);
  const aborted = start(world, { signal: AbortSignal.abort() });
  await expect(world.settled(aborted.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(world.model.uploads(BUCKET)).toEqual([]);
  expect(await world.checkpoints.list()).toEqual([]);
});

test('a changed source is rejected, and uploaded from zero with resume: false [pain-13]', async () => {
  const world = createWorld();
  await interrupt(world);
  const changed = bytes.slice();
  changed[0] = (bytes[0] ?? 0) ^ 1;
  const refused = world.settled(start(world, {}, createInMemorySource(changed)).result);
  await expect(refused).rejects.toMatchObject({ code: 'source_changed', disposition: 'permanent' });
  expect(world.operations).toEqual([]);
  await world.settled(start(world, { resume: false }, createInMemorySource(changed)).result);
  await expectStored(world, changed);
});

test('an upload missing in OSS is restarted', async () => {
  const world = createWorld();
  await interrupt(world);
  world.faults.add({
    operation: 'ListParts',
    times: 2,
    effect: { kind: 'refuse', status: 404, code: 'NoSuchUpload' },
  });
  await world.settled(start(world).result);
  expect(partsSent(world)).toHaveLength(6);
  await expectStored(world);
});

test('a checkpoint with an expired token does not block a new upload', async () => {
  const world = createWorld();
  await interrupt(world);
  const [id = ''] = await world.checkpoints.list();
  const text = (await world.checkpoints.load(id)) ?? '';
  await world.checkpoints.save(id, text.replace('secret-token-0', 'secret-token-of-a-dead-process'));
  await world.settled(start(world).result);
  expect(partsSent(world)).toHaveLength(6);
  expect(await world.checkpoints.list()).toEqual([]);
});

test('a checkpoint that cannot be written fails the upload before its first part, and leaves nothing', async () => {
  const world = createWorld();
  world.checkpoints.save = () => Promise.reject(new Error('no space left'));
  const failing = world.settled(start(world).result);
  await expect(failing).rejects.toMatchObject({
    code: 'checkpoint_failed',
    cause: { message: 'no space left' },
  });
  expect(partsSent(world)).toEqual([]);
  expect(world.model.uploads(BUCKET)).toEqual([]);
});

test('a checkpoint that cannot be removed does not turn a success into a failure', async () => {
  const world = createWorld();
  world.checkpoints.remove = () => Promise.reject(new Error('gone'));
  expect(await world.settled(start(world).result)).toMatchObject({ size: bytes.length });
  expect(world.events.filter((event) => event.type === 'cleanup-failed')).toHaveLength(1);
});

test('two uploads of one source to one key do not fight: the second is refused [pain-39]', async () => {
  const world = createWorld();
  const first = start(world);
  const second = start(world);
  await expect(world.settled(second.result)).rejects.toMatchObject({ code: 'upload_locked' });
  await world.settled(first.result);
  await expectStored(world);
});

test.each([
  '',
  '{',
  '{"format":"partway-checkpoint-1"}',
  '{"format":"partway-checkpoint-9","key":"movies/1.mp4"}',
])('a checkpoint that reads %j is not trusted, and not fatal', async (text) => {
  const world = createWorld();
  await interrupt(world);
  const [id = ''] = await world.checkpoints.list();
  await world.checkpoints.save(id, text);
  await world.settled(start(world).result);
  expect(partsSent(world)).toHaveLength(6);
  expect(await world.checkpoints.list()).toEqual([]);
});

const OPERATIONS = 9;

test.each(Array.from({ length: OPERATIONS }, (_, index) => index + 1))(
  'a process that dies when OSS has done its operation %i is followed by one that finishes',
  async (fatal) => {
    const world = createWorld();
    const dying = start(world);
    while (world.operations.length < fatal) await new Promise((resolve) => setImmediate(resolve));
    world.crash();
    await new Promise((resolve) => setImmediate(resolve));
    await world.restart();
    world.operations.length = 0;
    const object = await world.settled(start(world).result);
    expect(dying.snapshot().phase).not.toBe('failed');
    expect(object.size).toBe(bytes.length);
    expect(await world.checkpoints.list()).toEqual([]);
    const stored = await world.model.object(BUCKET, KEY)?.bytes();
    expect(Buffer.compare(stored ?? bytes.subarray(1), bytes)).toBe(0);
  },
);

test('unfinished uploads are listed without their tokens, and what cannot be read is left out', async () => {
  const world = createWorld();
  await interrupt(world);
  await world.checkpoints.save('0000000000000000', 'rubbish');
  const [upload, ...others] = await listUnfinishedUploads(world.checkpoints);
  expect(others).toEqual([]);
  expect(upload).toMatchObject({ identity: 'memory', size: bytes.length, bucket: BUCKET, key: KEY });
  expect(upload?.uploadId).toBe(world.model.uploads(BUCKET)[0]?.uploadId);
  expect(JSON.stringify(upload)).not.toContain('secret-token');
  expect(await loadUnfinishedUpload(world.checkpoints, upload?.id ?? '')).toEqual({
    identity: 'memory',
    fingerprint: await createInMemorySource(bytes).fingerprint(),
    size: bytes.length,
    options: { key: KEY, partSize: PART },
  });
  expect(await loadUnfinishedUpload(world.checkpoints, '0000000000000000')).toBeUndefined();
});

test('countStoredBytes sends one request', async () => {
  const world = createWorld();
  await interrupt(world);
  const { checkpoints, controlPlane } = world;
  const [id = ''] = await checkpoints.list();
  const { signal } = new AbortController();
  const held = await world.settled(countStoredBytes(checkpoints, id, { controlPlane, signal }));
  expect(held).toBe(3 * PART);
  expect(world.operations).toEqual(['ListParts']);
  const nothing = countStoredBytes(checkpoints, 'fedcba9876543210', { controlPlane, signal });
  expect(await world.settled(nothing)).toBeUndefined();
});

test('an unreadable checkpoint is set aside and reported, and does not block the upload', async () => {
  const world = createWorld();
  await interrupt(world);
  const [id = ''] = await world.checkpoints.list();
  const text = (await world.checkpoints.load(id)) ?? '';
  await world.checkpoints.save(id, text.replace('partway-checkpoint-1', 'partway-checkpoint-2'));
  await world.settled(start(world).result);
  expect(world.events).toContainEqual(expect.objectContaining({ type: 'checkpoint-set-aside', id }));
  expect(await world.checkpoints.list()).toEqual([]);
});

test('with verifyExistingParts: size, held parts are believed and not read', async () => {
  const world = createWorld();
  await interrupt(world);
  const source = createInMemorySource(bytes);
  const read: number[] = [];
  const watched: Source = {
    ...source,
    part(offset, size) {
      const body = source.part(offset, size);
      return {
        ...body,
        chunks(signal) {
          read.push(offset / PART + 1);
          return body.chunks(signal);
        },
      };
    },
  };
  await world.settled(start(world, { verifyExistingParts: 'size' }, watched).result);
  expect(read).toEqual([4, 5, 6]);
  await expectStored(world);
});

test.each([
  ['was changed', async (): Promise<Source> => createInMemorySource(bytes.map((byte) => byte ^ 1))],
  ['went away', async (): Promise<Source> => Promise.reject(new Error('ENOENT'))],
])('abort removes a paused upload although its source %s', async (_, reopen) => {
  const world = createWorld();
  let open = async (): Promise<Source> => createInMemorySource(bytes);
  const ports = { ...world.portsOf(createInMemorySource(bytes)), checkpoints: world.checkpoints };
  const upload = startUpload({ ...ports, openSource: () => open() }, { key: KEY, partSize: PART });
  upload.subscribe((event) => {
    if (event.type === 'part-confirmed') upload.pause();
    if (event.type === 'paused') {
      open = reopen;
      void upload.abort();
    }
  });
  await expect(world.settled(upload.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(world.model.uploads(BUCKET)).toEqual([]);
  expect(await world.checkpoints.list()).toEqual([]);
});

test('a checkpoint that cannot be removed ends the upload after a few restarts', async () => {
  const world = createWorld();
  await interrupt(world);
  const [lost] = world.model.uploads(BUCKET);
  await world.store.abort({ key: KEY, uploadId: lost?.uploadId ?? '' });
  const stuck = { ...world.checkpoints, remove: () => Promise.reject(new Error('EBUSY')) };
  const ports = { ...world.portsOf(createInMemorySource(bytes)), checkpoints: stuck };
  const failing = world.settled(startUpload(ports, { key: KEY, partSize: PART }).result);
  await expect(failing).rejects.toMatchObject({ code: 'upload_not_found' });
});

test('a checkpoint stored under another id is not resumed', async () => {
  const world = createWorld();
  await interrupt(world);
  const [id = ''] = await world.checkpoints.list();
  await world.checkpoints.save('0123456789abcdef', (await world.checkpoints.load(id)) ?? '');
  expect(await loadUnfinishedUpload(world.checkpoints, '0123456789abcdef')).toBeUndefined();
});
