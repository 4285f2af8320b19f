import {
  createIndexedDbCheckpoints,
  type WatchedUpload,
  waitUntilUnlocked,
  watchUploads,
} from '@partway/browser';
import { afterEach, expect, test, vi } from 'vitest';
import { createThrottle } from '../../src/resume/throttle.ts';

const ID = '0123456789abcdef';

afterEach(() => {
  Reflect.deleteProperty(navigator, 'locks');
  vi.useRealTimers();
});

const upload = {
  ...{ id: ID, name: 'a.bin', key: 'a', size: 10, phase: 'paused' },
  ...{ partsConfirmed: 1, confirmedBytes: 5, sentBytes: 6, retries: 0 },
};

test('messages on the tab channel that are not upload messages are ignored', async () => {
  const checkpoints = createIndexedDbCheckpoints({ databaseName: 'nonsense' });
  const channel = new BroadcastChannel('partway-tabs-1:nonsense');
  const observed: (readonly WatchedUpload[])[] = [];
  const stop = watchUploads((uploads) => observed.push(uploads), { checkpoints });
  const format = 'partway-tabs-1';
  const nonsense = [
    null,
    'text',
    { format: 'another', type: 'upload', upload },
    { format, type: 'upload' },
    { format, type: 'upload', upload: { ...upload, id: '../etc' } },
    { format, type: 'upload', upload: { ...upload, phase: 'toString' } },
    { format, type: 'upload', upload: { ...upload, size: -1 } },
    { format, type: 'upload', upload: { ...upload, confirmedBytes: '5' } },
    { format, type: 'upload', upload: { ...upload, name: { toString: 'a' } } },
  ];
  for (const message of nonsense) channel.postMessage(message);
  channel.postMessage({ format, type: 'upload', upload });
  await expect.poll(() => observed).toEqual([[{ ...upload, isActive: false }]]);
  stop();
  channel.close();
});

test.each([['with Web Locks'], ['without Web Locks']])(
  '%s an upload is free when its lock is',
  async (how) => {
    if (how === 'without Web Locks') {
      Object.defineProperty(navigator, 'locks', { value: undefined, configurable: true });
    }
    const checkpoints = createIndexedDbCheckpoints({ databaseName: how });
    await waitUntilUnlocked(ID, { checkpoints });
    const lease = await checkpoints.lock(ID);
    const stopped = new AbortController();
    const waiting = waitUntilUnlocked(ID, { checkpoints, signal: stopped.signal });
    stopped.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    const order: string[] = [];
    const freed = waitUntilUnlocked(ID, { checkpoints }).then(() => order.push('free'));
    order.push('released');
    await lease.release();
    await freed;
    expect(order).toEqual(['released', 'free']);
  },
);

test('a throttled call runs at once, then at most once per interval, and the last one always runs', () => {
  vi.useFakeTimers();
  const done: number[] = [];
  const start = performance.now();
  const throttle = createThrottle(250, () => done.push(performance.now() - start));
  for (let at = 0; at < 1000; at += 10) {
    throttle.request();
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(1000);
  expect(done).toEqual([0, 250, 500, 750, 1000]);
  throttle.request();
  throttle.request();
  throttle.runNow();
  vi.advanceTimersByTime(1000);
  expect(done.slice(5)).toEqual([2000, 2000]);
});
