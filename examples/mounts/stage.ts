// Shared by all examples of mounts: OSS, a coordinator, and an upload through the mount.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc64 } from '@partway/core';
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { startOssEmulator } from '@partway/emulator';
import { createHttpControlPlane, uploadFile } from '@partway/node';
import { authorize, identify } from './access.ts';

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
export const emulator = await startOssEmulator({ region: 'cn-hangzhou', buckets: ['media'], credentials });

// Omit `endpoint` for the real OSS. Several processes, or one that restarts, need the same `tokenKeys`.
const { endpoint } = emulator;
export const coordinator = createCoordinator({
  store: createOssObjectStore({ region: 'cn-hangzhou', bucket: 'media', credentials, endpoint }),
  identify,
  authorize,
});

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Uploads a file of four parts through the coordinator at `url`, and asserts everything that a mount may
 * break.
 */
export async function uploadThrough(url: string, fetch: Fetch = globalThis.fetch): Promise<void> {
  const headers = { authorization: 'Bearer session-of-wei' };
  const controlPlane = createHttpControlPlane(url, { headers, fetch });
  const bytes = new Uint8Array(350_000).map((_, index) => (index * 31) % 251);
  const folder = await mkdtemp(join(tmpdir(), 'partway-mount-'));
  const path = join(folder, 'film.mp4');
  await writeFile(path, bytes);
  const options = { controlPlane, key: 'film.mp4', contentType: 'video/mp4', partSize: 102_400 };
  const object = await uploadFile(path, options).result;
  await rm(folder, { recursive: true });
  assert.equal(object.key, 'wei/film.mp4');
  assert.equal(object.crc64, crc64(bytes));
  const stored = emulator.model.object('media', 'wei/film.mp4');
  assert.deepEqual(await stored?.bytes(), bytes);
  assert.match(object.etag, /-4$/);
  await assertErrorResponses(url, fetch);
  console.log(`${object.size} bytes as oss://${object.bucket}/${object.key}, CRC64 ${object.crc64}`);
}

async function assertErrorResponses(url: string, fetch: Fetch): Promise<void> {
  const post = async (verb: string, body: string, headers: Readonly<Record<string, string>> = {}) => {
    const json = { 'content-type': 'application/json', ...headers };
    const response = await fetch(`${url}/${verb}`, { method: 'POST', headers: json, body });
    const { error } = (await response.json()) as { error: { code: string } };
    return { status: response.status, code: error.code, type: response.headers.get('content-type') };
  };
  const type = 'application/json';
  const anonymous = await post('initiate', '{"name":"a","size":1}');
  assert.deepEqual(anonymous, { status: 401, code: 'unauthenticated', type });
  const headers = { authorization: 'Bearer session-of-wei' };
  const tooLong = await post('complete', ' '.repeat(2 * 1024 ** 2 + 1), headers);
  assert.deepEqual(tooLong, { status: 413, code: 'bad_request', type });
  // A framework that parses bodies itself may have a lower limit, or its own error responses.
  const broken = await post('complete', '{', headers);
  assert.deepEqual(broken, { status: 400, code: 'bad_request', type });
  const long = await post('complete', `{"uploadToken":"x","receipts":[]${' '.repeat(1_500_000)}}`, headers);
  assert.deepEqual(long, { status: 403, code: 'token_refused', type });
}

/** The origin of a server, once it listens. */
export async function originOf(server: Server): Promise<string> {
  if (!server.listening) await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}
