import { read } from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { FileToSend } from './client.ts';
import { BUCKET } from './client.ts';

/** One part of a loop without proof and retries. */
export interface BarePart {
  readonly fd: number;
  readonly offset: number;
  readonly size: number;
  /** Path and query of the URL. */
  readonly path: string;
  /** Valid until the sender of the part returns. */
  readonly buffers: Buffers;
}

export type Buffers = readonly [Uint8Array, Uint8Array];

/** Sends all parts of a file, a fixed number of them at once. */
export async function sendEachPart(
  file: FileToSend,
  sendPart: (part: BarePart) => Promise<void>,
): Promise<void> {
  const { path, size, key, partSize, concurrency } = file;
  const handle = await open(path);
  let offset = 0;
  const sendNext = async (): Promise<void> => {
    const buffers = [createBuffer(), createBuffer()] as const;
    while (offset < size) {
      const start = offset;
      offset += partSize;
      const partNumber = start / partSize + 1;
      await sendPart({
        fd: handle.fd,
        offset: start,
        size: Math.min(partSize, size - start),
        path: `/${BUCKET}/${key}?partNumber=${partNumber}&uploadId=bare`,
        buffers,
      });
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency === 'auto' ? 16 : concurrency }, sendNext));
  } finally {
    await handle.close();
  }
}

const CHUNK_SIZE = 1024 * 1024;

/**
 * Starts 64 bytes into a page. Large allocations start 16 bytes into a page, where some CPUs copy at half
 * speed.
 */
function createBuffer(): Uint8Array {
  return Buffer.allocUnsafeSlow(CHUNK_SIZE + 48).subarray(48);
}

/** The part in chunks of 1 MiB. Each chunk is read while the previous one is sent. */
export async function* readChunks({ fd, offset, size, buffers }: BarePart): AsyncGenerator<Uint8Array> {
  const end = offset + size;
  let [current, next] = buffers;
  let reading = readInto(fd, current, offset, end);
  for (let at = offset; at < end; ) {
    const length = await reading;
    const chunk = current.subarray(0, length);
    at += length;
    [current, next] = [next, current];
    if (at < end) reading = readInto(fd, current, at, end);
    yield chunk;
  }
}

const readAt = promisify(read);

async function readInto(fd: number, buffer: Uint8Array, position: number, end: number): Promise<number> {
  const length = Math.min(buffer.length, end - position);
  const { bytesRead } = await readAt(fd, buffer, 0, length, position);
  if (bytesRead !== length) throw new Error(`read ${bytesRead} of ${length} bytes of the file`);
  return length;
}

export function assertOk(status: number): void {
  if (status !== 200) throw new Error(`the sink responded ${status}`);
}
