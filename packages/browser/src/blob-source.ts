import { type PartBody, type Source, sourceChangedError, UploadError } from '@partway/core';

/** A part that a transport of the browser may send without reading it first. */
export interface BlobPartBody extends PartBody {
  /** The range of the part, without a type: a typed Blob would add a Content-Type that nobody signed. */
  readonly blob: Blob;
}

/**
 * Gives the CRC64 of a Blob, as OSS prints it. Rejects with an `UploadError` (`source_changed`,
 * `source_unreadable`) or with `signal.reason`.
 */
export type BlobChecksum = (blob: Blob, signal: AbortSignal) => Promise<string>;

/** A {@link Source} whose parts are slices of one Blob. */
export interface BlobSource extends Source {
  part(offset: number, size: number): BlobPartBody;
}

/**
 * Makes a {@link Source} of a Blob or File. Nothing is read before a part is. A file that was written to
 * since the page was given it rejects with `source_changed`, one that the browser may no longer read with
 * `source_unreadable`. `checksum` takes the CRC64 of a part. Default: in this thread, by a module that is
 * loaded for the first part.
 */
export function createBlobSource(blob: Blob, checksum: BlobChecksum = checksumLater): BlobSource {
  return {
    identity: identityOf(blob),
    size: blob.size,
    fingerprint: () => Promise.resolve(fingerprintOf(blob)),
    part: (offset, size) => blobPart(blob.slice(offset, offset + size), checksum),
    close: () => Promise.resolve(),
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

/** Whatever reads a Blob gets the same bytes, or none: its CRC64 need be taken only once. */
function blobPart(blob: Blob, checksum: BlobChecksum): BlobPartBody {
  let crc64: string | undefined;
  return {
    blob,
    size: blob.size,
    chunks: (signal) => readSlices(blob, signal),
    async crc64(signal) {
      signal.throwIfAborted();
      crc64 ??= await checksum(blob, signal);
      return crc64;
    },
  };
}

/** What takes a CRC64 is an eighth of the whole page, and none of it is needed before there is a part. */
const checksumLater: BlobChecksum = async (blob, signal) => {
  const { checksumChunks } = await import('./checksum-chunks.ts').catch(throwNotLoaded);
  return checksumChunks(readSlices(blob, signal));
};

function throwNotLoaded(cause: unknown): never {
  throw new UploadError({
    code: 'network',
    message: 'the page could not load the module that takes the CRC64',
    disposition: 'transient',
    cause,
  });
}

/** Slice by slice: `stream()` fails on large files in Safari and ends as if it had not. */
async function* readSlices(part: Blob, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  signal.throwIfAborted();
  for (let at = 0; at < part.size; at += SLICE_SIZE) {
    yield new Uint8Array(
      await part
        .slice(at, at + SLICE_SIZE)
        .arrayBuffer()
        .catch(throwUnreadable),
    );
    signal.throwIfAborted();
  }
}

const SLICE_SIZE = 1024 * 1024;

function throwUnreadable(reason: unknown): never {
  throw unreadableBlobError(reason);
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
