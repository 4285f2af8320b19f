import { crc64 } from '../checksum/crc64.ts';
import { createPartBody } from '../parts/part-body.ts';
import type { Source } from '../ports.ts';

/** How a source over bytes is read. */
export interface InMemorySourceOptions {
  /** Bytes per chunk, from 1. Default: 65536. */
  readonly chunkSize?: number | undefined;
}

/** A {@link Source} over bytes in memory. Its fingerprint depends on the bytes: writes change it. */
export function createInMemorySource(
  bytes: Uint8Array,
  { chunkSize = 64 * 1024 }: InMemorySourceOptions = {},
): Source {
  if (!Number.isInteger(chunkSize) || chunkSize < 1) {
    throw new RangeError(`chunkSize must be a whole number from 1, got ${chunkSize}`);
  }

  async function* read(offset: number, end: number): AsyncGenerator<Uint8Array, void, void> {
    for (let at = offset; at < end; at += chunkSize) yield bytes.subarray(at, Math.min(at + chunkSize, end));
  }

  return {
    identity: 'memory',
    size: bytes.length,
    fingerprint: () => Promise.resolve(`memory:${bytes.length}:${crc64(bytes)}`),
    part: (offset, size) => createPartBody({ size, read: () => read(offset, offset + size) }),
    close: () => Promise.resolve(),
  };
}
