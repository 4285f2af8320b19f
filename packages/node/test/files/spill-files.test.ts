import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type FileHandle, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { PartBuffer } from '@partway/core/ports';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createSpillFiles } from '../../src/files/spill-files.ts';

const MEBIBYTE = 1024 * 1024;
const bytes = randomBytes(3 * MEBIBYTE + 1);
let folder: string;
let handles: FileHandle;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-spill-'));
  const probe = await open(fileURLToPath(import.meta.url));
  handles = Object.getPrototypeOf(probe);
  await probe.close();
});
afterEach(async () => {
  vi.restoreAllMocks();
  expect(await readdir(folder)).toEqual([]);
});
afterAll(() => rm(folder, { recursive: true }));

async function bufferOf(content: Uint8Array, pieceSize = content.length): Promise<PartBuffer> {
  const buffer = await createSpillFiles(folder).open(content.length);
  for (let at = 0; at < content.length; at += pieceSize)
    await buffer.append(content.subarray(at, at + pieceSize));
  return buffer;
}

async function contentOf(buffer: PartBuffer): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const chunk of buffer.chunks()) copies.push(Buffer.from(chunk));
  return Buffer.concat(copies);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

test('returns the appended bytes for any piece size, each time the part is read', async () => {
  const size = fc.oneof(
    fc.integer({ min: 0, max: bytes.length }),
    fc.constantFrom(0, 1, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 2 * MEBIBYTE, bytes.length),
  );
  const pieceSize = fc.oneof(fc.integer({ min: 10_000, max: bytes.length }), fc.constant(MEBIBYTE));
  await fc.assert(
    fc.asyncProperty(size, pieceSize, async (length, piece) => {
      const content = bytes.subarray(0, length);
      const buffer = await bufferOf(content, piece);
      expect(buffer.size).toBe(length);
      for (let pass = 0; pass < 2; pass++) expect(isSame(await contentOf(buffer), content)).toBe(true);
      await buffer.release();
    }),
    { numRuns: 30 },
  );
});

test('concurrent appends keep their order, and reading waits for them', async () => {
  const buffer = await createSpillFiles(folder).open(bytes.length);
  const appended = Array.from({ length: 40 }, (_, n) => bytes.subarray(n * 80_000, (n + 1) * 80_000)).map(
    (piece) => buffer.append(piece),
  );
  expect(isSame(await contentOf(buffer), bytes)).toBe(true);
  await Promise.all(appended);
  await buffer.release();
});

test('bytes can be appended after the part was read', async () => {
  const buffer = await bufferOf(bytes.subarray(0, 1000));
  expect((await contentOf(buffer)).length).toBe(1000);
  await buffer.append(bytes.subarray(1000));
  expect(isSame(await contentOf(buffer), bytes)).toBe(true);
  await buffer.release();
});

test('append copies the piece: the caller can overwrite it', async () => {
  const buffer = await createSpillFiles(folder).open(bytes.length);
  const piece = Buffer.alloc(100_000);
  for (let at = 0; at < bytes.length; at += piece.length) {
    const copied = bytes.copy(piece, 0, at, at + piece.length);
    await buffer.append(piece.subarray(0, copied));
    piece.fill(0);
  }
  expect(isSame(await contentOf(buffer), bytes)).toBe(true);
  await buffer.release();
});

test('concurrent readers of a part each reuse one buffer', async () => {
  const content = randomBytes(8 * MEBIBYTE);
  const buffer = await bufferOf(content);
  const read = await Promise.all([1, 2, 3].map(() => contentOf(buffer)));
  expect(read.every((copy) => isSame(copy, content))).toBe(true);
  const memory = new Set<ArrayBufferLike>();
  for await (const chunk of buffer.chunks()) memory.add(chunk.buffer);
  expect(memory.size).toBe(1);
  await buffer.release();
});

