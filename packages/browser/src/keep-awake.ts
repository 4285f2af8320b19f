import type { Upload, UploadEvent } from '@partway/core';

/**
 * Keeps the screen on while the upload runs and its page is visible: a phone that locks its screen stops its
 * uploads. Ends when the upload ends or the returned function is called. While the upload is paused, the
 * screen may turn off. All uploads of a page share one wake lock. Never fails: without a wake lock (a page
 * without TLS, a battery saver) it has no effect.
 */
export function keepAwake(upload: Upload): () => void {
  const update = (): void =>
    upload.snapshot().phase === 'paused' ? allowSleep(upload) : preventSleep(upload);
  const onEvent = ({ type }: UploadEvent): void => {
    if (type === 'paused' || type === 'resumed') update();
  };
  const unsubscribe = upload.subscribe(onEvent);
  const end = (): void => {
    unsubscribe();
    allowSleep(upload);
  };
  update();
  upload.result.then(end, end);
  return end;
}

/** The uploads that need the screen to stay on. */
const awakeUploads = new Set<Upload>();

/** The wake lock, requested or acquired. The browser releases it when the page is hidden. */
let wakeLock: Promise<WakeLockSentinel | undefined> | undefined;

function preventSleep(upload: Upload): void {
  awakeUploads.add(upload);
  if (awakeUploads.size === 1) document.addEventListener('visibilitychange', acquire);
  acquire();
}

function allowSleep(upload: Upload): void {
  if (!awakeUploads.delete(upload) || awakeUploads.size > 0) return;
  document.removeEventListener('visibilitychange', acquire);
  const released = wakeLock;
  wakeLock = undefined;
  void released?.then((sentinel) => sentinel?.release());
}

function acquire(): void {
  if (wakeLock !== undefined || document.visibilityState !== 'visible') return;
  const acquiring = requestWakeLock();
  wakeLock = acquiring;
  const clear = (): void => {
    if (wakeLock === acquiring) wakeLock = undefined;
  };
  void acquiring.then((sentinel) =>
    sentinel === undefined ? clear() : sentinel.addEventListener('release', clear, { once: true }),
  );
}

async function requestWakeLock(): Promise<WakeLockSentinel | undefined> {
  const { wakeLock: api }: { readonly wakeLock?: WakeLock } = navigator;
  // Browsers reject the request of a page without the permission, and while a battery saver is on.
  return api?.request('screen').catch(() => undefined);
}
