import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** The command line as built, in processes of its own, and an emulator for it. */
export interface CliStage {
  readonly emulator: OssEmulator;
  /** A folder of its own, which is removed at the end. */
  readonly folder: string;
  started(args: readonly string[], options?: StartOptions): ChildProcess;
  partway(args: readonly string[], environment?: Environment): Promise<Ended>;
  /** Ends what is still running, and forgets the faults. */
  reset(): void;
  close(): Promise<void>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface StartOptions {
  readonly environment?: Environment;
  /** Standard input: something that will be written to it, or a descriptor. Default: it is empty. */
  readonly stdin?: 'pipe' | number;
}

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly said: string;
}

export async function openCliStage(): Promise<CliStage> {
  await access(cli).catch(() => {
    throw new Error('the command line is tested as built: run `npx tsc -b packages/node` first');
  });
  const folder = await mkdtemp(join(tmpdir(), 'partway-cli-'));
  const emulator = await startOssEmulator({
    buckets: ['media'],
    credentials: { accessKeyId: 'AK', accessKeySecret: 'a secret' },
  });
  const children: ChildProcess[] = [];

  function started(args: readonly string[], { environment = {}, stdin }: StartOptions = {}) {
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
    started,
    partway: (args, environment = {}) => ended(started(args, { environment })),
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

export async function ended(child: ChildProcess): Promise<Ended> {
  const [[status], out, said] = await Promise.all([
    once(child, 'exit'),
    child.stdout?.toArray(),
    child.stderr?.toArray(),
  ]);
  return { status, out: (out ?? []).join(''), said: (said ?? []).join('') };
}

/** One line of `--json`. */
export interface Line {
  readonly type: string;
  readonly partNumber: number;
}

export function eventsIn(out: string): readonly Line[] {
  return out.trimEnd().split('\n').map(parsed);
}

export function parsed(line: string): Line {
  return JSON.parse(line);
}
