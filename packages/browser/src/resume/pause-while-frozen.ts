import type { Upload } from '@partway/core';

/**
 * Lets an upload rest while its page does: one that the browser has frozen, or keeps for the user to come
 * back to. It lets go of its lock, so that another tab may go on with it, and goes on by itself when the page
 * does.
 */
export function pauseWhileFrozen(upload: Upload): void {
  let isResting = false;

  function rest(): void {
    if (upload.snapshot().phase === 'paused') return;
    isResting = true;
    upload.pause();
  }

  function wake(): void {
    if (isResting) upload.resume();
    isResting = false;
  }

  const ended = new AbortController();
  const { signal } = ended;
  addEventListener('freeze', rest, { signal, capture: true });
  addEventListener('resume', wake, { signal, capture: true });
  addEventListener('pagehide', ({ persisted }) => persisted && rest(), { signal });
  addEventListener('pageshow', wake, { signal });
  const end = (): void => ended.abort();
  upload.result.then(end, end);
}
