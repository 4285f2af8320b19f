import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examplesIn, unnamedBlocksIn } from './documents.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Inside the examples, so that the packages resolve as they do for a user. */
const folder = `${root}examples/.readme`;
const blocks = new Map<string, string>();
let emulator: OssEmulator;

beforeAll(async () => {
  const readme = await readFile(`${root}README.md`, 'utf8');
  for (const { name, code } of examplesIn(readme)) blocks.set(name, code);
  emulator = await startOssEmulator({
    region: 'cn-hangzhou',
    buckets: ['media'],
    credentials: { accessKeyId: 'AK', accessKeySecret: 'SK' },
  });
  process.env.OSS_ENDPOINT = emulator.endpoint;
  process.env.OSS_ACCESS_KEY_ID = 'AK';
  process.env.OSS_ACCESS_KEY_SECRET = 'SK';
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/movie.mp4`, new Uint8Array(20 * 1024 ** 2).fill(7));
  for (const [name, code] of blocks) {
    await writeFile(`${folder}/${name}`, code.replaceAll('./movie.mp4', `${folder}/movie.mp4`));
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await emulator.close();
});

test('every TypeScript block of the README has a name and is run', async () => {
  const readme = await readFile(`${root}README.md`, 'utf8');
  expect(unnamedBlocksIn(readme)).toEqual([]);
  expect([...blocks.keys()]).toEqual(['server.ts', 'worker.ts', 'http.ts', 'client.ts', 'presign.ts']);
});

test('the server and the worker of the README upload the file', async () => {
  await import(/* @vite-ignore */ `${folder}/worker.ts`);
  const object = emulator.model.object('media', 'movies/1.mp4');
  expect(object?.size).toBe(20 * 1024 ** 2);
  expect(object?.headers['content-type']).toBe('video/mp4');
});

test('the handler of the README serves its client', async () => {
  process.env.TOKEN_KEY = Buffer.alloc(32, 1).toString('base64');
  const { handler } = await import(/* @vite-ignore */ `${folder}/http.ts`);
  const server = createServer(getRequestListener(handler));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  process.env.UPLOADS = `http://127.0.0.1:${(server.address() as AddressInfo).port}/uploads`;
  await import(/* @vite-ignore */ `${folder}/client.ts`);
  server.close();
  expect(emulator.model.object('media', 'wei/holiday.mp4')?.size).toBe(20 * 1024 ** 2);
});

test('the presigned request of the README puts the object', async () => {
  await import(/* @vite-ignore */ `${folder}/presign.ts`);
  expect(emulator.model.object('media', 'notes/1.txt')?.size).toBe(5);
});

test('the commands the README names exist', async () => {
  const { scripts } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
  const readme = await readFile(`${root}README.md`, 'utf8');
  const named = [...readme.matchAll(/npm (?:run (\w+)|(test))/g)].map((match) => match[1] ?? match[2]);
  expect(named).toContain('demo');
  expect(named.filter((name) => !(String(name) in scripts))).toEqual([]);
});
