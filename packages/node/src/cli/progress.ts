import type { UploadSnapshot } from '@partway/core';
import { Presets, SingleBar } from 'cli-progress';

/**
 * A progress bar on a terminal, a line every tenth of the way elsewhere. On stderr: stdout is for results.
 */
export function showProgress(): Progress {
  return process.stderr.isTTY ? bar() : lines();
}

export interface Progress {
  update(snapshot: UploadSnapshot): void;
  /** Gives the terminal back. */
  end(): void;
}

function bar(): Progress {
  const format = '{bar} {percentage}% | {sent} of {size} MiB | {speed} | {left}';
  const looks = { format, stream: process.stderr, hideCursor: true, linewrap: false };
  const progress = new SingleBar(looks, Presets.shades_classic);
  let isOver = false;
  return {
    update(snapshot) {
      const { size, sentBytes } = snapshot;
      if (size === undefined || isOver) return;
      // Of an empty file nothing is sent, and all of it is there.
      const total = Math.max(1, size);
      const value = size === 0 ? 1 : sentBytes;
      if (progress.isActive) progress.update(value, described(snapshot));
      else if (snapshot.phase === 'sending') progress.start(total, value, described(snapshot));
    },
    end() {
      isOver = true;
      progress.stop();
    },
  };
}

function lines(): Progress {
  let tenths = 0;
  return {
    update(snapshot) {
      const reached = Math.floor((10 * snapshot.confirmedBytes) / (snapshot.size || 1));
      if (reached <= tenths) return;
      tenths = reached;
      const { confirmed, size, speed, left } = described(snapshot);
      console.error(`${tenths * 10}% | ${confirmed} of ${size} MiB | ${speed} | ${left}`);
    },
    end: () => undefined,
  };
}

const MIB = 1024 ** 2;

function described(
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
