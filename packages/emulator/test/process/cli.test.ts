import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createApplicationServer } from '../stages/application-server.ts';
import { presignTarget, signInHeaders } from '../stages/signing.ts';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Started {
  readonly child: ChildProcess;
  readonly endpoint: string;
}

/** Resolves with the first line. */
async function started(...args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const ended = once(child, 'exit').then(([status]) => [`it ended with ${status}`]);
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
  const [, endpoint = ''] = /^partway-emulator listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line) ?? [];
  if (endpoint === '') throw new Error(`the first line is not the endpoint: ${line}`);
  return { child, endpoint };
}

interface Ended {
  readonly status: number | null;
  readonly stderr: string;
}

async function ended(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const stderr = String(await child.stderr.toArray());
  const [status] = await exited;
  return { status, stderr };
}

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const keys = ['--access-key-id', 'AK', '--access-key-secret', 'SK'];

beforeAll(async () => {
  const { access } = await import('node:fs/promises');
  await access(cli).catch(() => {
    throw new Error('the command line is tested as built: run `npx tsc -b packages/emulator` first');
  });
});

describe('the command line', () => {
  test('serves the given buckets, region and keys, and prints its endpoint', async () => {
    const { endpoint } = await started(
      '--port=0',
      '--region',
      'cn-beijing',
      '--bucket',
      'one',
      '--bucket=two,three',
      ...keys,
    );
    for (const bucket of ['one', 'two', 'three']) {
      const target = presignTarget({ method: 'PUT', bucket, credentials, region: 'cn-beijing' });
      const response = await fetch(`${endpoint}${target}`, { method: 'PUT', body: Buffer.from('x') });
      expect(response.status).toBe(200);
    }
    const { target, headers } = signInHeaders({ bucket: 'four', credentials, region: 'cn-beijing' });
    expect((await fetch(`${endpoint}${target}`, { headers })).status).toBe(404);
    expect((await fetch(`${endpoint}/-/emulator/state`)).status).not.toBe(200);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('exits with 0 on %s', async (signal) => {
    const { child } = await started('--port', '0');
    const exited = once(child, 'exit');
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
  });

  test('sends callbacks to the private hosts of --callback-host', async () => {
    const app = await createApplicationServer();
    const { endpoint } = await started('--port=0', '--callback-host=127.0.0.1,localhost', ...keys);
    const callback = JSON.stringify({ callbackUrl: app.origin, callbackBody: 'a=1' });
    const query = { callback: Buffer.from(callback).toString('base64') };
    const target = presignTarget({ method: 'PUT', credentials, query });
    const response = await fetch(`${endpoint}${target}`, { method: 'PUT', body: Buffer.from('x') });
    expect([response.status, await response.text()]).toEqual([200, '{"Status":"OK"}']);
    await app.close();
  });

  test('stores everything in --data-dir', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'emulator-cli-'));
    const args = ['--port', '0', '--bucket', 'demo', '--data-dir', folder, ...keys];
    const first = await started(...args);
    const put = `${first.endpoint}${presignTarget({ method: 'PUT', credentials })}`;
    expect((await fetch(put, { method: 'PUT', body: Buffer.from('kept') })).status).toBe(200);
    const exited = once(first.child, 'exit');
    first.child.kill('SIGTERM');
    await exited;
    const second = await started(...args);
    const get = `${second.endpoint}${presignTarget({ method: 'GET', credentials })}`;
    expect(await (await fetch(get)).text()).toBe('kept');
    await rm(folder, { recursive: true, force: true });
  });

  test('serves its admin path with --admin', async () => {
    const { endpoint } = await started('--port', '0', '--admin');
    expect((await fetch(`${endpoint}/-/emulator/state`)).status).toBe(200);
  });

  test('reports a port in use', async () => {
    const { endpoint } = await started('--port', '0');
    const { status, stderr } = await ended('--port', new URL(endpoint).port);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^partway-emulator: the port is in use/);
  });

  test.each([
    [['--port', 'http'], '--port must be a whole number from 0 to 65535, got http'],
    [['--port', '70000'], '--port must be a whole number from 0 to 65535, got 70000'],
    [['--prot', '9000'], 'unknown argument --prot; see --help'],
    [['9000'], 'unknown argument 9000; see --help'],
    [['--bucket', 'Not_A_Bucket', '--port', '0'], 'Not_A_Bucket'],
    [['--access-key-id'], '--access-key-id needs a value'],
  ])('reports the invalid argument in %j', async (args, message) => {
    const { status, stderr } = await ended(...args);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^partway-emulator: /);
    expect(stderr).toContain(message);
  });
});
