import { createBlobSource } from '@partway/browser';
import { expect, test } from 'vitest';
import type { BlobPartBody } from '../../src/blob-source.ts';
import { sendBlob } from '../../src/transports/part-request.ts';

const MIB = 1024 ** 2;

/** The Blob sent for a part. */
async function blobFor(body: BlobPartBody): Promise<Blob> {
  const { signal } = new AbortController();
  const request = { url: 'https://oss/', headers: {}, body, onProgress: () => undefined, signal };
  const sent: Blob[] = [];
  await sendBlob(request, async ({ blob }) => {
    sent.push(blob);
    return { status: 200, headers: {}, body: '' };
  });
  return sent[0] ?? new Blob();
}

test('a retried part is read into memory first, and has the same bytes [pain-25]', async () => {
  const body = createBlobSource(new Blob(['hello, ', 'world'])).part(3, 6);
  const [first, second] = [await blobFor(body), await blobFor(body)];
  expect(first).toBe(body.blob);
  expect(second).not.toBe(body.blob);
  expect(second).toMatchObject({ size: 6, type: '' });
  expect(await second.text()).toBe('lo, wo');
});

test('a retried part too large for memory is sent from the file', async () => {
  const mib = new Blob([new Uint8Array(MIB)]);
  const body = createBlobSource(new Blob(Array.from({ length: 65 }, () => mib))).part(0, 65 * MIB);
  await blobFor(body);
  expect(await blobFor(body)).toBe(body.blob);
});

const lack = 'getDirectory' in (navigator.storage ?? {}) ? '' : ', for want of which WebKitGTK cannot try it';

test.skipIf(lack)(
  `a file that goes before a part of it is sent again is no lost connection${lack}`,
  async () => {
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle('sent-again', { create: true });
    const writable = await handle.createWritable();
    await writable.write('before');
    await writable.close();
    const body = createBlobSource(await handle.getFile()).part(0, 6);
    await blobFor(body);
    await root.removeEntry('sent-again');
    await expect(blobFor(body)).rejects.toMatchObject({ code: 'source_unreadable' });
  },
);
