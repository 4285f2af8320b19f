import { uploadFile } from '@partway/browser';
import { type ControlPlane, crc64, UploadError } from '@partway/core';
import { expect, inject, test } from 'vitest';

const coordinatorUrl = inject('coordinatorUrl');

/** The coordinator that test/global-setup.ts starts. */
const controlPlane: ControlPlane = {
  initiate: (request) => ask('initiate', request),
  presignParts: (request) => ask('presignParts', request),
  listParts: () => Promise.resolve([]),
  complete: (request) => ask('complete', request),
  abort: (request) => ask('abort', request),
};

async function ask(verb: string, request: object): Promise<ReturnType<typeof JSON.parse>> {
  const body = JSON.stringify({ ...request, signal: undefined });
  const response = await fetch(`${coordinatorUrl}/${verb}`, { method: 'POST', body });
  if (response.ok) return await response.json();
  throw new UploadError({ code: 'server_error', message: await response.text(), disposition: 'permanent' });
}

const bytes = Uint8Array.from({ length: 1_000_003 }, (_, index) => (index * 31) ^ (index >>> 8));

test.each([
  ['in parts', 'parts', 100 * 1024],
  ['in one request', 'single', 1024 * 1024],
])('a page uploads a file %s to an OSS of another origin', async (_, key, partSize) => {
  const file = new File([bytes], 'a.bin', { type: 'text/plain' });
  const upload = uploadFile(file, { controlPlane, key, partSize, contentType: file.type });
  expect(await upload.result).toMatchObject({ size: bytes.length, crc64: crc64(bytes) });
  const stored = await ask('object', { key });
  expect(stored).toMatchObject({ size: bytes.length, crc64: crc64(bytes) });
  expect(stored.headers['content-type']).toBe('text/plain');
  expect(upload.snapshot().retries).toBe(0);
});

test('a page uploads an empty file', async () => {
  const { result } = uploadFile(new Blob([]), { controlPlane, key: 'empty' });
  expect(await result).toMatchObject({ size: 0, crc64: '0' });
});

test('what is no file is told at once', () => {
  const options = { controlPlane, key: 'key' };
  expect(() => uploadFile(JSON.parse('{}'), options)).toThrow(TypeError);
});
