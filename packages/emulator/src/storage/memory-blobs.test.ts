import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDiscardingBlobs, createMemoryBlobs } from './memory-blobs.ts';

test('any range of a body is read as it was written, also if its chunks share memory', async () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(chunks, fc.nat(40), fc.nat(40), async (cuts, start, end) => {
      const blobs = createMemoryBlobs();
      const { blobId, size } = await blobs.write(reusing(cuts));
      const whole = Buffer.concat(cuts);
      expect(size).toBe(whole.length);
      expect(await gather(blobs.read(blobId, start, end))).toEqual(
        whole.subarray(start, Math.max(start, end)),
      );
    }),
  );
});

test('corrupt flips one bit', async () => {
  const blobs = createMemoryBlobs();
  const { blobId } = await blobs.write(reusing([Buffer.from('ab'), Buffer.from('cd')]));
  await blobs.corrupt(blobId, 2);
  expect(String(await gather(blobs.read(blobId, 0, 4)))).toBe('abbd');
});

test('a failed body is not stored, and a removed blob cannot be read', async () => {
  const blobs = createMemoryBlobs();
  await expect(blobs.write(failing())).rejects.toThrow('cut');
  const { blobId } = await blobs.write(reusing([Buffer.from('a')]));
  await blobs.remove(blobId);
  expect(() => blobs.read(blobId, 0, 1)).toThrow('no blob');
});

test('discarded bytes have their checksums and read as zeros', async () => {
  const blobs = createDiscardingBlobs();
  const stored = await blobs.write(reusing([Buffer.from('123456789')]));
  expect(stored).toMatchObject({
    size: 9,
    crc64: '11051210869376104954',
    md5: '25F9E794323B453885F5181F1B624D0B',
  });
  expect(await gather(blobs.read(stored.blobId, 2, 9))).toEqual(Buffer.alloc(7));
});

/** Gives every chunk in the same memory, as a body may: a Buffer's slices are no copies. */
async function* reusing(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(Math.max(0, ...chunks.map((chunk) => chunk.length)));
  for (const chunk of chunks) {
    memory.fill(0xee);
    memory.set(chunk);
    yield memory.subarray(0, chunk.length);
  }
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('a');
  throw new Error('cut');
}

async function gather(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
