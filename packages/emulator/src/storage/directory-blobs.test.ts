import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDirectoryBlobs } from './directory-blobs.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'directory-blobs-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('written bytes, zeros or not, are read back, also after a restart', async () => {
  const blobs = await createDirectoryBlobs(directory);
  const chunk = fc
    .tuple(fc.nat(9000), fc.constantFrom(0, 0, 7))
    .map(([size, fill]) => new Uint8Array(size).fill(fill));
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 6 }), async (chunks) => {
      const whole = Buffer.concat(chunks);
      const { blobId, size } = await blobs.write(bodyOf(chunks));
      expect(size).toBe(whole.length);
      const again = await createDirectoryBlobs(directory);
      expect(whole.equals(await gather(again.read(blobId, 0, size)))).toBe(true);
      expect(whole.subarray(5, 4100).equals(await gather(again.read(blobId, 5, 4100)))).toBe(true);
      await blobs.remove(blobId);
    }),
    { numRuns: 40 },
  );
  expect(await readdir(directory)).toEqual([]);
});

test('zeros use no disk space', async () => {
  const blobs = await createDirectoryBlobs(directory);
  const zeros = new Uint8Array(1_000_001);
  const chunks = [...Array.from({ length: 16 }, () => zeros), Buffer.from('end'), zeros];
  const { blobId, size } = await blobs.write(bodyOf(chunks));
  const { size: length, blocks } = await stat(join(directory, blobId));
  expect(length).toBe(size);
  expect(blocks * 512).toBeLessThan(100_000);
});

test('a body that fails leaves no file', async () => {
  const blobs = await createDirectoryBlobs(directory);
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a');
    throw new Error('cut');
  }
  await expect(blobs.write(failing())).rejects.toThrow('cut');
  expect(await readdir(directory)).toEqual([]);
});

test('a start removes only the unfinished files of a killed emulator', async () => {
  const blobs = await createDirectoryBlobs(directory);
  const { blobId } = await blobs.write(bodyOf([Buffer.from('kept')]));
  await writeFile(join(directory, `${blobId}.unfinished`), 'half');
  await writeFile(join(directory, 'notes.unfinished'), 'mine');
  await createDirectoryBlobs(directory);
  expect(new Set(await readdir(directory))).toEqual(new Set([blobId, 'notes.unfinished']));
});

test('corrupt flips one bit on disk', async () => {
  const blobs = await createDirectoryBlobs(directory);
  const { blobId } = await blobs.write(bodyOf([Buffer.from('abcd')]));
  await blobs.corrupt(blobId, 2);
  expect(String(await gather(blobs.read(blobId, 0, 4)))).toBe('abbd');
  await expect(blobs.corrupt(blobId, 4)).rejects.toThrow('no byte');
});

async function* bodyOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function gather(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
