import { createLinkedController, type LinkedController } from '../../abort.ts';
import { UploadError } from '../../errors.ts';
import type { Resolved, StallOptions } from '../../options.ts';
import type { UploadRun } from '../run-context.ts';
import { createWatch } from './periodic-check.ts';

/** One try under guard. */
export interface GuardedTry {
  /** Aborted by the caller, or with an `UploadError` of code `stalled`. */
  readonly signal: AbortSignal;
  /** To be told how many bytes of the body have been handed to the network. */
  readonly onProgress: (sentBytes: number) => void;
}

/** The clocks of all parts in flight. */
export interface StallGuard {
  /**
   * Runs one try of a part under three clocks: no byte moved for `idleMs`; fewer than `minBytesPerSecond`
   * over `windowMs`; body sent, but no answer for `responseMs`. None of them limits how long an honest slow
   * part may take, and of the time that a machine sleeps only seconds count. A transport that cannot tell its
   * progress is not guarded. `moved` hears of the progress for as long as the try is under way.
   */
  guard<T>(
    size: number,
    signal: AbortSignal,
    moved: (sentBytes: number) => void,
    attempt: (guarded: GuardedTry) => Promise<T>,
  ): Promise<T>;
}

export function createStallGuard(run: UploadRun): StallGuard {
  const { clock, transport } = run.ports;
  const { idleMs, responseMs, windowMs } = run.options.stall;
  // No clock that is started, or set back, during a pause runs out before the pause is over. And of the time
  // that a machine sleeps no more than one pause counts.
  const lookMs = Math.ceil(Math.min(idleMs, responseMs, windowMs) / 3);
  const watch = createWatch<Guarded>(clock, {
    pauseMs(tries) {
      const pausesMs = [...tries].map(({ clocks }) => clocks.nextAt() - clock.now());
      return Math.max(0, Math.min(lookMs, ...pausesMs));
    },
    look(guarded, lateMs) {
      guarded.clocks.forgive(clock.now(), lateMs);
      const symptom = guarded.clocks.symptom(clock.now());
      // canary: no-stall
      if (symptom === undefined) return;
      watch.remove(guarded);
      guarded.controller.abort(stalledError(symptom));
    },
  });

  return {
    async guard(size, signal, moved, attempt) {
      const clocks = startClocks(run.options.stall, size, clock.now());
      const controller = createLinkedController(signal);
      const guarded = { clocks, controller };
      let hasEnded = false;
      const onProgress = (sentBytes: number): void => {
        if (hasEnded || controller.signal.aborted) return;
        clocks.moved(clock.now(), sentBytes);
        moved(sentBytes);
      };
      if (transport.reportsProgress) watch.add(guarded);
      try {
        return await attempt({ signal: controller.signal, onProgress });
      } finally {
        hasEnded = true;
        watch.remove(guarded);
        controller.unlink();
      }
    },
  };
}

interface Guarded {
  readonly clocks: Clocks;
  readonly controller: LinkedController;
}

interface Clocks {
  /** Takes back so much time: nobody was there to hear of progress. */
  forgive(now: number, lateMs: number): void;
  moved(now: number, sentBytes: number): void;
  /** When the next look is due. */
  nextAt(): number;
  /** What is wrong, in words; `undefined` when nothing is. */
  symptom(now: number): string | undefined;
}

function startClocks(limits: Resolved<StallOptions>, size: number, startedAt: number): Clocks {
  const { idleMs, responseMs, minBytesPerSecond, windowMs } = limits;
  let sentBytes = 0;
  let movedAt = startedAt;
  let windowStart = { at: startedAt, sentBytes: 0 };
  return {
    forgive(now, lateMs) {
      movedAt = Math.min(now, movedAt + lateMs);
      windowStart = { ...windowStart, at: Math.min(now, windowStart.at + lateMs) };
    },
    moved(now, bytes) {
      if (bytes === sentBytes) return;
      sentBytes = bytes;
      movedAt = now;
    },
    nextAt() {
      if (sentBytes >= size) return movedAt + responseMs;
      return Math.min(movedAt + idleMs, windowStart.at + windowMs);
    },
    symptom(now) {
      if (sentBytes >= size) {
        return now - movedAt < responseMs
          ? undefined
          : `the body was sent, but no answer came for ${responseMs} ms`;
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
