import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { BUCKET, CREDENTIALS, KEY, REGION } from './emulated-oss.ts';

/** A Node process. */
export interface RunningProcess {
  readonly process: ChildProcess;
  readonly ended: Promise<ProcessResult>;
}

export interface ProcessResult {
  /** `null` if a signal ended the process. */
  readonly exitCode: number | null;
  readonly stdout: string;
}

export interface PutCommand {
  readonly file: string;
  readonly endpoint: string;
  /** Default: that of the user. Streams have none. */
  readonly checkpointDir?: string;
  readonly isQuiet: boolean;
  readonly options?: readonly string[];
}

/** Starts `partway put` as a shell does. Its progress goes to our stderr. */
export function startPut({
  file,
  endpoint,
  checkpointDir,
  isQuiet,
  options = [],
}: PutCommand): RunningProcess {
  const bucket = ['--region', REGION, '--endpoint', endpoint];
  const checkpoints = checkpointDir === undefined ? [] : ['--checkpoint-dir', checkpointDir];
  const args = [
    'put',
    file,
    `oss://${BUCKET}/${KEY}`,
    ...bucket,
    ...checkpoints,
    ...options,
    ...(isQuiet ? ['--quiet'] : []),
  ];
  return startScript(new URL('cli.js', import.meta.resolve('@partway/node')), args);
}

export function startScript(script: URL, args: readonly string[]): RunningProcess {
  const child = spawn(process.execPath, [fileURLToPath(script), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      OSS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      OSS_ACCESS_KEY_SECRET: CREDENTIALS.accessKeySecret,
      OSS_SESSION_TOKEN: '',
    },
  });
  return { process: child, ended: waitForExit(child) };
}

async function waitForExit(child: ChildProcess): Promise<ProcessResult> {
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  await once(child, 'close');
  return { exitCode: child.exitCode, stdout };
}

/** Runs a `partway-emulator` that keeps no bytes while `run` runs. */
export async function withDiscardingEmulator<T>(run: (endpoint: string) => Promise<T>): Promise<T> {
  const script = new URL('cli.js', import.meta.resolve('@partway/emulator'));
  const args = ['--port', '0', '--discard', '--region', REGION, '--bucket', BUCKET];
  const { process: emulator, ended } = startScript(script, args);
  try {
    return await run(await readEndpoint(emulator));
  } finally {
    emulator.kill('SIGTERM');
    await ended;
  }
}

async function readEndpoint({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new TypeError('the emulator has no stdout');
  const [text] = await once(stdout, 'data');
  const [endpoint] = /http:\S+/.exec(String(text)) ?? [];
  if (endpoint === undefined) throw new Error(`the emulator did not start: ${text}`);
  return endpoint;
}
