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
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

const PART = 102_400;
const random = createSeededRandom(3);
const bytes = new Uint8Array(5 * PART + 1).map(() => random.next() * 256);

/** Starts a resumable upload with one part in flight. */
function start(
  harness: Harness,
  options: Partial<UploadOptions> = {},
  source: Source = createInMemorySource(bytes),
): Upload {
  return harness.start(source, { partSize: PART, concurrency: 1, ...options }, true);
}

/** Uploads until part 4 fails for good, as when the network goes away, and leaves the rest to a resume. */
async function interrupt(harness: Harness): Promise<void> {
  const fault = harness.faults.add({
    operation: 'UploadPart',
    partNumber: 4,
    effect: { kind: 'resetAfterBytes', bytes: 1 },
  });
  const failing = harness.runUntilSettled(start(harness, { retry: { attemptsMax: 2 } }).result);
  await expect(failing).rejects.toMatchObject({ code: 'network', disposition: 'exhausted' });
  fault.remove();
  harness.operations.length = 0;
}

function partsSent({ operations }: Harness): string[] {
  return operations.filter((name) => name.startsWith('UploadPart'));
}

async function expectStored({ model, checkpoints }: Harness, content = bytes): Promise<void> {
  const stored = await model.object(BUCKET, KEY)?.bytes();
  expect(stored !== undefined && Buffer.compare(stored, content) === 0).toBe(true);
  expect(model.uploads(BUCKET)).toEqual([]);
  expect(await checkpoints.list()).toEqual([]);
}

test('stored parts of a failed upload are proven, not sent again [pain-11]', async () => {
  const harness = createHarness();
  await interrupt(harness);
  expect(await harness.checkpoints.list()).toHaveLength(1);
  await harness.runUntilSettled(start(harness).result);
  expect(partsSent(harness)).toEqual(['UploadPart 4', 'UploadPart 5', 'UploadPart 6']);
  expect(harness.operations).not.toContain('InitiateMultipartUpload');
  await expectStored(harness);
});

test('a listed part with other bytes, or of another size, is sent again [pain-15]', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const [upload] = harness.model.uploads(BUCKET);
  await harness.model.corruptPart({
    bucket: BUCKET,
    key: KEY,
    uploadId: upload?.uploadId ?? '',
    partNumber: 2,
  });
  await harness.runUntilSettled(start(harness).result);
  expect(partsSent(harness)).toEqual(['UploadPart 2', 'UploadPart 4', 'UploadPart 5', 'UploadPart 6']);
  await expectStored(harness);
});

test('parts beyond a hole are adopted too', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const [upload] = harness.model.uploads(BUCKET);
  await harness.model.removePart({
    bucket: BUCKET,
    key: KEY,
    uploadId: upload?.uploadId ?? '',
    partNumber: 1,
  });
  await harness.runUntilSettled(start(harness).result);
  expect(partsSent(harness)).toEqual(['UploadPart 1', 'UploadPart 4', 'UploadPart 5', 'UploadPart 6']);
  await expectStored(harness);
});

test('a pause stops all traffic, and a resume sends no proven part again', async () => {
  const harness = createHarness();
  const upload = start(harness);
  const unsubscribe = upload.subscribe((event) => {
    if (event.type === 'part-confirmed' && event.partNumber === 3) upload.pause();
    if (event.type === 'paused') harness.operations.push('paused');
  });
  while (upload.snapshot().phase !== 'paused') await new Promise((resolve) => setImmediate(resolve));
  expect(harness.operations.at(-1)).toBe('paused');
  expect(upload.snapshot()).toMatchObject({ confirmedBytes: 3 * PART, sentBytes: 3 * PART });
  expect(harness.countPendingTimers()).toBe(0);
  unsubscribe();
  upload.resume();
  await harness.runUntilSettled(upload.result);
  expect(new Set(partsSent(harness)).size).toBe(partsSent(harness).length);
  expect(upload.snapshot()).toMatchObject({ phase: 'completed', confirmedBytes: bytes.length });
  await expectStored(harness);
});

test('a pause during Initiate forgets no upload [pain-40]', async () => {
  const harness = createHarness();
  const slow = harness.faults.add({
    operation: 'InitiateMultipartUpload',
    effect: { kind: 'latency', ms: 500 },
  });
  const upload = start(harness);
  upload.subscribe((event) => {
    if (event.type === 'paused') upload.resume();
  });
  const pausing = slow.whenFired().then(() => upload.pause());
  await harness.runUntilSettled(upload.result);
  await pausing;
  expect(harness.operations.filter((name) => name === 'InitiateMultipartUpload')).toHaveLength(1);
  await expectStored(harness);
});

