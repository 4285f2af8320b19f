import { createHash } from 'node:crypto';
import { createCrc64 } from './crc64.ts';

/** Bytes at rest, by name. What an object or a part is made of. */
export interface Blobs {
  /** Reads the body to its end and keeps it. Nothing is kept when the body fails. */
  write(body: AsyncIterable<Uint8Array>): Promise<StoredBlob>;
  /** The bytes from `start` up to, not including, `end`. */
  read(blobId: string, start: number, end: number): AsyncIterable<Uint8Array>;
  /** Flips one bit of the byte at `offset`. */
  corrupt(blobId: string, offset: number): Promise<void>;
  remove(blobId: string): Promise<void>;
}

export interface StoredBlob extends Digest {
  readonly blobId: string;
}

export interface Digest {
  readonly size: number;
  /** Upper-case hex. */
  readonly md5: string;
  /** Unsigned decimal. */
  readonly crc64: string;
}

/** Takes the checksums of a body while it passes. */
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
