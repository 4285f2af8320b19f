import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from './processes.ts';

const LOOK_EVERY_MS = 200;

/** The kernel's own high-water mark, looked at until the process has gone. 0 where there is none. */
export async function watchPeak({ process: put, ended }: Running): Promise<number> {
  let peakBytes = 0;
  let isRunning = true;
  void ended.then(() => {
    isRunning = false;
  });
  while (isRunning) {
    const status = await readFile(`/proc/${put.pid}/status`, 'utf8').catch(() => '');
    const [, kibibytes = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
    peakBytes = Math.max(peakBytes, Number(kibibytes) * 1024);
    await Promise.race([ended, sleep(LOOK_EVERY_MS)]);
  }
  return peakBytes;
}
