import { createPartBody, type PartBody, type Source, sourceChangedError, UploadError } from '@partway/core';

/** A part that a transport of the browser may send without reading it first. */
export interface BlobPartBody extends PartBody {
  /** The range of the part, without a type: a typed Blob would add a Content-Type that nobody signed. */
  readonly blob: Blob;
}

/** A {@link Source} whose parts are slices of one Blob. */
export interface BlobSource extends Source {
  part(offset: number, size: number): BlobPartBody;
}

/**
 * Makes a {@link Source} of a Blob or File. Nothing is read before a part is. A file that was written to
 * since the page was given it rejects with `source_changed`, one that the browser may no longer read with
 * `source_unreadable`.
 */
export function createBlobSource(blob: Blob): BlobSource {
  return {
    identity: identityOf(blob),
    size: blob.size,
    fingerprint: () => Promise.resolve(fingerprintOf(blob)),
    part(offset, size) {
      const part = blob.slice(offset, offset + size);
      return { ...createPartBody({ size, read: (signal) => readSlices(part, signal) }), blob: part };
    },
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

/** Slice by slice: `stream()` fails on large files in Safari and ends as if it had not. */
async function* readSlices(part: Blob, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < part.size; at += SLICE_SIZE) {
    signal.throwIfAborted();
    yield new Uint8Array(
      await part
        .slice(at, at + SLICE_SIZE)
        .arrayBuffer()
        .catch(throwUnreadable),
    );
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
