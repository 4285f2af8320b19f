import { type Blobs, createDigester } from './blobs.ts';

/**
 * Stores blobs in memory. Every call settles in microtasks, without timers or I/O, so that simulations can
 * run on a virtual clock.
 */
export function createMemoryBlobs(): Blobs {
  // A copy, because a chunk's memory is reused. A Buffer's own slice() would share it.
  return createBlobs((chunk) => new Uint8Array(chunk));
}

/** Stores sizes and checksums but no bytes, for uploads larger than any disk. Blobs read as zeros. */
export function createDiscardingBlobs(): Blobs {
  return createBlobs(() => new Uint8Array());
}

/** The size of the chunks that are read. */
const CHUNK_SIZE = 1024 * 1024;

function createBlobs(retain: (chunk: Uint8Array) => Uint8Array): Blobs {
  const blobs = new Map<string, BlobBytes>();
  let writtenCount = 0;

  function requireBlob(blobId: string): BlobBytes {
    const blob = blobs.get(blobId);
    if (blob === undefined) throw new Error(`there is no blob ${blobId}`);
    return blob;
  }

  return {
    async write(body) {
      const digester = createDigester();
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) {
        digester.update(chunk);
        chunks.push(retain(chunk));
      }
      const blobId = `blob-${++writtenCount}`;
      const digest = digester.digest();
      blobs.set(blobId, { bytes: concatenate(chunks), size: digest.size });
      return { blobId, ...digest };
    },
    read: (blobId, start, end) => readBytes(requireBlob(blobId), start, end),
    corrupt(blobId, offset) {
      const { bytes } = requireBlob(blobId);
      if (offset < bytes.length) bytes[offset] = (bytes[offset] ?? 0) ^ 1;
      return Promise.resolve();
    },
    remove(blobId) {
      blobs.delete(blobId);
      return Promise.resolve();
    },
  };
}

/** There may be fewer bytes than `size`: the rest reads as zeros. */
interface BlobBytes {
  readonly bytes: Uint8Array;
  readonly size: number;
}

async function* readBytes(
  { bytes, size }: BlobBytes,
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

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
