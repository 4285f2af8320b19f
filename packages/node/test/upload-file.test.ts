import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ControlPlane, combineCrc64, crc64, createCrc64 } from '@partway/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { uploadFile } from '../src/upload-file.ts';

const server = createServer(async (message, reply) => {
  const crc = createCrc64();
  for await (const chunk of message) crc.update(chunk);
  reply.setHeader('x-oss-hash-crc64ecma', crc.digest()).end();
});
let folder: string;
let origin: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-upload-file-'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

/** Completes with what the receipts say, as the coordinator does when OSS holds the same. */
function controlPlaneOf(partSize: number): ControlPlane {
  return {
    initiate: async ({ key }) => ({
      uploadToken: 'token',
      kind: 'multipart',
      bucket: 'media',
      key,
      uploadId: 'U1',
      partSize,
    }),
    presignParts: async ({ partNumbers }) =>
      partNumbers.map((partNumber) => ({
        partNumber,
        url: `${origin}/key?partNumber=${partNumber}`,
        headers: {},
        expiresInMs: 900_000,
      })),
    listParts: async () => [],
    complete: async ({ receipts }) => ({
      bucket: 'media',
      key: 'key',
      size: receipts.reduce((size, receipt) => size + receipt.size, 0),
      crc64: combineCrc64(receipts),
      etag: 'E',
      requestId: 'R',
    }),
    abort: async () => undefined,
  };
}

test('a file is uploaded in parts, and the object is proven', async () => {
  const bytes = randomBytes(1_000_003);
  const path = join(folder, 'file');
  await writeFile(path, bytes);
  for (const name of [path, pathToFileURL(path)]) {
    const { result } = uploadFile(name, {
      controlPlane: controlPlaneOf(102_400),
      key: 'key',
      concurrency: 4,
    });
    expect(await result).toMatchObject({ size: bytes.length, crc64: crc64(bytes) });
  }
});

test('a file that is not there rejects the result', async () => {
  const { result } = uploadFile(join(folder, 'nothing'), {
    controlPlane: controlPlaneOf(102_400),
    key: 'key',
  });
  await expect(result).rejects.toMatchObject({ code: 'source_unreadable' });
});

test('a wrong option is told at once', () => {
  const controlPlane = controlPlaneOf(102_400);
  expect(() => uploadFile('', { controlPlane, key: 'key' })).toThrow(TypeError);
  expect(() => uploadFile(new URL('https://a.example/'), { controlPlane, key: 'key' })).toThrow(TypeError);
  expect(() => uploadFile('file', { controlPlane, key: 'key', concurrency: 0 })).toThrow(RangeError);
});
