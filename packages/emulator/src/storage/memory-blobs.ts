import { type Blobs, createDigester } from './blobs.ts';

/** Blobs in memory. Nothing leaves the microtasks, so that a virtual clock stays in command. */
export function createMemoryBlobs(): Blobs {
  // Copies, because a chunk's memory is used again. A Buffer's own slice() would share it.
  return createKeptBlobs((chunk) => new Uint8Array(chunk));
}

/** Keeps sizes and checksums and lets the bytes go, for uploads larger than any disk. Reads as zeros. */
export function createDiscardingBlobs(): Blobs {
  return createKeptBlobs(() => new Uint8Array());
}

/** A chunk of what is read: large enough to be quick, small enough not to be felt. */
const CHUNK_SIZE = 1024 * 1024;

function createKeptBlobs(keep: (chunk: Uint8Array) => Uint8Array): Blobs {
  const blobs = new Map<string, Kept>();
  let written = 0;

  function keptAs(blobId: string): Kept {
    const kept = blobs.get(blobId);
    if (kept === undefined) throw new Error(`no blob ${blobId}`);
    return kept;
  }

  return {
    async write(body) {
      const digester = createDigester();
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) {
        digester.update(chunk);
        chunks.push(keep(chunk));
      }
      const blobId = `blob-${++written}`;
      const digest = digester.digest();
      blobs.set(blobId, { bytes: concatenated(chunks), size: digest.size });
      return { blobId, ...digest };
    },
    read: (blobId, start, end) => readKept(keptAs(blobId), start, end),
    corrupt(blobId, offset) {
      const { bytes } = keptAs(blobId);
      if (offset < bytes.length) bytes[offset] = (bytes[offset] ?? 0) ^ 1;
      return Promise.resolve();
    },
    remove(blobId) {
      blobs.delete(blobId);
      return Promise.resolve();
    },
  };
}

/** The bytes may be fewer than the size: the rest reads as zeros. */
interface Kept {
  readonly bytes: Uint8Array;
  readonly size: number;
}

async function* readKept(
  { bytes, size }: Kept,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, void> {
  const last = Math.min(end, size);
  for (let at = start; at < last; at += CHUNK_SIZE) {
    const length = Math.min(CHUNK_SIZE, last - at);
    const chunk = bytes.subarray(at, at + length);
    yield chunk.length === length ? chunk : new Uint8Array(length);
  }
}

function concatenated(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
