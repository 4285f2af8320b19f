import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { BUCKET, CREDENTIALS, KEY, REGION } from './emulated-oss.ts';

/** A Node process of its own. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
}

export interface PutCommand {
  readonly file: string;
  readonly endpoint: string;
  /** Default: that of the user, or none for a stream. */
  readonly checkpointDir?: string;
  readonly isQuiet: boolean;
  readonly options?: readonly string[];
}

/** `partway put` as a shell would start it. Its progress goes to our stderr. */
export function startPut({ file, endpoint, checkpointDir, isQuiet, options = [] }: PutCommand): Running {
  const where = ['--region', REGION, '--endpoint', endpoint];
  const kept = checkpointDir === undefined ? [] : ['--checkpoint-dir', checkpointDir];
  const args = [
    'put',
    file,
    `oss://${BUCKET}/${KEY}`,
    ...where,
    ...kept,
    ...options,
    ...(isQuiet ? ['--quiet'] : []),
  ];
  return startScript(new URL('cli.js', import.meta.resolve('@partway/node')), args);
}

export function startScript(script: URL, args: readonly string[]): Running {
  const child = spawn(process.execPath, [fileURLToPath(script), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      OSS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      OSS_ACCESS_KEY_SECRET: CREDENTIALS.accessKeySecret,
      OSS_SESSION_TOKEN: '',
    },
  });
  return { process: child, ended: readToEnd(child) };
}

async function readToEnd(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  await once(child, 'close');
  return { exitCode: child.exitCode, stdout };
}

/** Runs a `partway-emulator` that keeps no bytes beside us, and gives its endpoint. */
export async function withDiscardingEmulator<T>(run: (endpoint: string) => Promise<T>): Promise<T> {
  const script = new URL('cli.js', import.meta.resolve('@partway/emulator'));
  const args = ['--port', '0', '--discard', '--region', REGION, '--bucket', BUCKET];
  const { process: emulator, ended } = startScript(script, args);
  try {
    return await run(await endpointOf(emulator));
  } finally {
    emulator.kill('SIGTERM');
    await ended;
  }
}

async function endpointOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new TypeError('the emulator has no stdout');
  const [text] = await once(stdout, 'data');
  const [endpoint] = /http:\S+/.exec(String(text)) ?? [];
  if (endpoint === undefined) throw new Error(`the emulator did not start: ${text}`);
  return endpoint;
}
