import type { Upload } from '@partway/core';
import { EXIT } from './exit-code.ts';

type StopSignal = 'SIGINT' | 'SIGTERM';

/**
 * Lets the first Ctrl-C or SIGTERM pause the upload; `paused` resolves when all traffic has stopped, and
 * never when the upload ends instead. A second signal ends the process at once. `quiet` frees the terminal
 * before anything is said.
 */
export function pauseOnSignal(upload: Upload, quiet: () => void): { paused: Promise<StopSignal> } {
  let stoppedBy: StopSignal | undefined;
  const paused = new Promise<StopSignal>((resolve) => {
    upload.subscribe(({ type }) => {
      if (type === 'paused' && stoppedBy !== undefined) resolve(stoppedBy);
    });
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stoppedBy !== undefined) process.exit(EXIT[signal]);
      stoppedBy = signal;
      quiet();
      console.error('partway: pausing; once more ends it at once');
      upload.pause();
    });
  }
  return { paused };
}
