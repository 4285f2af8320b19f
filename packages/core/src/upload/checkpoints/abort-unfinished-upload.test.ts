import { expect, test } from 'vitest';
import { UploadError, type UploadErrorCode } from '../../errors.ts';
import type { CheckpointStore, ControlPlane } from '../../ports.ts';
import { getRejection } from '../../testing/conformance.ts';
import { createSeededRandom, createVirtualClock } from '../../testing/virtual-clock.ts';
import { type AbortUnfinishedUploadOptions, abortUnfinishedUpload } from './abort-unfinished-upload.ts';
import { type Checkpoint, checkpointId, encodeCheckpoint } from './checkpoint.ts';
import { createInMemoryCheckpoints } from './in-memory-checkpoints.ts';

const checkpoint: Checkpoint = {
  key: 'films/1.mp4',
  object: {},
  identity: 'file:/films/1.mp4',
  fingerprint: 'mtime 1',
  size: 1,
  upload: {
    uploadToken: 'TOKEN',
    kind: 'multipart',
    bucket: 'media',
    key: 'films/1.mp4',
    uploadId: 'U',
    partSize: 102_400,
  },
  startedAt: 0,
};
const id = checkpointId(checkpoint, checkpoint.key);

async function storeWith(text: string, name = id): Promise<CheckpointStore> {
  const store = createInMemoryCheckpoints();
  await store.save(name, text);
  return store;
}

/** Calls `abortUnfinishedUpload` with this verb. The virtual clock jumps over every delay. */
async function abortIn(
  checkpoints: CheckpointStore,
  abort: ControlPlane['abort'],
  options?: AbortUnfinishedUploadOptions,
): Promise<void> {
  const clock = createVirtualClock(1000);
  const ports = {
    checkpoints,
    controlPlane: { abort } as ControlPlane,
    clock,
    random: createSeededRandom(1),
  };
  let isSettled = false;
  const aborting = abortUnfinishedUpload(ports, id, options).finally(() => {
    isSettled = true;
  });
  aborting.catch(() => undefined);
  while (!isSettled) {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    if (!isSettled) clock.wakeNext();
  }
  return aborting;
}

/** Fails once with each of the errors, in order, and then succeeds. Counts its calls. */
function failingAbort(...errors: UploadError[]): { abort: ControlPlane['abort']; tokens: string[] } {
  const tokens: string[] = [];
  return {
    tokens,
    async abort({ uploadToken }) {
      tokens.push(uploadToken);
      const error = errors[tokens.length - 1];
      if (error !== undefined) throw error;
    },
  };
}

function errorOf(code: UploadErrorCode, disposition: UploadError['disposition']): UploadError {
  return new UploadError({ code, message: 'failed', disposition });
}

async function expectUnlocked(store: CheckpointStore): Promise<void> {
  await (await store.lock(id)).release();
}

test('an unfinished upload is aborted, then its checkpoint is removed and its lock released', async () => {
  const store = await storeWith(encodeCheckpoint(checkpoint));
  const { abort, tokens } = failingAbort();
  await abortIn(store, async (request) => {
    expect(await store.load(id)).toBeDefined();
    await abort(request);
  });
  expect(tokens).toEqual(['TOKEN']);
  expect(await store.list()).toEqual([]);
  await expectUnlocked(store);
});

test('a transient failure of the abort is retried', async () => {
  const store = await storeWith(encodeCheckpoint(checkpoint));
  const { abort, tokens } = failingAbort(errorOf('network', 'transient'), errorOf('throttled', 'transient'));
  await abortIn(store, abort);
  expect(tokens).toHaveLength(3);
  expect(await store.list()).toEqual([]);
});

test.each([
  ['a permanent failure', 1, {}, [errorOf('access_denied', 'permanent')]],
  ['the last retry', 2, { retry: { attemptsMax: 2 } }, Array(2).fill(errorOf('network', 'transient'))],
])('%s rejects and keeps the checkpoint', async (_, attempts, options, errors: UploadError[]) => {
  const store = await storeWith(encodeCheckpoint(checkpoint));
  const { abort, tokens } = failingAbort(...errors);
  const reason = await getRejection(abortIn(store, abort, options));
  expect(reason).toMatchObject({ code: errors[0]?.code, context: { operation: 'abort' } });
  expect(tokens).toHaveLength(attempts);
  expect(await store.list()).toEqual([id]);
  await expectUnlocked(store);
});

test('a refused upload token removes the checkpoint alone', async () => {
  const store = await storeWith(encodeCheckpoint(checkpoint));
  await abortIn(store, failingAbort(errorOf('token_refused', 'permanent')).abort);
  expect(await store.list()).toEqual([]);
});

test.each([
  ['that cannot be read', 'not JSON'],
  ['of another upload', encodeCheckpoint({ ...checkpoint, identity: 'file:/films/2.mp4' })],
])('a checkpoint %s is removed without a request', async (_, text) => {
  const store = await storeWith(text);
  const { abort, tokens } = failingAbort();
  await abortIn(store, abort);
  expect(tokens).toEqual([]);
  expect(await store.list()).toEqual([]);
});

test('without a checkpoint nothing is requested or locked', async () => {
  const { abort, tokens } = failingAbort();
  const store = createInMemoryCheckpoints();
  await abortIn({ ...store, lock: () => Promise.reject(new Error('locked')) }, abort);
  expect(tokens).toEqual([]);
});

test('an upload that another process works on rejects with upload_locked', async () => {
  const store = await storeWith(encodeCheckpoint(checkpoint));
  await store.lock(id);
  const { abort, tokens } = failingAbort();
  expect(await getRejection(abortIn(store, abort))).toMatchObject({ code: 'upload_locked' });
  expect(tokens).toEqual([]);
  expect(await store.list()).toEqual([id]);
});

test('a checkpoint that is removed before the lock is acquired is not aborted', async () => {
  const store = await storeWith(encodeCheckpoint(checkpoint));
  const { abort, tokens } = failingAbort();
  const lock: CheckpointStore['lock'] = async (name) => {
    await store.remove(name);
    return store.lock(name);
  };
  await abortIn({ ...store, lock }, abort);
  expect(tokens).toEqual([]);
});

test('the signal ends the retries and keeps the checkpoint', async () => {
  const store = await storeWith(encodeCheckpoint(checkpoint));
  const stopped = new AbortController();
  const abort: ControlPlane['abort'] = async () => {
    stopped.abort(new Error('the page closes'));
    throw errorOf('network', 'transient');
  };
  const reason = await getRejection(abortIn(store, abort, { signal: stopped.signal }));
  expect(reason).toMatchObject({ message: 'the page closes' });
  expect(await store.list()).toEqual([id]);
});
