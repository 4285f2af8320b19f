import { createLinkedController, type LinkedController } from '../../abort.ts';
import { UploadError } from '../../errors.ts';
import type { Resolved, StallOptions } from '../../options.ts';
import type { UploadRun } from '../run-context.ts';
import { createPeriodicCheck } from './periodic-check.ts';

/** The arguments of one guarded attempt. */
export interface GuardedAttempt {
  /** Aborted by the caller, or with an `UploadError` of code `stalled`. */
  readonly signal: AbortSignal;
  /** To be called with the bytes of the body that have been handed to the network. */
  readonly onProgress: (sentBytes: number) => void;
}

/** Detects stalls of all parts in flight. */
export interface StallGuard {
  /**
   * Runs one attempt of a part and aborts it when no byte was sent for `idleMs`, when fewer than
   * `minBytesPerSecond` were sent over `windowMs`, or when there is no response `responseMs` after the body.
   * A slow part that makes progress may take any time. Of the time that the machine sleeps only seconds
   * count. Without progress reports of the transport nothing is guarded. `onProgress` is called until the
   * attempt settles.
   */
  guard<T>(
    size: number,
    signal: AbortSignal,
    onProgress: (sentBytes: number) => void,
    attempt: (guarded: GuardedAttempt) => Promise<T>,
  ): Promise<T>;
}

export function createStallGuard(run: UploadRun): StallGuard {
  const { clock, transport } = run.ports;
  const { idleMs, responseMs, windowMs } = run.options.stall;
  // So short that no deadline that starts during a pause passes before its end, and that of the time that the
  // machine sleeps no more than one pause counts.
  const pauseMsMax = Math.ceil(Math.min(idleMs, responseMs, windowMs) / 3);
  const checks = createPeriodicCheck<GuardedPart>(clock, {
    pauseMs(parts) {
      const pausesMs = [...parts].map(({ progress }) => progress.nextDeadline() - clock.now());
      return Math.max(0, Math.min(pauseMsMax, ...pausesMs));
    },
    check(part, lateMs) {
      part.progress.extend(clock.now(), lateMs);
      const symptom = part.progress.symptom(clock.now());
      // canary: no-stall
      if (symptom === undefined) return;
      checks.remove(part);
      part.controller.abort(stalledError(symptom));
    },
  });

  return {
    async guard(size, signal, onProgress, attempt) {
      const progress = trackProgress(run.options.stall, size, clock.now());
      const controller = createLinkedController(signal);
      const part = { progress, controller };
      let isSettled = false;
      const onSent = (sentBytes: number): void => {
        if (isSettled || controller.signal.aborted) return;
        progress.update(clock.now(), sentBytes);
        onProgress(sentBytes);
      };
      if (transport.reportsProgress) checks.add(part);
      try {
        return await attempt({ signal: controller.signal, onProgress: onSent });
      } finally {
        isSettled = true;
        checks.remove(part);
        controller.unlink();
      }
    },
  };
}

interface GuardedPart {
  readonly progress: Progress;
  readonly controller: LinkedController;
}

/** The progress of one attempt. All instants are in ms since the epoch. */
interface Progress {
  /** Adds this time to the deadlines: the process could not observe progress. */
  extend(now: number, lateMs: number): void;
  update(now: number, sentBytes: number): void;
  nextDeadline(): number;
  /** Describes a stall; `undefined` when there is none. */
  symptom(now: number): string | undefined;
}

function trackProgress(limits: Resolved<StallOptions>, size: number, startedAt: number): Progress {
  const { idleMs, responseMs, minBytesPerSecond, windowMs } = limits;
  let sentBytes = 0;
  let progressAt = startedAt;
  let windowStart = { at: startedAt, sentBytes: 0 };
  return {
    extend(now, lateMs) {
      progressAt = Math.min(now, progressAt + lateMs);
      windowStart = { ...windowStart, at: Math.min(now, windowStart.at + lateMs) };
    },
    update(now, bytes) {
      if (bytes === sentBytes) return;
      sentBytes = bytes;
      progressAt = now;
    },
    nextDeadline() {
      if (sentBytes >= size) return progressAt + responseMs;
      return Math.min(progressAt + idleMs, windowStart.at + windowMs);
    },
    symptom(now) {
      if (sentBytes >= size) {
        return now - progressAt < responseMs
          ? undefined
          : `no response for ${responseMs} ms after the whole body was sent`;
      }
      if (now - progressAt >= idleMs) return `no byte was sent for ${idleMs} ms`;
      if (now - windowStart.at < windowMs) return undefined;
      const bytesPerSecond = ((sentBytes - windowStart.sentBytes) / (now - windowStart.at)) * 1000;
      windowStart = { at: now, sentBytes };
      if (bytesPerSecond >= minBytesPerSecond) return undefined;
      return `only ${Math.floor(bytesPerSecond)} bytes per second were sent for ${windowMs} ms`;
    },
  };
}

function stalledError(symptom: string): UploadError {
  return new UploadError({
    code: 'stalled',
    message: `the part stalled: ${symptom}`,
    disposition: 'transient',
    hint: 'If this happens often, lower the concurrency.',
  });
}
