/**
 * Reads a Blob in slices of `size` bytes; the last may be smaller. Not by `stream()`: in Safari it fails on
 * large files, and ends without an error. Rejects with the browser's error if the file cannot be read, or
 * with `signal.reason`.
 */
export async function* readSlices(
  blob: Blob,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  signal.throwIfAborted();
  for (let offset = 0; offset < blob.size; offset += size) {
    const bytes = await blob.slice(offset, offset + size).arrayBuffer();
    signal.throwIfAborted();
    assertLength(bytes, Math.min(size, blob.size - offset));
    yield new Uint8Array(bytes);
    signal.throwIfAborted();
  }
}

/**
 * Frees the memory of a slice at once, in browsers since 2024. Without this the slices take up to about
 * 70 MiB before the garbage collector runs.
 */
export function releaseBuffer({ buffer }: { readonly buffer: TransferableBuffer }): void {
  buffer.transfer?.(0);
}

interface TransferableBuffer extends Pick<ArrayBufferLike, 'byteLength'> {
  /** Detaches this buffer and returns one of this size. */
  transfer?(size: number): unknown;
}

/** 1 MiB: few reads, and little memory. */
export const SLICE_SIZE: number = 1024 * 1024;

/** If a file was truncated, browsers return the remaining bytes and no error. */
export function assertLength(bytes: ArrayBuffer, length: number): void {
  if (bytes.byteLength !== length) throw new DOMException('fewer bytes than expected', 'NotReadableError');
}
