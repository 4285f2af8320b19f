import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type CliStage, eventsIn, openCliStage } from '../stages/cli-stage.ts';

const CONTENT = randomBytes(350_000);
/** An environment without credentials and without the address of OSS. */
const BARE = {
  OSS_ACCESS_KEY_ID: undefined,
  OSS_ACCESS_KEY_SECRET: undefined,
  OSS_REGION: undefined,
  OSS_ENDPOINT: undefined,
  PARTWAY_AUTHORIZATION: 'Bearer wei',
};
let stage: CliStage;
let server: Server;
let url: string;
let file: string;

beforeAll(async () => {
  stage = await openCliStage();
  file = join(stage.folder, 'film.mp4');
  await writeFile(file, CONTENT);
  const coordinator = createCoordinator({
    store: createOssObjectStore({
      ...{ region: 'cn-hangzhou', bucket: 'media', endpoint: stage.emulator.endpoint },
      credentials: { accessKeyId: 'AK', accessKeySecret: 'a secret' },
    }),
    tokenKeys: [{ kid: 'a', key: new Uint8Array(32).fill(1) }],
    identify: (request) => /^Bearer (\w+)$/.exec(request.headers.get('authorization') ?? '')?.[1],
    authorize: (declared, { principal }) => ({ key: `${principal}/${declared.name}` }),
  });
  server = createServer(getRequestListener(createCoordinatorHandler(coordinator, { basePath: '/uploads' })));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/uploads`;
});
afterEach(() => stage.reset());
afterAll(async () => {
  server.close();
  await stage.close();
});

function storedAs(key: string): Promise<Uint8Array> | undefined {
  return stage.emulator.model.object('media', key)?.bytes();
}

test('a machine without credentials uploads through a coordinator', async () => {
  const { status, stdout } = await stage.partway(
    ['put', file, 'films/a.mp4', '--coordinator', url, '--part-size', '100KiB', '--quiet'],
    BARE,
  );
  expect(status).toBe(0);
  expect(stdout).toMatch(/^oss:\/\/media\/wei\/films\/a\.mp4 350000 bytes, CRC64 \d+, ETag /);
  expect(Buffer.from((await storedAs('wei/films/a.mp4')) ?? [])).toEqual(CONTENT);
});

test('a name with a trailing slash gets the file name, and a header identifies the caller', async () => {
  const bare = { ...BARE, PARTWAY_AUTHORIZATION: undefined };
  const options = ['--coordinator', url, '--header', 'authorization: Bearer li', '--quiet'];
  expect((await stage.partway(['put', file, 'films/', ...options], bare)).status).toBe(0);
  expect(Buffer.from((await storedAs('li/films/film.mp4')) ?? [])).toEqual(CONTENT);
});

test('a directory is uploaded through a coordinator', async () => {
  const { status } = await stage.partway(
    ['put', '-r', stage.folder, 'all/', '--coordinator', url, '--quiet'],
    BARE,
  );
  expect(status).toBe(0);
  expect(Buffer.from((await storedAs('wei/all/film.mp4')) ?? [])).toEqual(CONTENT);
});

test('the same command resumes a failed upload without sending stored parts again', async () => {
  const args = [
    'put',
    file,
    'resumed',
    '--coordinator',
    url,
    '--part-size',
    '100KiB',
    '--concurrency',
    '1',
    '--json',
  ];
  stage.emulator.faults.add({
    operation: 'UploadPart',
    partNumber: 3,
    effect: { kind: 'refuse', status: 403, code: 'AccessDenied' },
  });
  const failed = await stage.partway(args, BARE);
  expect(failed.status).toBe(1);
  stage.emulator.faults.clear();
  const before = stage.emulator.model.uploads('media');
  expect(before).toHaveLength(1);
  const resumed = await stage.partway(args, BARE);
  expect(resumed.status).toBe(0);
  const sent = new Set(
    eventsIn(resumed.stdout)
      .filter(({ type }) => type === 'part-progress')
      .map(({ partNumber }) => partNumber),
  );
  expect(sent).toEqual(new Set([3, 4]));
  expect(Buffer.from((await storedAs('wei/resumed')) ?? [])).toEqual(CONTENT);
});

test('an unidentified caller is rejected', async () => {
  const bare = { ...BARE, PARTWAY_AUTHORIZATION: undefined };
  const { status, stderr } = await stage.partway(['put', file, 'a', '--coordinator', url], bare);
  expect(status).toBe(1);
  expect(stderr).toContain('[unauthenticated]');
});

test.each([
  [['--coordinator', 'ftp://x'], 'a', /--coordinator must be an http or https URL/],
  [['--coordinator', 'http://x'], 'oss://media/a', /ADDRESS must be a name with --coordinator/],
  [
    ['--coordinator', 'http://x', '--region', 'cn-beijing'],
    'a',
    /--region and --coordinator are mutually exclusive/,
  ],
  [['--header', 'a: b'], 'oss://media/a', /--header requires --coordinator/],
])('%j with address %s is a usage error', async (options, address, message) => {
  const { status, stderr } = await stage.partway(['put', file, address, ...options]);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(message) });
});
