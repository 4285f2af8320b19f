import { expect, test } from 'vitest';
import { crc64 } from '../checksum/crc64.ts';
import { createInMemorySource } from './in-memory-source.ts';
import { sourceConformance } from './source-conformance.ts';

const signal = new AbortController().signal;

test('a part yields its range in chunks of chunkSize', async () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
  const part = createInMemorySource(bytes, { chunkSize: 7 }).part(10, 20);
  const sizes: number[] = [];
  for await (const chunk of part.chunks(signal)) sizes.push(chunk.length);
  expect(sizes).toEqual([7, 7, 6]);
  expect(await part.crc64(signal)).toBe(crc64(bytes.subarray(10, 30)));
});

test('the fingerprint changes with the bytes', async () => {
  const bytes = new Uint8Array(10);
  const source = createInMemorySource(bytes);
  const before = await source.fingerprint();
  expect(await source.fingerprint()).toBe(before);
  bytes[3] = 1;
  expect(await source.fingerprint()).not.toBe(before);
});

test('a chunkSize of 0 throws RangeError', () => {
  expect(() => createInMemorySource(new Uint8Array(1), { chunkSize: 0 })).toThrow(RangeError);
});

test.each(sourceConformance({ open: (bytes) => Promise.resolve(createInMemorySource(bytes)) }))(
  'the in-memory source $name',
  ({ run }) => run(),
);
