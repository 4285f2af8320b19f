import type { Upload, UploadEvent } from '@partway/core';

/**
 * Keeps the screen from going dark, and with it a phone from stopping its upload, while the upload is under
 * way and its page is shown. Ends with the upload, or when the function returned is called; a pause suspends
 * it. Many uploads share one wake lock. Where there is none, as in a page without TLS, or where the device
 * saves its battery, nothing happens.
 */
export function keepAwake(upload: Upload): () => void {
  const follow = (): void => (upload.snapshot().phase === 'paused' ? sleep(upload) : stayAwake(upload));
  const hear = ({ type }: UploadEvent): void => {
    if (type === 'paused' || type === 'resumed') follow();
  };
  const unsubscribe = upload.subscribe(hear);
  const end = (): void => {
    unsubscribe();
    sleep(upload);
  };
  follow();
  upload.result.then(end, end);
  return end;
}

/** All that want the screen on. */
const awake = new Set<Upload>();

/** What is held, or asked for. The browser takes it back when the page is hidden. */
let lock: Promise<WakeLockSentinel | undefined> | undefined;

function stayAwake(upload: Upload): void {
  awake.add(upload);
  if (awake.size === 1) document.addEventListener('visibilitychange', take);
  take();
}

function sleep(upload: Upload): void {
  if (!awake.delete(upload) || awake.size > 0) return;
  document.removeEventListener('visibilitychange', take);
  const held = lock;
  lock = undefined;
  void held?.then((sentinel) => sentinel?.release());
}

function take(): void {
  if (lock !== undefined || document.visibilityState !== 'visible') return;
  const asked = request();
  lock = asked;
  const lose = (): void => {
    if (lock === asked) lock = undefined;
  };
  void asked.then((sentinel) =>
    sentinel === undefined ? lose() : sentinel.addEventListener('release', lose, { once: true }),
  );
}

async function request(): Promise<WakeLockSentinel | undefined> {
  const { wakeLock }: { readonly wakeLock?: WakeLock } = navigator;
  // Refused to a page without the permission, and by a device that saves its battery.
  return wakeLock?.request('screen').catch(() => undefined);
}
