import {
  countStoredBytes,
  listUnfinishedUploads,
  loadUnfinishedUpload,
  startUpload,
} from '@partway/core/ports';
import { createInMemorySource } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { countRequests, listSentParts } from '../stages/assertions.ts';
import { BUCKET, createHarness, KEY } from '../stages/harness.ts';
import { bytes, interrupt, PART, startResumable } from './interrupted-upload.ts';

test('listUnfinishedUploads omits upload tokens and unreadable checkpoints', async () => {
  const harness = createHarness();
  await interrupt(harness);
  await harness.checkpoints.save('0000000000000000', 'not JSON');
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

test('countStoredBytes sends one ListParts request', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const { checkpoints, controlPlane } = harness;
  const [id = ''] = await checkpoints.list();
  const { signal } = new AbortController();
  const storedBytes = await harness.runUntilSettled(
    countStoredBytes(checkpoints, id, { controlPlane, signal }),
  );
  expect(storedBytes).toBe(3 * PART);
  expect(harness.operations).toEqual(['ListParts']);
  const unknown = countStoredBytes(checkpoints, 'fedcba9876543210', { controlPlane, signal });
  expect(await harness.runUntilSettled(unknown)).toBeUndefined();
});

test('a checkpoint with an expired token does not block a new upload', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const [id = ''] = await harness.checkpoints.list();
  const text = (await harness.checkpoints.load(id)) ?? '';
  await harness.checkpoints.save(id, text.replace('secret-token-0', 'secret-token-of-a-dead-process'));
  await harness.runUntilSettled(startResumable(harness).result);
  expect(listSentParts(harness)).toHaveLength(6);
  expect(await harness.checkpoints.list()).toEqual([]);
});

test('a checkpoint that cannot be written fails the upload before its first part and leaves nothing', async () => {
  const harness = createHarness();
  harness.checkpoints.save = () => Promise.reject(new Error('no space left'));
  const failing = harness.runUntilSettled(startResumable(harness).result);
  await expect(failing).rejects.toMatchObject({
    code: 'checkpoint_failed',
    cause: { message: 'no space left' },
  });
  expect(listSentParts(harness)).toEqual([]);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
});

test('a checkpoint that cannot be removed does not fail a completed upload', async () => {
  const harness = createHarness();
  harness.checkpoints.remove = () => Promise.reject(new Error('gone'));
  expect(await harness.runUntilSettled(startResumable(harness).result)).toMatchObject({ size: bytes.length });
  expect(harness.events.filter((event) => event.type === 'cleanup-failed')).toHaveLength(1);
});

test.each([
  '',
  '{',
  '{"format":"partway-checkpoint-1"}',
  '{"format":"partway-checkpoint-9","key":"movies/1.mp4"}',
])('a checkpoint with the content %j is ignored and removed', async (text) => {
  const harness = createHarness();
  await interrupt(harness);
  const [id = ''] = await harness.checkpoints.list();
  await harness.checkpoints.save(id, text);
  await harness.runUntilSettled(startResumable(harness).result);
  expect(listSentParts(harness)).toHaveLength(6);
  expect(await harness.checkpoints.list()).toEqual([]);
});

test('an unreadable checkpoint is set aside and reported, and does not block the upload', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const [id = ''] = await harness.checkpoints.list();
  const text = (await harness.checkpoints.load(id)) ?? '';
  await harness.checkpoints.save(id, text.replace('partway-checkpoint-1', 'partway-checkpoint-2'));
  await harness.runUntilSettled(startResumable(harness).result);
  expect(harness.events).toContainEqual(expect.objectContaining({ type: 'checkpoint-set-aside', id }));
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
  // Seven runs: the engine lists the parts of each, and so does its Complete.
  expect(countRequests(harness, 'ListParts')).toBe(14);
});

test('a checkpoint stored under another id is not resumed', async () => {
  const harness = createHarness();
  await interrupt(harness);
  const [id = ''] = await harness.checkpoints.list();
  await harness.checkpoints.save('0123456789abcdef', (await harness.checkpoints.load(id)) ?? '');
  expect(await loadUnfinishedUpload(harness.checkpoints, '0123456789abcdef')).toBeUndefined();
});