test('an abort while paused leaves nothing', async () => {
  const harness = createHarness();
  const upload = start(harness);
  upload.subscribe((event) => {
    if (event.type === 'part-confirmed') upload.pause();
    if (event.type === 'paused') void upload.abort();
  });
  await expect(harness.runUntilSettled(upload.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
  expect(await harness.checkpoints.list()).toEqual([]);
});

test('an abort of a resumed upload leaves nothing, however early it comes', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const aborted = start(harness, { signal: AbortSignal.abort() });
  await expect(harness.runUntilSettled(aborted.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
  expect(await harness.checkpoints.list()).toEqual([]);
});

test('a changed source is rejected, and uploaded from zero with resume: false [pain-13]', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const changed = bytes.slice();
  changed[0] = (bytes[0] ?? 0) ^ 1;
  const refused = harness.runUntilSettled(start(harness, {}, createInMemorySource(changed)).result);
  await expect(refused).rejects.toMatchObject({ code: 'source_changed', disposition: 'permanent' });
  expect(harness.operations).toEqual([]);
  await harness.runUntilSettled(start(harness, { resume: false }, createInMemorySource(changed)).result);
  await expectStored(harness, changed);
});

test('an upload missing in OSS is restarted', async () => {
  const harness = createHarness();
  await interrupt(harness);
  harness.faults.add({
    operation: 'ListParts',
    times: 2,
    effect: { kind: 'refuse', status: 404, code: 'NoSuchUpload' },
  });
  await harness.runUntilSettled(start(harness).result);
  expect(partsSent(harness)).toHaveLength(6);
  await expectStored(harness);
});

test('a checkpoint with an expired token does not block a new upload', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const [id = ''] = await harness.checkpoints.list();
  const text = (await harness.checkpoints.load(id)) ?? '';
  await harness.checkpoints.save(id, text.replace('secret-token-0', 'secret-token-of-a-dead-process'));
  await harness.runUntilSettled(start(harness).result);
  expect(partsSent(harness)).toHaveLength(6);
  expect(await harness.checkpoints.list()).toEqual([]);
});

test('a checkpoint that cannot be written fails the upload before its first part, and leaves nothing', async () => {
  const harness = createHarness();
  harness.checkpoints.save = () => Promise.reject(new Error('no space left'));
  const failing = harness.runUntilSettled(start(harness).result);
  await expect(failing).rejects.toMatchObject({
    code: 'checkpoint_failed',
    cause: { message: 'no space left' },
  });
  expect(partsSent(harness)).toEqual([]);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('a checkpoint that cannot be removed does not turn a success into a failure', async () => {
  const harness = createHarness();
  harness.checkpoints.remove = () => Promise.reject(new Error('gone'));
  expect(await harness.runUntilSettled(start(harness).result)).toMatchObject({ size: bytes.length });
  expect(harness.events.filter((event) => event.type === 'cleanup-failed')).toHaveLength(1);
});

test('two uploads of one source to one key do not fight: the second is refused [pain-39]', async () => {
  const harness = createHarness();
  const first = start(harness);
  const second = start(harness);
  await expect(harness.runUntilSettled(second.result)).rejects.toMatchObject({ code: 'upload_locked' });
  await harness.runUntilSettled(first.result);
  await expectStored(harness);
});

test.each([
  '',
  '{',
  '{"format":"partway-checkpoint-1"}',
  '{"format":"partway-checkpoint-9","key":"movies/1.mp4"}',
])('a checkpoint that reads %j is not trusted, and not fatal', async (text) => {
  const harness = createHarness();
  await interrupt(harness);
  const [id = ''] = await harness.checkpoints.list();
  await harness.checkpoints.save(id, text);
  await harness.runUntilSettled(start(harness).result);
  expect(partsSent(harness)).toHaveLength(6);
  expect(await harness.checkpoints.list()).toEqual([]);
});

const OPERATIONS = 9;

test.each(Array.from({ length: OPERATIONS }, (_, index) => index + 1))(
  'a process that dies when OSS has done its operation %i is followed by one that finishes',
  async (fatal) => {
    const harness = createHarness();
    const dying = start(harness);
    while (harness.operations.length < fatal) await new Promise((resolve) => setImmediate(resolve));
    harness.crash();
    await new Promise((resolve) => setImmediate(resolve));
    await harness.restart();
    harness.operations.length = 0;
    const object = await harness.runUntilSettled(start(harness).result);
    expect(dying.snapshot().phase).not.toBe('failed');
    expect(object.size).toBe(bytes.length);
    expect(await harness.checkpoints.list()).toEqual([]);
    const stored = await harness.model.object(BUCKET, KEY)?.bytes();
    expect(Buffer.compare(stored ?? bytes.subarray(1), bytes)).toBe(0);
  },
);

test('unfinished uploads are listed without their tokens, and what cannot be read is left out', async () => {
  const harness = createHarness();
  await interrupt(harness);
  await harness.checkpoints.save('0000000000000000', 'rubbish');
  const [upload, ...others] = await listUnfinishedUploads(harness.checkpoints);
  expect(others).toEqual([]);
  expect(upload).toMatchObject({ identity: 'memory', size: bytes.length, bucket: BUCKET, key: KEY });
  expect(upload?.uploadId).toBe(harness.model.uploads(BUCKET)[0]?.uploadId);
  expect(JSON.stringify(upload)).not.toContain('secret-token');
  expect(await loadUnfinishedUpload(harness.checkpoints, upload?.id ?? '')).toEqual({
    identity: 'memory',
    fingerprint: await createInMemorySource(bytes).fingerprint(),
    size: bytes.length,
    options: { key: KEY, partSize: PART },
  });
  expect(await loadUnfinishedUpload(harness.checkpoints, '0000000000000000')).toBeUndefined();
});

test('countStoredBytes sends one request', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const { checkpoints, controlPlane } = harness;
  const [id = ''] = await checkpoints.list();
  const { signal } = new AbortController();
  const held = await harness.runUntilSettled(countStoredBytes(checkpoints, id, { controlPlane, signal }));
  expect(held).toBe(3 * PART);
  expect(harness.operations).toEqual(['ListParts']);
  const nothing = countStoredBytes(checkpoints, 'fedcba9876543210', { controlPlane, signal });
  expect(await harness.runUntilSettled(nothing)).toBeUndefined();
});

test('an unreadable checkpoint is set aside and reported, and does not block the upload', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const [id = ''] = await harness.checkpoints.list();
  const text = (await harness.checkpoints.load(id)) ?? '';
  await harness.checkpoints.save(id, text.replace('partway-checkpoint-1', 'partway-checkpoint-2'));
  await harness.runUntilSettled(start(harness).result);
  expect(harness.events).toContainEqual(expect.objectContaining({ type: 'checkpoint-set-aside', id }));
  expect(await harness.checkpoints.list()).toEqual([]);
});

test('with verifyExistingParts: size, held parts are believed and not read', async () => {
  const harness = createHarness();
  await interrupt(harness);
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
  await harness.runUntilSettled(start(harness, { verifyExistingParts: 'size' }, watched).result);
  expect(read).toEqual([4, 5, 6]);
  await expectStored(harness);
});

test.each([
  ['was changed', async (): Promise<Source> => createInMemorySource(bytes.map((byte) => byte ^ 1))],
  ['went away', async (): Promise<Source> => Promise.reject(new Error('ENOENT'))],
])('abort removes a paused upload although its source %s', async (_, reopen) => {
  const harness = createHarness();
  let open = async (): Promise<Source> => createInMemorySource(bytes);
  const ports = { ...harness.createPorts(createInMemorySource(bytes)), checkpoints: harness.checkpoints };
  const upload = startUpload({ ...ports, openSource: () => open() }, { key: KEY, partSize: PART });
  upload.subscribe((event) => {
    if (event.type === 'part-confirmed') upload.pause();
    if (event.type === 'paused') {
      open = reopen;
      void upload.abort();
    }
  });
  await expect(harness.runUntilSettled(upload.result)).rejects.toMatchObject({ code: 'aborted' });
  expect(harness.model.uploads(BUCKET)).toEqual([]);
  expect(await harness.checkpoints.list()).toEqual([]);
});

test('a checkpoint that cannot be removed ends the upload after a few restarts', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const [lost] = harness.model.uploads(BUCKET);
  await harness.store.abort({ key: KEY, uploadId: lost?.uploadId ?? '' });
  const stuck = { ...harness.checkpoints, remove: () => Promise.reject(new Error('EBUSY')) };
  const ports = { ...harness.createPorts(createInMemorySource(bytes)), checkpoints: stuck };
  const failing = harness.runUntilSettled(startUpload(ports, { key: KEY, partSize: PART }).result);
  await expect(failing).rejects.toMatchObject({ code: 'upload_not_found' });
});

test('a checkpoint stored under another id is not resumed', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const [id = ''] = await harness.checkpoints.list();
  await harness.checkpoints.save('0123456789abcdef', (await harness.checkpoints.load(id)) ?? '');
  expect(await loadUnfinishedUpload(harness.checkpoints, '0123456789abcdef')).toBeUndefined();
});
