import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningProcess } from './processes.ts';

const SAMPLE_MS = 200;

/**
 * The peak of resident memory as recorded by the kernel, sampled until the process exits. 0 except on Linux.
 */
export async function watchPeakMemory({ process: put, ended }: RunningProcess): Promise<number> {
  let peakBytes = 0;
  let isRunning = true;
  void ended.then(() => {
    isRunning = false;
  });
  while (isRunning) {
    const status = await readFile(`/proc/${put.pid}/status`, 'utf8').catch(() => '');
    const [, kibibytes = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
    peakBytes = Math.max(peakBytes, Number(kibibytes) * 1024);
    await Promise.race([ended, sleep(SAMPLE_MS)]);
  }
  return peakBytes;
}
