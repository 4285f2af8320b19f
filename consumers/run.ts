import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const OUTPUT_MAX = 64 * 1024 ** 2;

/** Runs a program to its end and returns its output. Throws with the output when it fails. */
export async function run(
  folder: string,
  program: string,
  ...args: readonly string[]
): Promise<{ readonly stdout: string }> {
  return await new Promise((resolve, reject) => {
    const options = { cwd: folder, maxBuffer: OUTPUT_MAX, env: { ...process.env, NO_COLOR: '1' } };
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout });
      else reject(new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error }));
    });
  });
}

/** A program that runs until it is closed. */
export interface Running {
  /** The first URL that it printed. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a program with Node, and resolves when it has printed its URL. */
export async function start(folder: string, ...args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  const url = await new Promise<string>((resolve, reject) => {
    const lines = createInterface(child.stdout);
    // Reads until the end: a program fails when it writes to a closed pipe.
    lines.on('line', (line) => {
      const [address] = /https?:\/\/[\w.:]+/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
    });
    lines.on('close', () => reject(new Error(`${args.join(' ')} ended without a URL`)));
  });
  return { url, close: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill();
  await exited;
}
