import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { createFileCheckpoints, createHttpControlPlane, uploadFile } from '@partway/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findExamples } from '../tooling/api/examples.ts';
import { loadApi } from '../tooling/api/load-api.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Inside the examples, so that the packages resolve as they do for a user. */
const folder = `${root}examples/.doc-examples`;
const examples = new Map(findExamples(loadApi()).map(({ name, code }) => [name, code]));
const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
let emulator: OssEmulator;
let server: Server | undefined;

beforeAll(async () => {
  emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials });
  process.env.OSS_ACCESS_KEY_ID = credentials.accessKeyId;
  process.env.OSS_ACCESS_KEY_SECRET = credentials.accessKeySecret;
  process.env.TOKEN_KEY = Buffer.alloc(32, 1).toString('base64');
  process.env.SESSION_TOKEN = 'wei';
  await mkdir(folder, { recursive: true });
  for (const name of ['movie.mp4', 'trailer.mp4', 'poster.png', 'app.log']) {
    await writeFile(`${folder}/${name}`, new Uint8Array(350_000).fill(7));
  }
  // The handler of one example serves the clients of the others.
  const { handler } = await runExample('@partway/core/coordinator createCoordinatorHandler');
  server = createServer(getRequestListener(handler as (request: Request) => Promise<Response>));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  server?.close();
  await emulator.close();
  await rm(folder, { recursive: true, force: true });
});

/** The functions that a user calls first, and the objects that their examples put into the bucket. */
const IN_NODE: Readonly<Record<string, readonly string[]>> = {
  '@partway/core createHttpControlPlane': ['wei/movies/2.mp4'],
  '@partway/core/oss createOssObjectStore': ['notes/2.txt'],
  '@partway/core/oss presign': ['notes/1.txt'],
  '@partway/core/coordinator createCoordinator': ['movies/1.mp4'],
  '@partway/node uploadFile': ['wei/movie.mp4'],
  '@partway/node uploadStream': ['wei/app.log.gz'],
  '@partway/node createUploader': ['wei/trailer.mp4', 'wei/poster.png'],
  '@partway/node resumeUpload': ['wei/unfinished.mp4'],
  '@partway/node removeUpload': [],
  '@partway/emulator startOssEmulator': [],
};

/** Run in a page by packages/browser/test/upload/doc-examples.browser.test.ts. */
const IN_A_PAGE = ['@partway/browser uploadFile', '@partway/browser resumeUpload'];

test('each function that a user calls first has an example, and each example is run', () => {
  const run = [...Object.keys(IN_NODE), ...IN_A_PAGE, '@partway/core/coordinator createCoordinatorHandler'];
  expect(new Set(examples.keys())).toEqual(new Set(run));
});

test('every example passes the type check', async () => {
  for (const [name, code] of examples) await writeFile(`${folder}/${fileNameOf(name)}.ts`, code);
  const compilerOptions = { incremental: false, tsBuildInfoFile: null };
  const config = { extends: '../../tsconfig.test.json', compilerOptions, include: ['*.example.ts'] };
  await writeFile(`${folder}/tsconfig.json`, JSON.stringify(config));
  expect(run('node_modules/typescript/bin/tsc', '-p', folder)).toBe('');
});

test.each(Object.entries(IN_NODE))('the example of %s runs against the emulator', async (name, keys) => {
  if (/ (resume|remove)Upload$/.test(name)) await leaveUnfinished('unfinished.mp4');
  await runExample(name);
  for (const key of keys) expect(emulator.model.object('media', key)?.size, key).toBeGreaterThan(0);
  expect(emulator.model.uploads('media')).toEqual([]);
});

async function runExample(name: string): Promise<Record<string, unknown>> {
  const path = `${folder}/${fileNameOf(name)}.run.ts`;
  await writeFile(path, addressed(examples.get(name) ?? ''));
  return await import(/* @vite-ignore */ path);
}

/** An example with the addresses of our coordinator, our OSS and our files; otherwise as it stands. */
function addressed(code: string): string {
  const address = server?.address() as AddressInfo | undefined;
  return code
    .replaceAll('https://app.example.com', `http://127.0.0.1:${address?.port}`)
    .replaceAll("region: 'cn-hangzhou',", `region: 'cn-hangzhou', endpoint: '${emulator.endpoint}',`)
    .replaceAll(/(['`])\.\//g, `$1${folder}/`);
}

function fileNameOf(name: string): string {
  return `${name.replaceAll(/\W+/g, '-')}.example`;
}

/** Leaves an upload unfinished, with its checkpoint where the example looks for it. */
async function leaveUnfinished(key: string): Promise<void> {
  const fault = emulator.faults.add({
    operation: 'UploadPart',
    partNumber: 2,
    effect: { kind: 'refuse', status: 403, code: 'AccessDenied' },
  });
  const { result } = uploadFile(`${folder}/movie.mp4`, {
    controlPlane: createHttpControlPlane(addressed('https://app.example.com/uploads'), {
      headers: { authorization: 'Bearer wei' },
    }),
    checkpoints: createFileCheckpoints(`${folder}/checkpoints`),
    partSize: 102_400,
    key,
  });
  await expect(result).rejects.toMatchObject({ code: 'access_denied' });
  fault.remove();
}

function run(...args: readonly string[]): string {
  try {
    return execFileSync(process.execPath, args, { cwd: root }).toString();
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout);
  }
}
