import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryPath } from '../files.ts';
import type { Usage } from '../measure.ts';
import type { FileToSend } from './client.ts';

const run = promisify(execFile);

/** The usage of a process without an event loop. */
export type ProcessUsage = Pick<Usage, 'cpuSeconds' | 'wallSeconds' | 'peakMemory'>;

/** The OSS Go SDK v2, where there is a `go` that can build it. Otherwise rejects with the output of `go`. */
export async function buildGoClient(): Promise<string> {
  const sources = temporaryPath('go-sdk');
  const program = temporaryPath('go-client');
  // In a copy: `go` writes the checksums of its downloads into the folder.
  cpSync(fileURLToPath(new URL('../../go-sdk', import.meta.url)), sources, { recursive: true });
  const env = { GOFLAGS: '-mod=mod', ...process.env };
  await run('go', ['build', '-o', program, '.'], { cwd: sources, env, timeout: 180_000 });
  return program;
}

/** Sends both files in its own process, and returns the cost of the second one. */
export async function sendWithGo(
  program: string,
  endpoint: string,
  warmUp: FileToSend,
  { path, partSize, concurrency }: FileToSend,
  caPath: string | undefined,
): Promise<ProcessUsage> {
  const sizes = ['-part-size', String(partSize), '-parallel', String(concurrency)];
  const args = ['-endpoint', endpoint, '-warm-up', warmUp.path, '-file', path, ...sizes];
  const env = { ...process.env, ...(caPath !== undefined && { SSL_CERT_FILE: caPath }) };
  const { stdout } = await run(program, args, { env, timeout: 600_000 });
  // A parse edge: the output of our own program.
  return JSON.parse(stdout) as ProcessUsage;
}
