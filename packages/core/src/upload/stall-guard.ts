import { ENDED } from '../ended.ts';
import { UploadError } from '../errors.ts';
import type { Resolved, StallOptions } from '../options.ts';
import { linkedController } from './linked-controller.ts';
import type { UploadRun } from './upload-run.ts';

/** One try under guard. */
export interface GuardedTry {
  /** Aborted by the caller, or with an `UploadError` of code `stalled`. */
  readonly signal: AbortSignal;
  /** To be told how many bytes of the body have been handed to the network. */
  readonly onProgress: (sentBytes: number) => void;
}

/**
 * Runs one try of a part under three clocks: no byte moved for `idleMs`; fewer than `minBytesPerSecond` over
 * `windowMs`; body sent, but no answer for `answerMs`. None of them limits how long an honest slow part may
 * take. A transport that cannot tell its progress is not guarded.
 */
export async function guardStalls<T>(
  run: UploadRun,
  size: number,
  signal: AbortSignal,
  attempt: (guarded: GuardedTry) => Promise<T>,
): Promise<T> {
  if (!run.ports.transport.tellsProgress) return attempt({ signal, onProgress: () => undefined });
  const { clock } = run.ports;
  const guarded = linkedController(signal);
  let hasEnded = false;
  const clocks = startClocks(run.options.stall, size, clock.now());
  const watching = watch();
  try {
    const onProgress = (sentBytes: number): void => clocks.moved(clock.now(), sentBytes);
    return await attempt({ signal: guarded.signal, onProgress });
  } finally {
    hasEnded = true;
    guarded.unlink();
    // Wakes the watch: nothing else listens any more.
    guarded.abort(ENDED);
    await watching;
  }

  async function watch(): Promise<void> {
    for (;;) {
      const waitMs = clocks.nextAt() - clock.now();
      await clock.sleep(Math.max(waitMs, 0), guarded.signal).catch(() => undefined);
      if (hasEnded || guarded.signal.aborted) return;
      const symptom = clocks.symptom(clock.now());
      if (symptom === undefined) continue;
      guarded.abort(stalledError(symptom));
      return;
    }
  }
}

interface Clocks {
  moved(now: number, sentBytes: number): void;
  /** When the next look is due. */
  nextAt(): number;
  /** What is wrong, in words; `undefined` when nothing is. */
  symptom(now: number): string | undefined;
}

function startClocks(limits: Resolved<StallOptions>, size: number, startedAt: number): Clocks {
  const { idleMs, answerMs, minBytesPerSecond, windowMs } = limits;
  let sentBytes = 0;
  let movedAt = startedAt;
  let windowStart = { at: startedAt, sentBytes: 0 };
  return {
    moved(now, bytes) {
      if (bytes === sentBytes) return;
      sentBytes = bytes;
      movedAt = now;
    },
    nextAt() {
      if (sentBytes >= size) return movedAt + answerMs;
      return Math.min(movedAt + idleMs, windowStart.at + windowMs);
    },
    symptom(now) {
      if (sentBytes >= size) {
        return now - movedAt < answerMs
          ? undefined
          : `the body was sent, but no answer came for ${answerMs} ms`;
      }
      if (now - movedAt >= idleMs) return `no byte moved for ${idleMs} ms`;
      if (now - windowStart.at < windowMs) return undefined;
      const bytesPerSecond = ((sentBytes - windowStart.sentBytes) / (now - windowStart.at)) * 1000;
      windowStart = { at: now, sentBytes };
      if (bytesPerSecond >= minBytesPerSecond) return undefined;
      return `only ${Math.floor(bytesPerSecond)} bytes per second moved for ${windowMs} ms`;
    },
  };
}

function stalledError(symptom: string): UploadError {
  return new UploadError({
    code: 'stalled',
    message: `the part stalled: ${symptom}`,
    disposition: 'transient',
    hint: 'It is sent again on a new connection. When that happens often, send fewer parts at once.',
  });
}
