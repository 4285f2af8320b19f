import { createBlobSource } from '@partway/browser';
import { sourceConformance } from '@partway/core/testing';
import { expect, test } from 'vitest';

const signal = new AbortController().signal;

const conformance = sourceConformance({ open: async (bytes) => createBlobSource(new Blob([bytes.slice()])) });

test.each(conformance)('a Blob source $name', ({ run }) => run());

test('the slice of a part has no type, whatever the file has', () => {
  const source = createBlobSource(new File(['hello'], 'a.txt', { type: 'text/plain' }));
  expect(source.part(1, 3).blob).toMatchObject({ size: 3, type: '' });
});

test('the fingerprint of a file follows its name, size, time and type', async () => {
  const files = [
    new File(['hello'], 'a.txt', { lastModified: 1, type: 'text/plain' }),
    new File(['hello'], 'b.txt', { lastModified: 1, type: 'text/plain' }),
    new File(['hello!'], 'a.txt', { lastModified: 1, type: 'text/plain' }),
    new File(['hello'], 'a.txt', { lastModified: 2, type: 'text/plain' }),
    new File(['hello'], 'a.txt', { lastModified: 1, type: 'text/css' }),
    new Blob(['hello'], { type: 'text/plain' }),
  ];
  const fingerprints = await Promise.all(files.map((file) => createBlobSource(file).fingerprint()));
  expect(new Set(fingerprints).size).toBe(files.length);
  const again = new File(['other'], 'a.txt', { lastModified: 1, type: 'text/plain' });
  expect(await createBlobSource(again).fingerprint()).toBe(fingerprints[0]);
});

test.each([
  ['NotReadableError', 'source_changed'],
  ['NotFoundError', 'source_unreadable'],
  ['SecurityError', 'source_unreadable'],
])('a read that the browser rejects with %s ends with %s', async (name, code) => {
  const blob = new Blob(['hello']);
  blob.slice = () => blob;
  blob.arrayBuffer = () => Promise.reject(new DOMException('gone', name));
  const part = createBlobSource(blob).part(0, 5);
  await expect(part.crc64(signal)).rejects.toMatchObject({ code, disposition: 'permanent' });
  const reading = part.chunks(signal)[Symbol.asyncIterator]().next();
  await expect(reading).rejects.toMatchObject({ code, disposition: 'permanent' });
});

test('a read shorter than the file is source_changed [pain-25]', async () => {
  const blob = new Blob(['hello']);
  blob.slice = () => blob;
  blob.arrayBuffer = () => Promise.resolve(new ArrayBuffer(4));
  const part = createBlobSource(blob).part(0, 5);
  await expect(part.crc64(signal)).rejects.toMatchObject({ code: 'source_changed' });
  const reading = part.chunks(signal)[Symbol.asyncIterator]().next();
  await expect(reading).rejects.toMatchObject({ code: 'source_changed' });
});
