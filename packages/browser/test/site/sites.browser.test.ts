import { crc64 } from '@partway/core';
import { expect, inject, onTestFinished, test } from 'vitest';

const endpoint = `${inject('uploadsUrl')}/uploads`;

/** The bytes that site/page.ts uploads. */
const bytes = Uint8Array.from({ length: 2_000_000 }, (_, index) => (index * 31) ^ (index >>> 8));

/** Opens the page as that site publishes it, and returns its report of the upload. */
async function visit(site: string): Promise<unknown> {
  const frame = document.createElement('iframe');
  onTestFinished(() => frame.remove());
  const reported = new Promise((resolve) => {
    const listen = ({ data, source }: MessageEvent): void => {
      if (source !== frame.contentWindow) return;
      removeEventListener('message', listen);
      resolve(data);
    };
    addEventListener('message', listen);
  });
  frame.src = `${inject('sitesUrl')}/${site}/?${new URLSearchParams({ endpoint, name: site })}`;
  document.body.append(frame);
  return await reported;
}

test('a page bundled by Vite computes CRC64s in its worker [pain-24]', async () => {
  expect(await visit('bundled')).toEqual({ name: 'bundled', crc64: crc64(bytes), computedCount: 2 });
});

test('a page with modules and an import map computes CRC64s in its worker', async () => {
  expect(await visit('unbundled')).toEqual({ name: 'unbundled', crc64: crc64(bytes), computedCount: 2 });
});

test('a page with a Content-Security-Policy that forbids workers uploads', async () => {
  expect(await visit('strict')).toEqual({ name: 'strict', crc64: crc64(bytes), computedCount: 0 });
});
