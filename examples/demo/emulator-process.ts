import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface EmulatorProcess {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly accessKeySecret: string };
  stop(): Promise<void>;
}

/** Starts the emulator's command line on a free port and waits for its first line. */
export async function startEmulatorProcess(): Promise<EmulatorProcess> {
  const credentials = { accessKeyId: 'demo-access-key-id', accessKeySecret: 'demo-access-key-secret' };
  const [region, bucket] = ['cn-hangzhou', 'demo'];
  const cli = fileURLToPath(new URL('cli.js', import.meta.resolve('@partway/emulator')));
  const options = ['--port', '0', '--region', region, '--bucket', bucket];
  const keys = [
    '--access-key-id',
    credentials.accessKeyId,
    '--access-key-secret',
    credentials.accessKeySecret,
  ];
  const child = spawn(process.execPath, [cli, ...options, ...keys], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), exited]);
  const endpoint = /listening on (\S+)/.exec(String(line))?.[1];
  if (endpoint === undefined) throw new Error(`the emulator did not start: ${line}`);
  return {
    endpoint,
    region,
    bucket,
    credentials,
    async stop() {
      child.kill();
      await exited;
    },
  };
}
