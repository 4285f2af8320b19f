import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** The built command line in its own processes, and an emulator for it. */
export interface CliStage {
  readonly emulator: OssEmulator;
  /** A temporary folder, which `close` removes. */
  readonly folder: string;
  start(args: readonly string[], options?: StartOptions): ChildProcess;
  partway(args: readonly string[], environment?: Environment): Promise<ExitedProcess>;
  /** Kills running processes and removes the faults. */
  reset(): void;
  close(): Promise<void>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface StartOptions {
  readonly environment?: Environment;
  /** Standard input: a pipe to write to, or a descriptor. Default: it is empty. */
  readonly stdin?: 'pipe' | number;
}

export interface ExitedProcess {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function openCliStage(): Promise<CliStage> {
  await access(cli).catch(() => {
    throw new Error('the tests run the built command line: run `npx tsc -b packages/node` first');
  });
  const folder = await mkdtemp(join(tmpdir(), 'partway-cli-'));
  const emulator = await startOssEmulator({
    buckets: ['media'],
    credentials: { accessKeyId: 'AK', accessKeySecret: 'a secret' },
  });
  const children: ChildProcess[] = [];

  function start(args: readonly string[], { environment = {}, stdin }: StartOptions = {}) {
    const child = spawn(process.execPath, [cli, ...args], {
      stdio: [stdin ?? 'ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        XDG_STATE_HOME: join(folder, 'state'),
        OSS_REGION: 'cn-hangzhou',
        OSS_ENDPOINT: emulator.endpoint,
        OSS_ACCESS_KEY_ID: 'AK',
        OSS_ACCESS_KEY_SECRET: 'a secret',
        ...environment,
      },
    });
    children.push(child);
    return child;
  }

  return {
    emulator,
    folder,
    start,
    partway: (args, environment = {}) => waitForExit(start(args, { environment })),
    reset() {
      emulator.faults.clear();
      for (const child of children.splice(0)) child.kill('SIGKILL');
    },
    async close() {
      await emulator.close();
      await rm(folder, { recursive: true });
    },
  };
}

export async function waitForExit(child: ChildProcess): Promise<ExitedProcess> {
  const [[status], stdout, stderr] = await Promise.all([
    once(child, 'exit'),
    child.stdout?.toArray(),
    child.stderr?.toArray(),
  ]);
  return { status, stdout: (stdout ?? []).join(''), stderr: (stderr ?? []).join('') };
}

/** One line of `--json`. */
export interface Line {
  readonly type: string;
  readonly partNumber: number;
}

export function eventsIn(stdout: string): readonly Line[] {
  return stdout.trimEnd().split('\n').map(parsed);
}

export function parsed(line: string): Line {
  return JSON.parse(line);
}
