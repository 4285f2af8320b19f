import type { UploadErrorCode } from '../../errors.ts';
import type { UploadFact } from '../progress/events.ts';
import type { Outage, UploadPorts } from '../run-context.ts';

/**
 * Told as `offline` by the first request that waits, and as `online` when none does any more. A caller who
 * has stopped the upload waits for no network: what is tidied up then is tried as often as allowed. But what
 * became of a Complete is found out.
 */
export function createOutage(
  { isOnline = () => true, clock }: Pick<UploadPorts, 'isOnline' | 'clock'>,
  isStopped: () => boolean,
  emit: (fact: UploadFact) => void,
): Outage {
  const isOut = (): boolean => !isOnline() && !isStopped();
  let waiting = 0;

  return {
    isOfflineError: ({ code }) => UNANSWERED.has(code) && isOut(),
    async waitUntilOnline(signal) {
      waiting += 1;
      if (waiting === 1) emit({ type: 'offline' });
      try {
        for (let waitedMs = 0; waitedMs < DOUBT_MS && isOut(); waitedMs += LOOK_MS)
          await clock.sleep(LOOK_MS, signal);
      } finally {
        waiting -= 1;
        if (waiting === 0 && !isStopped()) emit({ type: 'online' });
      }
    },
  };
}

const LOOK_MS = 500;
const DOUBT_MS = 60_000;

const UNANSWERED: ReadonlySet<UploadErrorCode> = new Set(['network', 'stalled']);
