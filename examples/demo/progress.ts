import type { UploadSnapshot } from '@partway/node';
import { Presets, SingleBar } from 'cli-progress';

const MIB = 1024 ** 2;

/** A progress bar on a terminal, a line per 10 % elsewhere. */
export function showProgress(): { update(snapshot: UploadSnapshot): void; end(): void } {
  return process.stdout.isTTY ? createBar() : createLines();
}

function createBar(): ReturnType<typeof showProgress> {
  const format = '{bar} {percentage}% | {sent} of {size} MiB | {speed} | {left}';
  const progress = new SingleBar({ format, hideCursor: true, linewrap: false }, Presets.shades_classic);
  progress.start(1, 0, describe(undefined));
  return {
    update(snapshot) {
      progress.setTotal(snapshot.size ?? 1);
      progress.update(snapshot.sentBytes, describe(snapshot));
    },
    end: () => progress.stop(),
  };
}

function createLines(): ReturnType<typeof showProgress> {
  let tenths = 0;
  return {
    update(snapshot) {
      const reached = Math.floor((10 * snapshot.confirmedBytes) / (snapshot.size || 1));
      if (reached <= tenths) return;
      tenths = reached;
      const { size, speed, left } = describe(snapshot);
      const confirmed = (snapshot.confirmedBytes / MIB).toFixed(1);
      console.log(`${tenths * 10}% | ${confirmed} of ${size} MiB | ${speed} | ${left}`);
    },
    end: () => undefined,
  };
}

function describe(snapshot: UploadSnapshot | undefined): Record<'sent' | 'size' | 'speed' | 'left', string> {
  const speed = snapshot?.bytesPerSecond;
  const leftMs = snapshot?.remainingMs;
  return {
    sent: ((snapshot?.sentBytes ?? 0) / MIB).toFixed(1),
    size: ((snapshot?.size ?? 0) / MIB).toFixed(1),
    speed: speed === undefined ? '- MiB/s' : `${(speed / MIB).toFixed(0)} MiB/s`,
    left: leftMs === undefined ? 'time left unknown' : `${(leftMs / 1000).toFixed(1)} s left`,
  };
}
