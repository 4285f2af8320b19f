import { expect, test } from 'vitest';
import { UploadError } from '../../errors.ts';
import type { UploadFact } from './events.ts';
import { createSnapshotFold, type UploadSnapshot } from './snapshot.ts';

const opened: UploadFact = {
  type: 'opened',
  bucket: 'b',
  key: 'k',
  uploadId: 'U',
  size: 300,
  partSize: 100,
  partCount: 3,
};
const confirmed = (partNumber: number): UploadFact => ({
  type: 'part-confirmed',
  partNumber,
  size: 100,
  crc64: '1',
});
const progress = (partNumber: number, sentBytes: number): UploadFact => ({
  type: 'part-progress',
  partNumber,
  sentBytes,
});
const error = new UploadError({
  code: 'network',
  message: 'connection lost',
  disposition: 'transient',
  context: { partNumber: 2 },
});

/** Folds facts that happen one second apart. */
function fold(...facts: UploadFact[]): UploadSnapshot {
  const { add, snapshot } = createSnapshotFold();
  for (const [index, fact] of facts.entries()) add({ ...fact, at: index * 1000 });
  return snapshot();
}

test('a snapshot before the first event is empty', () => {
  expect(fold()).toMatchObject({
    phase: 'opening',
    size: undefined,
    confirmedBytes: 0,
    remainingMs: undefined,
  });
});

test('confirmed bytes are of whole parts; sent bytes include the parts in flight', () => {
  const snapshot = fold(opened, progress(1, 60), confirmed(1), progress(2, 30), progress(3, 5));
  expect(snapshot).toMatchObject({
    phase: 'sending',
    partsConfirmed: 1,
    confirmedBytes: 100,
    sentBytes: 135,
  });
});

test('a failed attempt reduces the sent bytes, and never the confirmed ones', () => {
  const snapshot = fold(opened, confirmed(1), progress(2, 30), { type: 'retrying', error, delayMs: 5 });
  expect(snapshot).toMatchObject({ confirmedBytes: 100, sentBytes: 100, retries: 1 });
});

test('speed and remaining time are computed from confirmed bytes [pain-41]', () => {
  const snapshot = fold(opened, confirmed(1), confirmed(2));
  expect(snapshot.bytesPerSecond).toBe(100);
  expect(snapshot.remainingMs).toBe(1000);
});

test('speed is that of the last 32 parts', () => {
  const { add, snapshot } = createSnapshotFold();
  add({ ...opened, at: 0 });
  for (let n = 1; n <= 40; n++) add({ ...confirmed(n), at: n * 1000 });
  for (let n = 1; n <= 40; n++) add({ ...confirmed(40 + n), at: 40_000 + n * 100 });
  expect(snapshot().bytesPerSecond).toBe(1000);
});

test('a resumed upload counts no part twice; a new upload starts at zero', () => {
  const facts: UploadFact[] = [opened, confirmed(1), confirmed(2)];
  const paused = fold(...facts, progress(3, 50), { type: 'paused' });
  expect(paused).toMatchObject({ phase: 'paused', confirmedBytes: 200, sentBytes: 200 });
  const resumed = fold(...facts, { type: 'paused' }, { type: 'resumed' }, ...facts);
  expect(resumed).toMatchObject({ phase: 'sending', confirmedBytes: 200, partsConfirmed: 2 });
  const restarted = fold(...facts, { ...opened, uploadId: 'V' }, confirmed(1));
  expect(restarted).toMatchObject({ confirmedBytes: 100, partsConfirmed: 1 });
});

test('the last event determines the phase', () => {
  const object = { bucket: 'b', key: 'k', size: 300, crc64: '1', etag: 'E', requestId: 'R' };
  expect(fold(opened, { type: 'completing' }).phase).toBe('completing');
  expect(fold(opened, { type: 'completed', object })).toMatchObject({ phase: 'completed', object });
  const failed = fold(opened, { type: 'cleanup-failed', error }, { type: 'failed', error });
  expect(failed).toMatchObject({ phase: 'failed', error });
});