test('an open file is unlinked, and no file is left after release', async () => {
  const buffer = await bufferOf(bytes);
  expect(await readdir(folder)).toEqual([]);
  await Promise.all([buffer.release(), buffer.release()]);
  await buffer.release();
});

test('a process killed with SIGKILL leaves no file', async () => {
  const script = fileURLToPath(new URL('./spilling-process.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [line] = await once(createInterface(child.stdout), 'line');
  expect(line).toBe('stored');
  child.kill('SIGKILL');
  await exited;
  expect(await readdir(folder)).toEqual([]);
});

describe('on a platform that cannot unlink an open file', () => {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform') ?? {};
  beforeAll(() => void Object.defineProperty(process, 'platform', { ...platform, value: 'win32' }));
  afterAll(() => void Object.defineProperty(process, 'platform', platform));

  test('the file has a random name, only its owner can read it, and release removes it', async () => {
    const spill = createSpillFiles(folder);
    const buffers = [await spill.open(1), await spill.open(1)];
    const names = await readdir(folder);
    expect(new Set(names).size).toBe(2);
    for (const name of names) {
      expect(name).toMatch(/^partway-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    }
    await Promise.all(buffers.map((buffer) => buffer.release()));
  });
});

test('release waits for a read in progress and stops further reads', async () => {
  const buffer = await bufferOf(bytes);
  const pass = buffer.chunks()[Symbol.asyncIterator]();
  await pass.next();
  await buffer.release();
  const rest = (async () => {
    while (!(await pass.next()).done);
  })();
  await expect(rest).rejects.toThrow('the file is closed');
  await expect(contentOf(buffer)).rejects.toThrow('the file is closed');
});

test('a reader that stops early releases its buffers', async () => {
  const spill = createSpillFiles(folder);
  const buffer = await spill.open(bytes.length);
  await buffer.append(bytes);
  const memory = new Set<ArrayBufferLike>();
  for (let round = 0; round < 5; round++) {
    for await (const chunk of buffer.chunks()) {
      memory.add(chunk.buffer);
      break;
    }
  }
  expect(memory.size).toBeLessThanOrEqual(2);
  await buffer.release();
});

type Write = (from: Uint8Array, at: number, length: number, position: number) => Promise<unknown>;

test('a partial write is continued until all bytes are written', async () => {
  const write: Write = handles.write;
  async function writeThird(this: FileHandle, ...[from, at, length, position]: Parameters<Write>) {
    return await write.call(this, from, at, Math.ceil(length / 3), position);
  }
  vi.spyOn(handles, 'write').mockImplementation(writeThird as FileHandle['write']);
  const buffer = await bufferOf(bytes);
  expect(isSame(await contentOf(buffer), bytes)).toBe(true);
  await buffer.release();
});

const failure = {
  code: 'source_unreadable',
  disposition: 'permanent',
  message: expect.stringContaining('temporary file'),
};

test('a full disk rejects with the directory in the hint, and release still resolves', async () => {
  vi.spyOn(handles, 'write').mockRejectedValue(Object.assign(new Error('full'), { code: 'ENOSPC' }));
  const buffer = await createSpillFiles(folder).open(bytes.length);
  const expected = {
    ...failure,
    hint: expect.stringContaining(`Free space in ${folder}`),
    cause: { code: 'ENOSPC' },
  };
  await expect(buffer.append(bytes)).rejects.toMatchObject(expected);
  vi.restoreAllMocks();
  // A later piece must not take the place of the lost one.
  await expect(buffer.append(bytes)).rejects.toMatchObject(expected);
  await expect(contentOf(buffer)).rejects.toMatchObject(expected);
  await buffer.release();
});

test('a missing directory rejects when a part is opened', async () => {
  const opening = createSpillFiles(join(folder, 'absent')).open(1);
  await expect(opening).rejects.toMatchObject({ ...failure, cause: { code: 'ENOENT' } });
});

test('an empty directory throws a TypeError', () => {
  expect(() => createSpillFiles('')).toThrow(TypeError);
});
