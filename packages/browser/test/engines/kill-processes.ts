import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';

/**
 * Kills, by SIGKILL, every process with `argument` on its command line, and the group that each of them leads:
 * a browser's own processes for pages, network and files among them. Resolves when none of them is left.
 */
export async function killProcessesOf(argument: string): Promise<void> {
  for (let pids = await processesOf(argument); pids.length > 0; pids = await processesOf(argument)) {
    for (const pid of pids) killGroup(pid);
  }
}

function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch (reason) {
      // It leads no group, or is gone already.
      if (!(reason instanceof Error) || !('code' in reason) || reason.code !== 'ESRCH') throw reason;
    }
  }
}

async function processesOf(argument: string): Promise<readonly number[]> {
  const lines = process.platform === 'linux' ? await linesOfProc() : linesOfPs();
  return lines.filter(({ line }) => line.includes(argument)).map(({ pid }) => pid);
}

interface CommandLine {
  readonly pid: number;
  readonly line: string;
}

/** Small images of Linux have no `ps`. A zombie has an empty line. */
async function linesOfProc(): Promise<readonly CommandLine[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return Promise.all(
    pids.map(async (pid) => ({ pid, line: await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') })),
  );
}

function linesOfPs(): readonly CommandLine[] {
  const rows = execFileSync('ps', ['-axo', 'pid=,args='], { encoding: 'utf8' }).trimEnd().split('\n');
  return rows.map((row) => ({ pid: Number.parseInt(row, 10), line: row }));
}
