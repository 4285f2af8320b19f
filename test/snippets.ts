import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { examplesIn } from './documents.ts';

const examples = fileURLToPath(new URL('../examples', import.meta.url));
const cli = fileURLToPath(new URL('../packages/node/dist/cli.js', import.meta.url));
const credentials = { accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' };

/** The files that a document shows, in a folder of their own, and an OSS for the programs among them. */
export interface Snippets {
  readonly folder: string;
  readonly emulator: OssEmulator;
  /** The port in place of one that the document names. */
  port(named: string): number;
  /** Runs a program with Node to its end, and returns its output. Rejects when it fails. */
  run(file: string, env?: Readonly<Record<string, string>>): Promise<string>;
  /** Runs a command of `partway` in a document: `npx partway put a oss://media/`. */
  runCommand(command: string): Promise<string>;
  /** Starts a program and resolves when it has printed a line. `close` ends it. */
  start(file: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Writes the examples of a document to `examples/.NAME`, where the packages resolve as they do for a user, beside
 * a `movie.mp4` of 20 MiB. Ports of localhost are replaced by free ones.
 */
export async function writeSnippets(name: string, document: string): Promise<Snippets> {
  const folder = join(examples, `.${name}`);
  const ports = new Map<string, number>();
  for (const [, port = ''] of document.matchAll(/(?:localhost:|listen\()(\d+)/g)) {
    if (!ports.has(port)) ports.set(port, await freePort());
  }
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'movie.mp4'), new Uint8Array(20 * 1024 ** 2).fill(7));
  for (const { name: file, code } of examplesIn(document))
    await writeFile(join(folder, file), withPorts(code));
  const emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials });
  const processes: ChildProcess[] = [];

  function withPorts(text: string): string {
    return text.replace(/(?<=localhost:|listen\()\d+/g, (port) => String(ports.get(port)));
  }

  function launch(args: readonly string[], more: Readonly<Record<string, string>> = {}): ChildProcess {
    const env = { ...process.env, ...environmentFor(emulator), XDG_STATE_HOME: folder, ...more };
    const started = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    processes.push(started);
    return started;
  }

  return {
    folder,
    emulator,
    port: (named) => ports.get(named) ?? Number(named),
    run: (file, env) => outputOf(launch([file], env)),
    runCommand(command) {
      const [, args = ''] = /^(?:npx )?partway (.*?)(?: +#.*)?$/.exec(withPorts(command)) ?? [];
      return outputOf(
        launch([cli, ...(args.match(/'[^']*'|\S+/g) ?? []).map((arg) => arg.replaceAll("'", ''))]),
      );
    },
    async start(file) {
      const started = launch([file]);
      const failed = outputOf(started).then((output) =>
        Promise.reject(new Error(`${file} ended: ${output}`)),
      );
      const lines = started.stdout === null ? [] : createInterface(started.stdout);
      await Promise.race([failed, firstOf(lines)]);
      failed.catch(() => undefined);
    },
    async close() {
      for (const each of processes) each.kill();
      await emulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The variables that the documents set with `export`. */
function environmentFor(emulator: OssEmulator): Readonly<Record<string, string>> {
  return {
    OSS_REGION: 'cn-hangzhou',
    OSS_ENDPOINT: emulator.endpoint,
    OSS_ACCESS_KEY_ID: credentials.accessKeyId,
    OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    TOKEN_KEY: Buffer.alloc(32, 1).toString('base64'),
  };
}

async function outputOf(started: ChildProcess): Promise<string> {
  let output = '';
  for (const stream of [started.stdout, started.stderr]) {
    stream?.on('data', (text: Buffer) => {
      output += text.toString();
    });
  }
  const [code] = await once(started, 'close');
  if (code !== 0) throw new Error(`exit code ${code}: ${output}`);
  return output;
}

async function firstOf(lines: AsyncIterable<string> | Iterable<string>): Promise<string | undefined> {
  for await (const line of lines) return line;
  return undefined;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
