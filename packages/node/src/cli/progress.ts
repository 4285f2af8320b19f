import type { UploadSnapshot } from '@partway/core';
import { Presets, SingleBar } from 'cli-progress';

/**
 * Prints a progress bar on a terminal, and a line per 10 % elsewhere. For an upload of unknown size it prints
 * bytes and speed: in place on a terminal, elsewhere a line per 25 % more bytes. It uses stderr, because
 * stdout is for results.
 */
export function showProgress(): Progress {
  return process.stderr.isTTY ? createBar() : createLines();
}

export interface Progress {
  update(snapshot: UploadSnapshot): void;
  /** Restores the terminal. Later updates are ignored. */
  end(): void;
}

function createBar(): Progress {
  let progress: SingleBar | undefined;
  let hasEnded = false;
  return {
    update(snapshot) {
      if (hasEnded) return;
      const { size, sentBytes } = snapshot;
      // An empty file counts as one byte that is sent. An unknown size has no bar.
      const total = Math.max(1, size ?? 0);
      const value = size === 0 ? 1 : sentBytes;
      if (progress !== undefined) progress.update(value, formatSnapshot(snapshot));
      else if (snapshot.phase === 'sending') {
        const style = { stream: process.stderr, hideCursor: true, linewrap: false };
        const format = size === undefined ? SIZE_UNKNOWN : SIZE_KNOWN;
        progress = new SingleBar({ ...style, format }, Presets.shades_classic);
        progress.start(total, value, formatSnapshot(snapshot));
      }
    },
    end() {
      hasEnded = true;
      progress?.stop();
    },
  };
}

const SIZE_KNOWN = '{bar} {percentage}% | {sent} of {size} MiB | {speed} | {left}';
const SIZE_UNKNOWN = '{sent} MiB | {speed}';

function createLines(): Progress {
  let tenths = 0;
  let nextBytes = 1;
  return {
    update(snapshot) {
      const { confirmed, size, speed, left } = formatSnapshot(snapshot);
      if (snapshot.size === undefined) {
        if (snapshot.confirmedBytes < nextBytes) return;
        nextBytes = snapshot.confirmedBytes * 1.25;
        console.error(`${confirmed} MiB | ${speed}`);
        return;
      }
      const reached = Math.floor((10 * snapshot.confirmedBytes) / (snapshot.size || 1));
      if (reached <= tenths) return;
      tenths = reached;
      console.error(`${tenths * 10}% | ${confirmed} of ${size} MiB | ${speed} | ${left}`);
    },
    end: () => undefined,
  };
}

const MIB = 1024 ** 2;

function formatSnapshot(
  snapshot: UploadSnapshot,
): Readonly<Record<'sent' | 'confirmed' | 'size' | 'speed' | 'left', string>> {
  const { sentBytes, confirmedBytes, size = 0, bytesPerSecond, remainingMs } = snapshot;
  return {
    sent: (sentBytes / MIB).toFixed(1),
    confirmed: (confirmedBytes / MIB).toFixed(1),
    size: (size / MIB).toFixed(1),
    speed: bytesPerSecond === undefined ? '- MiB/s' : `${(bytesPerSecond / MIB).toFixed(1)} MiB/s`,
    left: remainingMs === undefined ? 'time left unknown' : `${Math.ceil(remainingMs / 1000)} s left`,
  };
}
