import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { uploadFile } from '@partway/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFromRoot } from './documents.ts';

/** Inside the examples, so that the packages resolve as they do for a user. */
const folder = fileURLToPath(new URL('../examples/.core-readme', import.meta.url));
let emulator: OssEmulator;

beforeAll(async () => {
  const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
  emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials });
  process.env.OSS_ENDPOINT = emulator.endpoint;
  process.env.OSS_ACCESS_KEY_ID = 'AK';
  process.env.OSS_ACCESS_KEY_SECRET = 'SK';
  process.env.TOKEN_KEY = Buffer.alloc(32, 1).toString('base64');
  await mkdir(folder, { recursive: true });
  const readme = readFromRoot('packages/core/README.md');
  for (const [, code = '', name = ''] of readme.matchAll(/```ts\n(\/\/ ([\w.]+)\n[\s\S]*?)```/g))
    await writeFile(`${folder}/${name}`, code);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await emulator.close();
});

test("the coordinator of core's README uploads a file", async () => {
  const { coordinator } = await import(/* @vite-ignore */ `${folder}/server.ts`);
  const file = fileURLToPath(import.meta.url);
  const { crc64 } = await uploadFile(file, { controlPlane: coordinator, key: 'test.ts' }).result;
  expect(emulator.model.object('media', 'test.ts')?.crc64).toBe(crc64);
});

test("the handler of core's README makes a key of the principal and the name of the file", async () => {
  const { handler } = await import(/* @vite-ignore */ `${folder}/http.ts`);
  const response = await handler(
    new Request('https://app.example.com/uploads/initiate', {
      method: 'POST',
      headers: { authorization: 'Bearer wei', 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'a.mp4', size: 5, object: { contentType: 'video/mp4' } }),
    }),
  );
  expect(await response.json()).toMatchObject({ upload: { key: 'wei/a.mp4' } });
});
