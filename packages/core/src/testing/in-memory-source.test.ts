import { expect, test } from 'vitest';
import { crc64 } from '../checksum/crc64.ts';
import { createInMemorySource } from './in-memory-source.ts';
import { sourceConformance } from './source-conformance.ts';

const never = new AbortController().signal;

test('a part gives its range in chunks of the size asked for', async () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
  const part = createInMemorySource(bytes, { chunkSize: 7 }).part(10, 20);
  const sizes: number[] = [];
  for await (const chunk of part.chunks(never)) sizes.push(chunk.length);
  expect(sizes).toEqual([7, 7, 6]);
  expect(await part.crc64(never)).toBe(crc64(bytes.subarray(10, 30)));
});

test('the fingerprint follows the bytes', async () => {
  const bytes = new Uint8Array(10);
  const source = createInMemorySource(bytes);
  const before = await source.fingerprint();
  expect(await source.fingerprint()).toBe(before);
  bytes[3] = 1;
  expect(await source.fingerprint()).not.toBe(before);
});

test('a chunk of no bytes is a mistake of the caller', () => {
  expect(() => createInMemorySource(new Uint8Array(1), { chunkSize: 0 })).toThrow(RangeError);
});

test.each(sourceConformance({ open: (bytes) => Promise.resolve(createInMemorySource(bytes)) }))(
  'the source in memory $name',
  ({ run }) => run(),
);
