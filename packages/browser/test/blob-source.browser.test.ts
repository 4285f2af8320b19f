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

test('the CRC64 of a part is that of the checksum it is given, and taken once', async () => {
  const taken: string[] = [];
  const source = createBlobSource(new Blob(['hello world']), async (blob) => {
    taken.push(await blob.text());
    return '7';
  });
  const part = source.part(6, 5);
  expect([await part.crc64(signal), await part.crc64(signal)]).toEqual(['7', '7']);
  expect(taken).toEqual(['world']);
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
])('a file the browser refuses with %s ends with %s', async (name, code) => {
  const blob = new Blob(['hello']);
  blob.slice = () => blob;
  blob.arrayBuffer = () => Promise.reject(new DOMException('gone', name));
  const reading = createBlobSource(blob).part(0, 5).crc64(signal);
  await expect(reading).rejects.toMatchObject({ code, disposition: 'permanent' });
});
