import { UploadError } from '@partway/core';
import { rejectOnAbort } from '@partway/core/internal';
import { type PartBody, type Source, sourceChangedError } from '@partway/core/ports';
import { type BlobChecksums, openBlobChecksums } from './crc64/blob-checksums.ts';
import { readSlices, SLICE_SIZE } from './read-slices.ts';

/** A part that a transport of the browser may send without reading it first. */
export interface BlobPartBody extends PartBody {
  /** The range of the part, without a type: a typed Blob would add a Content-Type that nobody signed. */
  readonly blob: Blob;
  /**
   * Begins to take the CRC64, for which `crc64` then waits. To be called by whoever begins to send `blob`, so
   * that both are done at once. Goes on until the source is closed; called again it does nothing. Resolves to
   * why the bytes cannot be read, or to `undefined` once they were.
   */
  beginCrc64(): Promise<UploadError | undefined>;
}

/** A {@link Source} whose parts are slices of one Blob. */
export interface BlobSource extends Source {
  part(offset: number, size: number): BlobPartBody;
}

/**
 * Makes a {@link Source} of a Blob or File. Nothing is read before a part is. CRC64s are taken in a worker,
 * or where there can be none in steps that do not hold up the page. A file that was written to since the page
 * was given it rejects with `source_changed`, one that the browser may no longer read with
 * `source_unreadable`.
 */
export function createBlobSource(blob: Blob): BlobSource {
  return blobSourceOver(blob, openBlobChecksums());
}

/**
 * Makes a {@link BlobSource}. Rejects with `source_unreadable` where the file is gone: Chrome says of such a
 * one that it is empty.
 */
export async function openBlobSource(blob: Blob): Promise<BlobSource> {
  try {
    if (blob.size === 0) await blob.arrayBuffer();
  } catch (reason) {
    throw unreadableBlobError(reason);
  }
  return createBlobSource(blob);
}

/** A {@link BlobSource} with a way of its own to take CRC64s. */
export function blobSourceOver(blob: Blob, checksums: BlobChecksums): BlobSource {
  return {
    identity: identityOf(blob),
    size: blob.size,
    fingerprint: () => Promise.resolve(fingerprintOf(blob)),
    part: (offset, size) => blobPart(blob.slice(offset, offset + size), checksums),
    close() {
      checksums.close();
      return Promise.resolve();
    },
  };
}

/**
 * A Blob gives the same bytes to whoever reads it, or none: one CRC64 holds for all who do. But in Firefox
 * a file that is rewritten gives others: OSS then has another CRC64 than this one, and the upload ends.
 */
function blobPart(blob: Blob, checksums: BlobChecksums): BlobPartBody {
  let taking: Promise<string> | undefined;

  function take(): Promise<string> {
    taking ??= checksums.crc64(blob).catch((reason: unknown) => {
      taking = undefined;
      throw unreadableBlobError(reason);
    });
    return taking;
  }

  return {
    size: blob.size,
    blob,
    chunks: (signal) => readChunks(blob, signal),
    beginCrc64: () => take().then(() => undefined, UploadError.from),
    crc64: (signal) => rejectOnAbort(take, signal),
  };
}

/** A page never learns where a file lies: its name is all there is. */
function identityOf(blob: Blob): string {
  return `blob:${blob instanceof File ? blob.name : ''}`;
}

/** A Blob that is no File has neither a name nor a time: only its size and type are known without reading. */
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

/** Says what a failure to read a Blob means: browsers tell a changed file by the name NotReadableError. */
export function unreadableBlobError(reason: unknown): UploadError {
  const name = reason instanceof Error ? reason.name : 'an unknown error';
  if (name === 'NotReadableError')
    return sourceChangedError(`the browser no longer gives its bytes: ${name}`, reason);
  return new UploadError({
    code: 'source_unreadable',
    message: `the file cannot be read: ${name}`,
    disposition: 'permanent',
    hint: 'Ask the user to choose the file again.',
    cause: reason,
  });
}
