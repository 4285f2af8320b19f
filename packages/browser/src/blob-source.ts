import { UploadError } from '@partway/core';
import { rejectOnAbort, sourceUnreadableError } from '@partway/core/internal';
import { type PartBody, type Source, sourceChangedError } from '@partway/core/ports';
import { type BlobChecksums, openBlobChecksums } from './crc64/blob-checksums.ts';
import { readSlices, SLICE_SIZE } from './read-slices.ts';

/** A part that a transport of the browser can send without reading it first. */
export interface BlobPartBody extends PartBody {
  /** The range of the part, without a type: the browser would send the type as an unsigned Content-Type. */
  readonly blob: Blob;
  /**
   * Starts to compute the CRC64; `crc64` then waits for the result. The transport calls this when it starts
   * to send `blob`, so that both run at once. Later calls have no effect. Closing the source stops it.
   * Resolves to `undefined` once all bytes were read, or to the error for which they cannot be read.
   */
  startCrc64(): Promise<UploadError | undefined>;
}

/** A {@link Source} of one Blob. Its parts are slices of it. */
export interface BlobSource extends Source {
  /** The part of `size` bytes from `offset`. Nothing is read before the part is. */
  part(offset: number, size: number): BlobPartBody;
}

/**
 * Makes a {@link Source} of a Blob or File. It reads nothing until a part is read. A worker computes the
 * CRC64s; if no worker is allowed, the page does, in short steps. Reads reject with code `source_changed` if
 * the file was modified after the page received it, and with `source_unreadable` if the browser no longer has
 * access to it.
 */
export function createBlobSource(blob: Blob): BlobSource {
  return createBlobSourceWithChecksums(blob, openBlobChecksums());
}

/**
 * Makes a {@link BlobSource}. Rejects with code `source_unreadable` if the file was deleted: Chrome reports
 * such a file as empty.
 */
export async function openBlobSource(blob: Blob): Promise<BlobSource> {
  try {
    if (blob.size === 0) await blob.arrayBuffer();
  } catch (reason) {
    throw unreadableBlobError(reason);
  }
  return createBlobSource(blob);
}

/** Makes a {@link BlobSource} that computes CRC64s by `checksums`. */
export function createBlobSourceWithChecksums(blob: Blob, checksums: BlobChecksums): BlobSource {
  return {
    identity: identityOf(blob),
    size: blob.size,
    fingerprint: () => Promise.resolve(fingerprintOf(blob)),
    part: (offset, size) => createBlobPart(blob.slice(offset, offset + size), checksums),
    close() {
      checksums.close();
      return Promise.resolve();
    },
  };
}

/**
 * Every read of a Blob returns the same bytes or fails, so one CRC64 is valid for all reads. Firefox differs:
 * a file that is overwritten returns its new bytes. Then the CRC64 of OSS differs and the upload fails.
 */
function createBlobPart(blob: Blob, checksums: BlobChecksums): BlobPartBody {
  let computing: Promise<string> | undefined;

  function compute(): Promise<string> {
    computing ??= checksums.crc64(blob).catch((reason: unknown) => {
      computing = undefined;
      throw unreadableBlobError(reason);
    });
    return computing;
  }

  return {
    size: blob.size,
    blob,
    chunks: (signal) => readChunks(blob, signal),
    startCrc64: () => compute().then(() => undefined, UploadError.from),
    crc64: (signal) => rejectOnAbort(compute, signal),
  };
}

/** A page has no access to the path of a file, only to its name. */
function identityOf(blob: Blob): string {
  return `blob:${blob instanceof File ? blob.name : ''}`;
}

/** A Blob that is not a File has no name and no time: only its size and type are known without reading. */
function fingerprintOf(blob: Blob): string {
  const { name, lastModified } = blob instanceof File ? blob : { name: '', lastModified: 0 };
  return `blob:${JSON.stringify([name, blob.size, lastModified, blob.type])}`;
}

async function* readChunks(blob: Blob, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* readSlices(blob, SLICE_SIZE, signal);
  } catch (reason) {
    signal.throwIfAborted();
    throw unreadableBlobError(reason);
  }
}

/** The error for a failed read of a Blob: browsers report a changed file as a NotReadableError. */
export function unreadableBlobError(reason: unknown): UploadError {
  const name = reason instanceof Error ? reason.name : 'unknown error';
  if (name === 'NotReadableError') return sourceChangedError(`the browser cannot read it: ${name}`, reason);
  return sourceUnreadableError(`the file cannot be read: ${name}`, {
    hint: 'Let the user choose the file again.',
    cause: reason,
  });
}
