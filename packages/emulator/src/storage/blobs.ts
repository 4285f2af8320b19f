import { createHash } from 'node:crypto';
import { createCrc64 } from './crc64.ts';

/** Stores the bytes of objects and parts. Each blob has an ID and never changes, except by `corrupt`. */
export interface Blobs {
  /** Reads the body to its end and stores it. If the body fails, nothing is stored. */
  write(body: AsyncIterable<Uint8Array>): Promise<StoredBlob>;
  /** The bytes from `start` up to, not including, `end`, in chunks. */
  read(blobId: string, start: number, end: number): AsyncIterable<Uint8Array>;
  /** Flips one bit of the byte at `offset`, counted from 0. */
  corrupt(blobId: string, offset: number): Promise<void>;
  /** Deletes the blob. */
  remove(blobId: string): Promise<void>;
}

/** A blob that was written: its ID, size and checksums. */
export interface StoredBlob extends Digest {
  /** Unique among the blobs of one store. */
  readonly blobId: string;
}

/** The size and checksums of a sequence of bytes. */
export interface Digest {
  /** In bytes. */
  readonly size: number;
  /** Upper-case hex, 32 digits. */
  readonly md5: string;
  /** CRC-64/XZ, unsigned decimal. */
  readonly crc64: string;
}

/** Computes the checksums of a stream of bytes. */
export interface Digester {
  update(chunk: Uint8Array): void;
  digest(): Digest;
}

export function createDigester(): Digester {
  const md5 = createHash('md5');
  const crc = createCrc64();
  let size = 0;
  return {
    update(chunk) {
      size += chunk.length;
      md5.update(chunk);
      crc.update(chunk);
    },
    digest: () => ({ size, md5: md5.digest('hex').toUpperCase(), crc64: crc.digest() }),
  };
}
