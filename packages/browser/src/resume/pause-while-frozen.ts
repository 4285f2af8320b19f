import type { Upload } from '@partway/core';

/**
 * Pauses an upload while the browser freezes its page or keeps it in the back/forward cache. The pause
 * releases the lock, so that another tab can resume the upload. It resumes when the page does.
 */
export function pauseWhileFrozen(upload: Upload): void {
  let hasPaused = false;

  function pause(): void {
    if (upload.snapshot().phase === 'paused') return;
    hasPaused = true;
    upload.pause();
  }

  function resume(): void {
    if (hasPaused) upload.resume();
    hasPaused = false;
  }

  const ended = new AbortController();
  const { signal } = ended;
  addEventListener('freeze', pause, { signal, capture: true });
  addEventListener('resume', resume, { signal, capture: true });
  addEventListener('pagehide', ({ persisted }) => persisted && pause(), { signal });
  addEventListener('pageshow', resume, { signal });
  const end = (): void => ended.abort();
  upload.result.then(end, end);
}
