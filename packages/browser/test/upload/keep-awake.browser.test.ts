import { keepAwake } from '@partway/browser';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { driveUpload } from '../element/driven-upload.ts';

/** The locks that the page was given and has not given back, as a browser keeps them. */
let heldLocks: WakeLockSentinel[] = [];
let visibility: DocumentVisibilityState = 'visible';

/** Stands for the browser's own: a headless one has no screen to keep on. */
function requestLock(): Promise<WakeLockSentinel> {
  const sentinel = Object.assign(new EventTarget(), {
    type: 'screen',
    async release() {
      heldLocks = heldLocks.filter((each) => each !== sentinel);
      sentinel.dispatchEvent(new Event('release'));
    },
  }) as unknown as WakeLockSentinel;
  heldLocks.push(sentinel);
  return Promise.resolve(sentinel);
}

async function turn(state: DocumentVisibilityState): Promise<void> {
  visibility = state;
  if (state === 'hidden') await Promise.all(heldLocks.map((sentinel) => sentinel.release()));
  document.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  heldLocks = [];
  visibility = 'visible';
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
  vi.spyOn(navigator, 'wakeLock', 'get').mockReturnValue({ request: requestLock } as WakeLock);
});
afterEach(() => vi.restoreAllMocks());

test('the wake lock is held until the last of many uploads has ended [pain-27]', async () => {
  const [first, second] = [driveUpload(), driveUpload()];
  keepAwake(first);
  keepAwake(second);
  await expect.poll(() => heldLocks).toHaveLength(1);
  first.complete();
  await first.result;
  expect(heldLocks).toHaveLength(1);
  second.fail();
  await expect.poll(() => heldLocks).toHaveLength(0);
  expect([first.listenerCount(), second.listenerCount()]).toEqual([0, 0]);
});

test('a paused upload releases the wake lock', async () => {
  const upload = driveUpload();
  const end = keepAwake(upload);
  await expect.poll(() => heldLocks).toHaveLength(1);
  upload.pause();
  await expect.poll(() => heldLocks).toHaveLength(0);
  upload.resume();
  await expect.poll(() => heldLocks).toHaveLength(1);
  end();
  await expect.poll(() => heldLocks).toHaveLength(0);
});

test('a page that becomes visible again requests the wake lock again', async () => {
  const end = keepAwake(driveUpload());
  await expect.poll(() => heldLocks).toHaveLength(1);
  await turn('hidden');
  expect(heldLocks).toHaveLength(0);
  await turn('visible');
  await expect.poll(() => heldLocks).toHaveLength(1);
  end();
  await expect.poll(() => heldLocks).toHaveLength(0);
  await turn('visible');
  expect(heldLocks).toHaveLength(0);
});

test('an upload started in a hidden page requests the wake lock when the page becomes visible', async () => {
  visibility = 'hidden';
  const end = keepAwake(driveUpload());
  expect(heldLocks).toHaveLength(0);
  await turn('visible');
  await expect.poll(() => heldLocks).toHaveLength(1);
  end();
});

test.each([
  ['there is none', undefined],
  ['it is refused', { request: () => Promise.reject(new DOMException('no', 'NotAllowedError')) }],
])('without effect and without failure where %s', async (_, wakeLock) => {
  vi.spyOn(navigator, 'wakeLock', 'get').mockReturnValue(wakeLock as WakeLock);
  const upload = driveUpload();
  keepAwake(upload);
  upload.complete();
  await upload.result;
  expect(upload.listenerCount()).toBe(0);
});
